using System.CommandLine;
using PocketCoder.Protocol;

namespace PocketCoder.Cli.Commands;

internal static class PairCommand
{
    public static Command Create(CliContext cli)
    {
        ManualCommand command = new("pair", "Show a new one-time code to pair a phone, or another machine.", "pocketcoder pair", ExitCode.Failed, ExitCode.NotRunning);
        command.SetAction((_, cancellationToken) => Serving.RunAsync(cli, stop => RunAsync(cli, stop), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(CliContext cli, CancellationToken cancellationToken)
    {
        if (await cli.Daemon.PostAsync<PairingLink>("/pair", cancellationToken) is not { } link)
        {
            return await cli.NotRunningAsync();
        }

        await PairingText.WriteAsync(cli, link);
        return ExitCode.Done;
    }
}
