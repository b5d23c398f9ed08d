namespace PocketCoder.Daemon.Processes;

/// <summary>What a program says on stderr: read to the end, so that it never waits for a reader; the last lines are kept.</summary>
internal static class LastWords
{
    private const int Lines = 5, LineLength = 500;

    public static async Task<string> ReadAsync(Stream stderr)
    {
        Queue<string> last = new();
        using StreamReader error = new(stderr);
        while (await error.ReadLineAsync() is { } line)
        {
            last.Enqueue(line.Length > LineLength ? line[..LineLength] : line);
            if (last.Count > Lines)
            {
                last.Dequeue();
            }
        }

        return string.Join('\n', last);
    }
}
