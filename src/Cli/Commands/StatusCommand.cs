using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using PocketCoder.Protocol;

namespace PocketCoder.Cli.Commands;

internal static class StatusCommand
{
    public static Command Create(CliContext cli)
    {
        Option<bool> json = new("--json") { Description = "Print the status as JSON." };
        ManualCommand command = new("status", "Show whether the daemon runs and is connected.", """
            pocketcoder status
            pocketcoder status --json
            """, ExitCode.Failed, ExitCode.NotRunning) { json };
        command.SetAction((parsed, cancellationToken) => Serving.RunAsync(cli, stop => RunAsync(cli, parsed.GetValue(json), stop), cancellationToken));
        return command;
    }

    internal static async Task<int> RunAsync(CliContext cli, bool json, CancellationToken cancellationToken)
    {
        if (await cli.Daemon.StatusAsync(cancellationToken) is not { } status)
        {
            return await cli.NotRunningAsync();
        }

        if (json)
        {
            await cli.Out.WriteLineAsync(JsonSerializer.Serialize(status, ProtocolJson.For<DaemonStatusReport>()));
            return ExitCode.Done;
        }

        await cli.Out.WriteLineAsync($"""
            {status.Label}  PocketCoder {status.Version}, process {status.Pid}, running for {PeopleText.Duration(DateTimeOffset.UtcNow - (status.StartedAt ?? DateTimeOffset.UtcNow))}
            Relay     {Relay(status)}  {status.Relay.Url}
            Claude    {(status.Capabilities.HasClaude ? status.Capabilities.ClaudeVersion : "not found")}, {status.Agents} at work or warm
            Projects  {status.Projects.Count}
            """);
        foreach (var project in status.Projects)
        {
            await cli.Out.WriteLineAsync($"  {PeopleText.Plain(project.Name)}  {PeopleText.Plain(project.Path)}  {(project.WatcherRunning ? "watched" : "not watched")}");
        }

        foreach (var warning in status.Capabilities.Warnings ?? [])
        {
            await cli.Out.WriteLineAsync($"! {warning}");
        }

        return ExitCode.Done;
    }

    private static string Relay(DaemonStatusReport status) => status switch
    {
        { Relay: { Connected: true, RoundTripMs: { } milliseconds } } => $"connected, {milliseconds.ToString("F1", CultureInfo.InvariantCulture)} ms",
        { Relay.Connected: true } => "connected",
        { LoggedIn: false } => "not logged in (pocketcoder login)",
        { Relay.LastHeartbeatAt: { } last } => $"not connected since {last.ToLocalTime():yyyy-MM-dd HH:mm} (pocketcoder doctor)",
        _ => "not connected (pocketcoder doctor)",
    };
}
