using System.CommandLine;
using PocketCoder.Daemon.Relay;
using PocketCoder.Protocol;

namespace PocketCoder.Cli.Commands;

/// <summary>Deletes this machine's tokens and has the relay refuse them.</summary>
internal static class LogoutCommand
{
    public static Command Create(CliContext cli)
    {
        ManualCommand command = new("logout", "Delete this machine's tokens, and have the relay refuse them. Works without a connection too.", "pocketcoder logout", ExitCode.Failed);
        command.SetAction((_, cancellationToken) => Serving.RunAsync(cli, stop => RunAsync(cli, stop), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(CliContext cli, CancellationToken cancellationToken)
    {
        // The running daemon does it itself: it may be exchanging its tokens at this moment.
        var outcome = await cli.Daemon.PostAsync<LogoutReport>("/logout", cancellationToken) is { } report
            ? report.RelayTold ? LogoutOutcome.Done : LogoutOutcome.RelayNotTold
            : await RelayLogin.LogOutAsync(cli.Paths, RelayLogin.GatewayOf(cli.Paths) ?? Gateway.Resolve(cli.Paths), cancellationToken);
        await cli.Out.WriteLineAsync(outcome switch
        {
            LogoutOutcome.WasNotLoggedIn => "This machine is not logged in.",
            LogoutOutcome.Done => "Logged out.",
            _ => "Logged out here. The relay could not be told; to be sure, revoke this machine from another one: pocketcoder devices",
        });
        return ExitCode.Done;
    }
}
