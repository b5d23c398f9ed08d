using System.CommandLine;
using System.Text.Json;
using PocketCoder.Protocol;

namespace PocketCoder.Cli.Commands;

internal static class StatusCommand
{
    public static Command Create(CliContext cli)
    {
        Option<bool> json = new("--json") { Description = "Print the status as JSON." };
        Command command = new("status", "Show whether the daemon runs and is connected.") { json };
        command.SetAction((parsed, cancellationToken) => RunAsync(cli, parsed.GetValue(json), cancellationToken));
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
            {status.Label}  PocketCoder {status.Version}, process {status.Pid}
            Relay     {(status.Relay.Connected ? "connected" : status.LoggedIn ? "not connected" : "not logged in (pocketcoder login)")}  {status.Relay.Url}
            Claude    {(status.Capabilities.HasClaude ? status.Capabilities.ClaudeVersion : "not found")}, {status.Agents} at work or warm
            Projects  {status.Projects.Count}
            """);
        foreach (var warning in status.Capabilities.Warnings ?? [])
        {
            await cli.Out.WriteLineAsync($"! {warning}");
        }

        return ExitCode.Done;
    }
}
