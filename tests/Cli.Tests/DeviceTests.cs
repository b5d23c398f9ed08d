using System.Text.Json.Nodes;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Cli.Tests;

public sealed class DeviceTests : IDisposable
{
    private readonly InstalledCli _cli = new();

    public void Dispose() => _cli.Dispose();

    [Fact]
    public async Task Devices_are_listed_and_the_beginning_of_an_id_is_enough_to_end_one()
    {
        var (_, ready) = await _cli.UpAsync();
        await using var phone = await TestClient.ConnectAsync(new Uri((string)ready["url"]!));
        var tokens = await phone.AskAsync("auth_exchange", new JsonObject { ["code"] = (string)ready["pairCode"]! });
        await phone.AskAsync("client_register", new JsonObject
        {
            ["token"] = (string)tokens["payload"]!["access_token"]!,
            ["device"] = new JsonObject { ["name"] = "Pixel\u001b[31m 9" },
        });

        var json = (await _cli.RunAsync("devices", "--json")).Json.AsArray();
        var text = await _cli.RunAsync("devices");
        var other = json.Single(d => d!["machineKey"] is null)!;
        var own = json.Single(d => d!["machineKey"] is not null)!;
        var ambiguous = await _cli.RunAsync("devices", "revoke", "dev_");
        var self = await _cli.RunAsync("devices", "revoke", (string)own["deviceId"]!);
        var revoked = await _cli.RunAsync("devices", "revoke", ((string)other["deviceId"]!)[..12]);
        var again = await _cli.RunAsync("devices", "revoke", (string)other["deviceId"]!);

        Assert.Equal(((string)ready["machineKey"]!, true, true), ((string)own["machineKey"]!, (bool)own["current"]!, (bool)own["connected"]!));
        Assert.Equal((false, true), ((bool)other["current"]!, (bool)other["connected"]!));
        Assert.Contains("(this machine)  connected", text.Output, StringComparison.Ordinal);
        Assert.Contains("Pixel[31m 9  connected", text.Output, StringComparison.Ordinal);
        Assert.Equal((ExitCode.Failed, "2 devices begin with dev_. Give more of the id. See: pocketcoder devices\n"), (ambiguous.ExitCode, ambiguous.Error));
        Assert.Equal(ExitCode.Failed, self.ExitCode);
        Assert.Contains("pocketcoder logout", self.Error, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Done, revoked.ExitCode);
        Assert.Equal(4401, await phone.Closed.WaitAsync(TestClient.Patience));
        Assert.Equal((ExitCode.Failed, "There is no device with this id. See: pocketcoder devices\n"), (again.ExitCode, again.Error));
    }

    [Fact]
    public async Task Without_a_relay_it_is_said_where_to_look()
    {
        var daemon = _cli.Start("start", "--foreground");
        await InstalledCli.FirstLineAsync(daemon);

        var devices = await _cli.RunAsync("devices");

        Assert.Equal((ExitCode.Failed, "The relay is not connected. Look at: pocketcoder status\n"), (devices.ExitCode, devices.Error));
    }
}
