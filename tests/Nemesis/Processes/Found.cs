using System.Globalization;
using System.Text;

namespace PocketCoder.Nemesis.Processes;

/// <summary>The live processes that have a text in their environment: neither forks nor sessions of their own hide them.</summary>
internal static class Found
{
    public static IReadOnlyList<(int Pid, string Command)> With(string mark)
    {
        List<(int, string)> found = [];
        foreach (var directory in Directory.GetDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), CultureInfo.InvariantCulture, out var pid)
                && pid != Environment.ProcessId
                && Read(directory, "environ").Contains(mark, StringComparison.Ordinal)
                && Read(directory, "cmdline") is { Length: > 0 } command)
            {
                found.Add((pid, command));
            }
        }

        return found;
    }

    // A process may end while it is looked at; others are none of ours.
    private static string Read(string directory, string file)
    {
        try
        {
            return File.ReadAllText(Path.Combine(directory, file), Encoding.Latin1);
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
