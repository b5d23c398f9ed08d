namespace PocketCoder.Daemon;

/// <summary>Where everything of this daemon lies: one directory per user and OS, or <c>POCKETCODER_HOME</c>.</summary>
public sealed record DaemonPaths(string Root)
{
    public string Database => Path.Combine(Root, "daemon.db");

    /// <summary>How far the event log in the database had come.</summary>
    public string EventLogNote => Path.Combine(Root, "daemon.db.log");

    public string Auth => Path.Combine(Root, "auth.json");

    public string MachineLabel => Path.Combine(Root, "machine-label.txt");

    public string Pid => Path.Combine(Root, "daemon.pid");

    public string Lock => Path.Combine(Root, "daemon.lock");

    public string ControlPlane => Path.Combine(Root, "control-plane.json");

    public string Logs => Path.Combine(Root, "logs");

    public string Log => Path.Combine(Logs, "daemon.log");

    public string Relay => Path.Combine(Root, "relay");

    /// <summary>Contents of files for the moment in which they change places.</summary>
    public string Holding => Path.Combine(Root, "holding");

    public static DaemonPaths FromEnvironment() => new(
        Environment.GetEnvironmentVariable("POCKETCODER_HOME") is { Length: > 0 } home
            ? Path.GetFullPath(home)
            : Path.Combine(ConfigHome(), "pocketcoder"));

    /// <exception cref="ConfigDirectoryException">The directory cannot be used.</exception>
    public void Create() => ConfigDirectory.Create(this);

    private static string ConfigHome()
    {
        if (OperatingSystem.IsWindows())
        {
            return Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData);
        }

        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        return OperatingSystem.IsMacOS() ? Path.Combine(home, "Library", "Application Support") : Path.Combine(home, ".config");
    }
}
