using System.CommandLine;
using PocketCoder.Cli.Commands;
using PocketCoder.Daemon;
using PocketCoder.Daemon.Relay;

namespace PocketCoder.Cli.Autostart;

/// <summary>Has the operating system start the daemon with the user's session, and no longer. Each may be done twice.</summary>
internal static class AutostartCommands
{
    public static Command Enable(CliContext cli)
    {
        ManualCommand command = new(
            "enable-autostart", "Have the daemon start when you log in, with GATEWAY_URL, POCKETCODER_HOME, LOG_LEVEL and PATH as they are now.", "pocketcoder enable-autostart", ExitCode.Failed);
        command.SetAction((_, cancellationToken) => Serving.RunAsync(cli, stop => EnableAsync(cli, stop), cancellationToken));
        return command;
    }

    public static Command Disable(CliContext cli)
    {
        ManualCommand command = new("disable-autostart", "Undo enable-autostart. A daemon that runs goes on until it is stopped.", "pocketcoder disable-autostart", ExitCode.Failed);
        command.SetAction((_, cancellationToken) => Serving.RunAsync(cli, stop => DisableAsync(cli, stop), cancellationToken));
        return command;
    }

    private static async Task<int> EnableAsync(CliContext cli, CancellationToken cancellationToken)
    {
        Gateway.Resolve(cli.Paths);
        var manager = ServiceManager.OfThisSystem(AutostartSpec.OfThisProcess(cli.Paths));
        manager.Write();
        var running = InstanceLock.RunningPid(cli.Paths) is not null;
        var commands = running && manager.Enable.Length > 1 ? manager.Enable[..^1] : manager.Enable;
        for (var i = 0; i < commands.Length; i++)
        {
            if (await ServiceManager.RunAsync(commands[i], cancellationToken) is { } refusal)
            {
                return await cli.FailAsync($"""
                    {manager.File} is written, but no service manager takes it: {refusal}
                    In a session that has one: {string.Join(" && ", commands[i..].Select(command => string.Join(' ', command)))}
                    """);
            }
        }

        await cli.Out.WriteLineAsync($"Autostart is on: {manager.File}\n{manager.Hint}");
        if (running)
        {
            await cli.Out.WriteLineAsync("The daemon that runs now goes on; the next one is the service's.");
        }
        else if (!RelayLogin.IsLoggedIn(cli.Paths))
        {
            await cli.Out.WriteLineAsync("This machine is logged in at no relay yet: pocketcoder login LINK");
        }

        return ExitCode.Done;
    }

    private static async Task<int> DisableAsync(CliContext cli, CancellationToken cancellationToken)
    {
        var manager = ServiceManager.OfThisSystem(AutostartSpec.OfThisProcess(cli.Paths));
        if (!File.Exists(manager.File))
        {
            await cli.Out.WriteLineAsync("Autostart is off.");
            return ExitCode.Done;
        }

        string? refusal = null;
        foreach (var command in manager.Disable)
        {
            refusal = await ServiceManager.RunAsync(command, cancellationToken);
        }

        File.Delete(manager.File);
        await cli.Out.WriteLineAsync(refusal is null ? "Autostart is off." : $"Autostart is off: {manager.File} is deleted. ({refusal})");
        return ExitCode.Done;
    }
}
