namespace PocketCoder.Cli.Autostart;

/// <summary>The user unit, as systemd.service(5) and systemd.syntax(7) want it written.</summary>
internal static class SystemdUnit
{
    public const string Name = "pocketcoder.service";

    public static string Render(AutostartSpec spec) => $"""
        [Unit]
        Description=PocketCoder daemon

        [Service]
        Type=exec
        ExecStart={Command(spec.Executable)} {string.Join(' ', AutostartSpec.Arguments)}
        {string.Concat(spec.Environment.Select(variable => $"Environment={Quoted($"{variable.Key}={variable.Value}")}\n"))}Restart=on-failure
        RestartSec=5
        KillMode=control-group
        TimeoutStopSec=30

        [Install]
        WantedBy=default.target

        """;

    // systemd refuses a program's name with a quote or backslash in it, but not an argument; and only in arguments a dollar begins a variable.
    private static string Command(string executable) => executable.AsSpan().ContainsAny("\"'\\")
        ? $"/bin/sh -c {Quoted("exec \"$$0\" \"$$@\"")} {Quoted(executable.Replace("$", "$$", StringComparison.Ordinal))}"
        : Quoted(executable);

    private static string Quoted(string text) =>
        $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("%", "%%", StringComparison.Ordinal)}\"";
}
