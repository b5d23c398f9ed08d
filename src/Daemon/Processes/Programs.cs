namespace PocketCoder.Daemon.Processes;

/// <summary>Where the programs are that we run by name. A bare name is looked for in the current directory first, which may be anybody's clone.</summary>
internal static class Programs
{
    private const UnixFileMode Executable = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
    private static readonly string[] Endings = OperatingSystem.IsWindows() ? [".exe", ".cmd"] : [""];

    /// <summary>The absolute path from the rooted entries of PATH; null when it is in none.</summary>
    public static string? Find(string name) => Find(name, OnPath);

    /// <summary>
    /// The same for what people install for themselves: a daemon that a service manager starts has a short PATH, so the usual places are looked at too, and
    /// <paramref name="own"/>, where this one program puts itself.
    /// </summary>
    public static string? FindInstalled(string name, params string[] own)
    {
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        return Find(name, [.. OnPath, Path.Combine(home, ".local", "bin"), .. own, Path.Combine(home, ".npm-global", "bin"), "/opt/homebrew/bin", "/usr/local/bin"]);
    }

    private static IEnumerable<string> OnPath => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Where(Path.IsPathFullyQualified);

    private static string? Find(string name, IEnumerable<string> directories) => directories
        .SelectMany(directory => Endings.Select(ending => Path.Combine(directory, name + ending)))
        .FirstOrDefault(path => File.Exists(path) && (OperatingSystem.IsWindows() || (File.GetUnixFileMode(path) & Executable) != 0));
}
