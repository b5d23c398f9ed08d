using System.CommandLine;
using System.Diagnostics;
using PocketCoder.Daemon;

namespace PocketCoder.Cli.Commands;

internal static class StopCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public static Command Create(CliContext cli)
    {
        Command command = new("stop", "Stop the daemon, and the agents and commands it runs.");
        command.SetAction((_, cancellationToken) => RunAsync(cli, cancellationToken));
        return command;
    }

    internal static async Task<int> RunAsync(CliContext cli, CancellationToken cancellationToken)
    {
        if (InstanceLock.RunningPid(cli.Paths) is null || !await cli.Daemon.SendAsync(HttpMethod.Post, "/stop", cancellationToken))
        {
            await cli.Out.WriteLineAsync("The daemon is not running.");
            return ExitCode.Done;
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
}
