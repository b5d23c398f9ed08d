using PocketCoder.Daemon.Processes;

namespace PocketCoder.Daemon.Features.Commands;

/// <summary>How a command is run: with the user's own shell, not a login shell, and without what is PocketCoder's alone.</summary>
internal static class UserShell
{
    /// <summary>The most that Linux takes as one argument, without the NUL that ends it; a command is one.</summary>
    public const int MaxCommandBytes = 131_071;

    private static readonly string[] Known = ["sh", "bash", "zsh", "dash", "ksh", "fish"];
    private static readonly StopPolicy Policy = new("TERM", TimeSpan.FromSeconds(5));

    public static ChildStart Start(string command, string directory) =>
        (OperatingSystem.IsWindows()
            ? new ChildStart(Path.Combine(Environment.SystemDirectory, "cmd.exe"), [], directory, Policy) { WindowsArguments = $"/d /s /c \"{command}\"" }
            : new ChildStart(ShellOf(Environment.GetEnvironmentVariable("SHELL")), ["-c", command], directory, Policy)) with
        {
            NoInput = true,
            Talkative = true,
            Environment = OwnVariables().ToDictionary(name => name, _ => (string?)null),
        };

    /// <summary>The user's shell when it is one whose <c>-c</c> is known.</summary>
    internal static string ShellOf(string? chosen) =>
        chosen is not null && Path.IsPathRooted(chosen) && Known.Contains(Path.GetFileName(chosen)) && File.Exists(chosen) ? chosen : "/bin/sh";

    // Settings of this daemon, and the sockets and tokens by which the service manager knows it.
    private static IEnumerable<string> OwnVariables() => Environment.GetEnvironmentVariables().Keys.Cast<string>().Where(name =>
        name.StartsWith("POCKETCODER_", StringComparison.OrdinalIgnoreCase)
        || name is "NOTIFY_SOCKET" or "WATCHDOG_USEC" or "WATCHDOG_PID" or "LISTEN_FDS" or "LISTEN_PID" or "LISTEN_FDNAMES");
}
