using System.Globalization;
using PocketCoder.Daemon;

namespace PocketCoder.Cli;

/// <summary>The log as it lies on disk: daemon.log, then daemon_001.log and so on; the oldest go away.</summary>
internal static class LogFiles
{
    /// <summary>A place in the log: behind this many bytes of this file.</summary>
    internal readonly record struct Position(int File, long Offset);

    /// <summary>The last lines, and where they end. A line that is being written is left for later.</summary>
    public static (IReadOnlyList<string> Lines, Position End) Tail(DaemonPaths paths, int count)
    {
        LinkedList<string> last = new();
        Position? end = null;
        foreach (var (number, path) in InOrder(paths).Reverse())
        {
            if (Read(path, 0) is not var (lines, offset))
            {
                continue;
            }

            end ??= new Position(number, offset);
            for (var i = lines.Count - 1; i >= 0 && last.Count < count; i--)
            {
                last.AddFirst(lines[i]);
            }

            if (last.Count >= count)
            {
                break;
            }
        }

        return ([.. last], end ?? default);
    }

    /// <summary>What was written behind this place, through every file that came meanwhile, and where it ends.</summary>
    public static (IReadOnlyList<string> Lines, Position End) After(DaemonPaths paths, Position position)
    {
        List<string> lines = [];
        foreach (var (number, path) in InOrder(paths).Where(file => file.Number >= position.File))
        {
            if (Read(path, number == position.File ? position.Offset : 0) is var (more, offset))
            {
                lines.AddRange(more);
                position = new Position(number, offset);
            }
        }

        return (lines, position);
    }

    public static bool Exist(DaemonPaths paths) => InOrder(paths).Any();

    private static IEnumerable<(int Number, string Path)> InOrder(DaemonPaths paths) => !Directory.Exists(paths.Logs)
        ? []
        : Directory.EnumerateFiles(paths.Logs, "daemon*.log")
            .Select(path => (Number: NumberOf(Path.GetFileNameWithoutExtension(path)), Path: path))
            .Where(file => file.Number >= 0)
            .OrderBy(file => file.Number);

    private static int NumberOf(string name) =>
        name == "daemon" ? 0 : name.Split('_') is ["daemon", var digits] && int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1;

    // Whole lines only: the last one may be half written, in the middle of a character even.
    private static (IReadOnlyList<string> Lines, long End)? Read(string path, long from)
    {
        try
        {
            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var bytes = new byte[Math.Max(0, stream.Length - from)];
            stream.Position = from;
            var length = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            var whole = bytes.AsSpan(0, length).LastIndexOf((byte)'\n') + 1;
            return whole == 0 ? ([], from) : (System.Text.Encoding.UTF8.GetString(bytes, 0, whole - 1).Split('\n'), from + whole);
        }
        catch (FileNotFoundException)
        {
            // The oldest is deleted when a new one is begun.
            return null;
        }
    }
}
