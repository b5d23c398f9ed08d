using System.CommandLine;
using System.Text.Json;
using PocketCoder.Protocol;

namespace PocketCoder.Cli.Commands;

/// <summary>The paired devices, and the end of one.</summary>
internal static class DevicesCommand
{
    public static Command Create(CliContext cli)
    {
        Option<bool> json = new("--json") { Description = "Print the devices as JSON." };
        ManualCommand command = new("devices", "List the paired phones and machines.", """
            pocketcoder devices
            pocketcoder devices revoke dev_3f2a
            """, ExitCode.Failed, ExitCode.NotRunning) { json, CreateRevoke(cli) };
        command.SetAction((parsed, cancellationToken) => Serving.RunAsync(cli, stop => ListAsync(cli, parsed.GetValue(json), stop), cancellationToken));
        return command;
    }

    private static ManualCommand CreateRevoke(CliContext cli)
    {
        Argument<string> id = new("id") { Description = "The id that `pocketcoder devices` shows; its first characters are enough.", HelpName = "ID" };
        ManualCommand revoke = new("revoke", "End a device: its tokens, and its live connections within a second.", "pocketcoder devices revoke dev_3f2a", ExitCode.Failed, ExitCode.NotRunning) { id };
        revoke.SetAction((parsed, cancellationToken) => Serving.RunAsync(cli, stop => RevokeAsync(cli, parsed.GetValue(id)!, stop), cancellationToken));
        return revoke;
    }

    private static async Task<int> ListAsync(CliContext cli, bool json, CancellationToken cancellationToken)
    {
        if (await cli.Daemon.GetAsync<DevicesListResponse>("/devices", cancellationToken) is not { } list)
        {
            return await cli.NotRunningAsync();
        }

        if (json)
        {
            await cli.Out.WriteLineAsync(JsonSerializer.Serialize(list.Devices, ProtocolJson.For<IReadOnlyList<DeviceEntry>>()));
            return ExitCode.Done;
        }

        var shortest = ShortestPrefix([.. list.Devices.Select(d => d.DeviceId)]);
        foreach (var device in list.Devices)
        {
            var seen = device.Connected ? "connected" : $"last seen {device.LastSeenAt.ToLocalTime():yyyy-MM-dd HH:mm}";
            await cli.Out.WriteLineAsync(
                $"{device.DeviceId[..Math.Min(shortest, device.DeviceId.Length)]}  {NameOf(device)}{(device.Current ? " (this machine)" : "")}  {seen}, paired {device.CreatedAt.ToLocalTime():yyyy-MM-dd}");
        }

        if (list.Devices.All(d => d.MachineKey is not null))
        {
            await cli.Out.WriteLineAsync("No phone is paired yet. Pair one: pocketcoder pair");
        }

        return ExitCode.Done;
    }

    private static async Task<int> RevokeAsync(CliContext cli, string id, CancellationToken cancellationToken)
    {
        if (await cli.Daemon.GetAsync<DevicesListResponse>("/devices", cancellationToken) is not { } list)
        {
            return await cli.NotRunningAsync();
        }

        var found = list.Devices.Where(d => d.DeviceId.StartsWith(id, StringComparison.Ordinal)).ToList();
        if (found is not [var device] || id.Length == 0)
        {
            return await cli.FailAsync(found.Count == 0
                ? "There is no device with this id. See: pocketcoder devices"
                : $"{found.Count} devices begin with {id}. Give more of the id. See: pocketcoder devices");
        }

        if (device.Current)
        {
            return await cli.FailAsync("This is this machine itself; without it nothing is left that could pair it again. To end its access: pocketcoder logout");
        }

        await cli.Daemon.SendAsync(HttpMethod.Delete, "/devices/" + Uri.EscapeDataString(device.DeviceId), cancellationToken);
        await cli.Out.WriteLineAsync($"Revoked {NameOf(device)}. Its connections are closed.");
        return ExitCode.Done;
    }

    private static string NameOf(DeviceEntry device) => device.Name is { Length: > 0 } name ? PeopleText.Plain(name) : device.MachineKey is null ? "unnamed device" : "unnamed machine";

    // Long enough to tell them apart and to stay so when some more come.
    private static int ShortestPrefix(string[] ids)
    {
        var length = "dev_".Length + 4;
        while (length < 36 && ids.Select(id => id[..Math.Min(length, id.Length)]).Distinct(StringComparer.Ordinal).Count() < ids.Length)
        {
            length++;
        }

        return length;
    }
}
