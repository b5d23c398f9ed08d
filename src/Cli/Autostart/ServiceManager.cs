using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using PocketCoder.Daemon.Processes;

namespace PocketCoder.Cli.Autostart;

/// <summary>
/// One operating system's way to start a program with the user's session: a file, the commands that make it count, and those that undo it.
/// </summary>
/// <param name="File">Where the description lies.</param>
/// <param name="Content">The description.</param>
/// <param name="Enable">Commands, in order; the last one also starts the program now and is left out when it runs already.</param>
/// <param name="Disable">Commands, in order, before the file is deleted.</param>
/// <param name="Hint">What a person may want to know.</param>
internal sealed record ServiceManager(string File, string Content, string[][] Enable, string[][] Disable, string Hint)
{
    public static ServiceManager OfThisSystem(AutostartSpec spec)
    {
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        return OperatingSystem.IsWindows() ? Windows(spec) : OperatingSystem.IsMacOS() ? MacOS(spec, home) : Linux(spec, home);
    }

    /// <summary>What a command said; null when it worked.</summary>
    public static async Task<string?> RunAsync(string[] command, CancellationToken cancellationToken)
    {
        var missing = $"{command[0]} is not there.";
        if (Programs.Find(command[0]) is not { } program)
        {
            return missing;
        }

        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            var error = (await process.StandardError.ReadToEndAsync(cancellationToken)).Trim();
            await output;
            await process.WaitForExitAsync(cancellationToken);
            return process.ExitCode == 0 ? null : $"{command[0]} says: {(error.Length > 0 ? error.Split('\n')[0] : $"exit code {process.ExitCode}")}";
        }
        catch (Win32Exception)
        {
            return missing;
        }
    }

    public void Write()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(File)!);

        // Replaced as a whole: a service manager may read it at this moment. Windows' wants UTF-16.
        var temporary = File + ".new";
        System.IO.File.WriteAllText(temporary, Content, OperatingSystem.IsWindows() ? Encoding.Unicode : new UTF8Encoding(false));
        System.IO.File.Move(temporary, File, overwrite: true);
    }

    private static ServiceManager Linux(AutostartSpec spec, string home)
    {
        var config = Environment.GetEnvironmentVariable("XDG_CONFIG_HOME") is ['/', ..] chosen ? chosen : Path.Combine(home, ".config");
        return new ServiceManager(
            Path.Combine(config, "systemd", "user", SystemdUnit.Name),
            SystemdUnit.Render(spec),
            [["systemctl", "--user", "daemon-reload"], ["systemctl", "--user", "enable", SystemdUnit.Name], ["systemctl", "--user", "start", SystemdUnit.Name]],
            [["systemctl", "--user", "disable", SystemdUnit.Name]],
            "It starts when you log in. To have it run from boot on, without a login: loginctl enable-linger");
    }

    private static ServiceManager MacOS(AutostartSpec spec, string home)
    {
        var file = Path.Combine(home, "Library", "LaunchAgents", LaunchAgent.Label + ".plist");
        return new ServiceManager(
            file, LaunchAgent.Render(spec), [["launchctl", "load", "-w", file]],
            [], // what is not in the directory is not loaded at the next login; unloading now would end the daemon
            "It starts when you log in.");
    }

    private static ServiceManager Windows(AutostartSpec spec)
    {
        var file = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), "pocketcoder", "autostart.xml");
        return new ServiceManager(
            file, ScheduledTask.Render(spec, $"{Environment.UserDomainName}\\{Environment.UserName}"),
            [["schtasks", "/Create", "/TN", ScheduledTask.Name, "/XML", file, "/F"], ["schtasks", "/Run", "/TN", ScheduledTask.Name]],
            [["schtasks", "/Delete", "/TN", ScheduledTask.Name, "/F"]],
            "It starts when you log in.");
    }
}
