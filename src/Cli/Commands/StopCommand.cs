using System.CommandLine;
using System.Diagnostics;
using PocketCoder.Daemon;

namespace PocketCoder.Cli.Commands;

internal static class StopCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public static Command Create(CliContext cli)
    {
        ManualCommand command = new("stop", "Stop the daemon, and the agents and commands it runs.", "pocketcoder stop", ExitCode.Failed);
        command.SetAction((_, cancellationToken) => Serving.RunAsync(cli, stop => RunAsync(cli, stop), cancellationToken));
        return command;
    }

    internal static async Task<int> RunAsync(CliContext cli, CancellationToken cancellationToken)
    {
        if (InstanceLock.RunningPid(cli.Paths) is not { } running)
        {
            await cli.Out.WriteLineAsync("The daemon is not running.");
            return ExitCode.Done;
        }

        if (!await AskAsync(cli, cancellationToken) && !OperatingSystem.IsWindows() && InstanceLock.RunningPid(cli.Paths) == running)
        {
            // It cannot be asked: it is just starting, or hangs. The PID is its own, as the start time says.
            ProcessIdentity.Terminate(running);
        }

        var patience = Stopwatch.StartNew();
        while (InstanceLock.RunningPid(cli.Paths) is { } pid)
        {
            if (patience.Elapsed > Patience)
            {
                return await cli.FailAsync($"The daemon (process {pid}) does not stop. Its log may say why: pocketcoder logs");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), cancellationToken);
        }

        await cli.Out.WriteLineAsync("Stopped.");
        return ExitCode.Done;
    }

    private static async Task<bool> AskAsync(CliContext cli, CancellationToken cancellationToken)
    {
        try
        {
            return await cli.Daemon.SendAsync(HttpMethod.Post, "/stop", cancellationToken);
        }
        catch (CommandException) when (!OperatingSystem.IsWindows())
        {
            return false;
        }
    }
}
