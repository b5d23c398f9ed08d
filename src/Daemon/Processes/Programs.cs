using System.Collections.Concurrent;

namespace PocketCoder.Daemon.Processes;

/// <summary>
/// Where a program is. Never asked of Process.Start, which looks for a bare name in the current directory before PATH: that may be a project, and
/// a file called git in it would be run by looking at the project.
/// </summary>
internal static class Programs
{
    private static readonly ConcurrentDictionary<string, string> Found = new(StringComparer.Ordinal);

    /// <summary>The absolute path of a program on PATH; null when there is none. Entries of PATH that are not absolute do not count.</summary>
    public static string? Find(string name)
    {
        if (Found.TryGetValue(name, out var known) && File.Exists(known))
        {
            return known;
        }

        string[] names = OperatingSystem.IsWindows() ? [name + ".exe", name + ".cmd"] : [name];
        var path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Where(Path.IsPathFullyQualified)
            .SelectMany(directory => names.Select(file => Path.Combine(directory, file)))
            .FirstOrDefault(IsProgram);
        if (path is not null)
        {
            Found[name] = path;
        }

        return path;
    }

    private static bool IsProgram(string path) =>
        File.Exists(path)
        && (OperatingSystem.IsWindows() || (File.GetUnixFileMode(path) & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) != 0);
}
