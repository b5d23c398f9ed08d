using System.CommandLine;
using PocketCoder.Daemon;

namespace PocketCoder.Cli.Commands;

internal static class LogsCommand
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(200);

    public static Command Create(CliContext cli)
    {
        Option<int> tail = new("--tail") { Description = "How many lines of the end to show.", HelpName = "N", DefaultValueFactory = _ => 50 };
        Option<bool> follow = new("-f", "--follow") { Description = "Go on with what is written from now on." };
        Command command = new("logs", "Show the daemon's log.") { tail, follow };
        command.SetAction((parsed, cancellationToken) => Serving.RunAsync(
            cli, stop => RunAsync(cli, Math.Max(0, parsed.GetValue(tail)), parsed.GetValue(follow), stop), cancellationToken));
        return command;
    }

    /// <summary>The last lines of the newest log file.</summary>
    internal static IReadOnlyList<string> Tail(DaemonPaths paths, int lines)
    {
        if (Logs.Newest(paths) is not { } file)
        {
            return [];
        }

        Queue<string> last = new();
        using StreamReader reader = new(OpenShared(file.FullName));
        while (reader.ReadLine() is { } line)
        {
            last.Enqueue(line);
            if (last.Count > lines)
            {
                last.Dequeue();
            }
        }

        return [.. last];
    }

    private static async Task<int> RunAsync(CliContext cli, int lines, bool follow, CancellationToken stop)
    {
        if (Logs.Newest(cli.Paths) is not { } file)
        {
            return await cli.FailAsync("There is no log yet. The daemon writes one: pocketcoder start");
        }

        var position = file.Length;
        foreach (var line in Tail(cli.Paths, lines))
        {
            await cli.Out.WriteLineAsync(line);
        }

        while (follow && !stop.IsCancellationRequested)
        {
            await Task.Delay(PollInterval, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (Logs.Newest(cli.Paths) is not { } newest)
            {
                continue;
            }

            // The log has rolled over to another file.
            position = newest.FullName == file.FullName && newest.Length >= position ? position : 0;
            file = newest;
            position = await CopyFromAsync(cli.Out, file.FullName, position);
        }

        return ExitCode.Done;
    }

    private static async Task<long> CopyFromAsync(TextWriter output, string path, long position)
    {
        await using var stream = OpenShared(path);
        stream.Position = position;
        using StreamReader reader = new(stream);
        await output.WriteAsync(await reader.ReadToEndAsync());
        await output.FlushAsync();
        return stream.Position;
    }

    private static FileStream OpenShared(string path) => new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
}
