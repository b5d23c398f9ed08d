namespace PocketCoder.Daemon.Processes;

/// <summary>Where the programs are that we run by name. A bare name is looked for in the current directory first, which may be anybody's clone.</summary>
internal static class Programs
{
    private const UnixFileMode Executable = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
    private static readonly string[] Endings = OperatingSystem.IsWindows() ? [".exe", ".cmd"] : [""];

    /// <summary>The absolute path from the rooted entries of PATH; null when it is in none.</summary>
    public static string? Find(string name) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator)
        .Where(Path.IsPathFullyQualified)
        .SelectMany(directory => Endings.Select(ending => Path.Combine(directory, name + ending)))
        .FirstOrDefault(path => File.Exists(path) && (OperatingSystem.IsWindows() || (File.GetUnixFileMode(path) & Executable) != 0));
}
