using PocketCoder.Daemon.Relay;
using PocketCoder.Protocol;

namespace PocketCoder.Cli;

/// <summary>What <c>pocketcoder</c> alone says: what to do next, as things are.</summary>
internal static class NextStep
{
    public static async Task<int> WriteAsync(CliContext cli, CancellationToken cancellationToken)
    {
        var status = await cli.Daemon.StatusAsync(cancellationToken);
        await cli.Out.WriteLineAsync($"""
            {(status is null ? Begin(cli) : await ContinueAsync(cli, status, cancellationToken))}
            Everything else: pocketcoder --help
            """);
        return ExitCode.Done;
    }

    private static string Begin(CliContext cli)
    {
        if (RelayLogin.IsLoggedIn(cli.Paths))
        {
            return """
                PocketCoder is not running. This machine is logged in at a relay.
                Start the daemon:           pocketcoder start
                """;
        }

        var again = Directory.Exists(cli.Paths.Relay);
        return $"""
            {(again ? "PocketCoder is not running." : "PocketCoder is not set up yet.")}
            {(again ? "Start it, in a project:    " : "Start here, in a project:  ")} pocketcoder up
            {(again ? "Phones that are paired find it again." : "It shows a code to scan with the phone.")}
            """;
    }

    private static async Task<string> ContinueAsync(CliContext cli, DaemonStatusReport status, CancellationToken cancellationToken)
    {
        if (!status.LoggedIn)
        {
            return """
                PocketCoder runs, but is not logged in at a relay.
                Log in with a link of it:   pocketcoder login LINK
                """;
        }

        if (!status.Relay.Connected)
        {
            return """
                PocketCoder runs, but has no connection to its relay.
                Find out why:               pocketcoder doctor
                """;
        }

        var devices = await cli.Daemon.GetAsync<DevicesListResponse>("/devices", cancellationToken);
        return (status.Projects.Count, devices?.Devices.Count(device => device.MachineKey is null)) switch
        {
            (_, 0) => """
                PocketCoder runs. No phone is paired yet.
                Pair one:                   pocketcoder pair
                """,
            (0, _) => """
                PocketCoder runs. The phone has no project to open yet.
                Register one:               pocketcoder add PATH
                """,
            var (projects, phones) => $"PocketCoder runs: {Count(projects, "project")}, {Count(phones ?? 0, "paired device")}. See: pocketcoder status",
        };
    }

    private static string Count(int count, string noun) => $"{count} {noun}{(count == 1 ? "" : "s")}";
}
