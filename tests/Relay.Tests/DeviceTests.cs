using System.Text.Json.Nodes;
using PocketCoder.Relay.Identity;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Relay.Tests;

/// <summary>Which devices there are, and the end of one.</summary>
public class DeviceTests : IAsyncLifetime
{
    private TestRelay _relay = null!;

    /// <summary>Where the relay keeps what it knows, if not in a file.</summary>
    protected virtual string? Redis => null;

    public async ValueTask InitializeAsync() => _relay = await TestRelay.StartAsync(redis: Redis);

    public ValueTask DisposeAsync() => _relay.DisposeAsync();

    private static async Task<JsonArray> DevicesAsync(TestClient asker) =>
        (await asker.AskAsync("devices_list", new JsonObject()))["payload"]!["devices"]!.AsArray();

    private static Task<JsonObject> RevokeAsync(TestClient asker, string deviceId) => asker.AskAsync("device_revoke", new JsonObject { ["deviceId"] = deviceId });

    private static async Task<string> OwnIdAsync(TestClient device) => (string)(await DevicesAsync(device)).Single(d => (bool)d!["current"]!)!["deviceId"]!;

    private async Task<(TestClient Client, JsonObject Tokens)> DeviceAsync(string? name = null)
    {
        var tokens = await _relay.TokensAsync();
        var client = await TestClient.ConnectAsync(_relay.Url);
        JsonObject registration = new() { ["token"] = (string)tokens["access_token"]! };
        if (name is not null)
        {
            registration["device"] = new JsonObject { ["name"] = name };
        }

        await client.AskAsync("client_register", registration);
        return (client, tokens);
    }

    [Fact]
    public async Task A_daemon_and_a_client_see_the_same_devices_each_with_its_own_mark()
    {
        var machineKey = Guid.NewGuid().ToString();
        await using var machine = await _relay.MachineAsync(machineKey);
        var (phone, _) = await DeviceAsync("Pixel 9");
        var (gone, _) = await DeviceAsync();
        await gone.DisposeAsync();
        await using var _ = phone;

        var seenByMachine = await DevicesAsync(machine);
        var seenByPhone = await DevicesAsync(phone);

        var desk = seenByMachine.Single(d => (string?)d!["machineKey"] == machineKey)!;
        Assert.Equal(("Desk", true, true), ((string)desk["name"]!, (bool)desk["current"]!, (bool)desk["connected"]!));
        var pixel = seenByPhone.Single(d => (string?)d!["name"] == "Pixel 9")!;
        Assert.Equal((true, true), ((bool)pixel["current"]!, (bool)pixel["connected"]!));
        Assert.Null(pixel["machineKey"]);
        Assert.Equal(3, seenByPhone.Count);
        Assert.Equal(seenByMachine.Select(d => (string?)d!["deviceId"]), seenByPhone.Select(d => (string?)d!["deviceId"]));
        Assert.False((bool)seenByPhone.Single(d => d!["name"] is null)!["connected"]!);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_revoked_device_loses_its_live_connections_and_its_tokens_and_no_other_does(bool byMachine)
    {
        await using var machine = await _relay.MachineAsync(Guid.NewGuid().ToString());
        var (phone, _) = await DeviceAsync();
        var (lost, tokens) = await DeviceAsync();
        await using var second = await TestClient.ConnectAsync(_relay.Url);
        await second.RegisterAsync((string)tokens["access_token"]!);

        var revoked = await RevokeAsync(byMachine ? machine : phone, await OwnIdAsync(lost));

        Assert.Equal("device_revoke_response", (string?)revoked["type"]);
        Assert.Equal((4401, 4401), (await lost.Closed.WaitAsync(TestClient.Patience), await second.Closed.WaitAsync(TestClient.Patience)));
        await using var again = await TestClient.ConnectAsync(_relay.Url);
        Assert.Equal("UNAUTHORIZED", (string?)(await again.RegisterAsync((string)tokens["access_token"]!))["error"]!["code"]);
        var refreshed = await again.AskAsync("token_refresh", new JsonObject { ["refresh_token"] = (string)tokens["refresh_token"]! });
        Assert.Equal("UNAUTHORIZED", (string?)refreshed["error"]!["code"]);
        Assert.Equal(2, (await DevicesAsync(phone)).Count);
        Assert.Equal(2, (await DevicesAsync(machine)).Count);
        await phone.DisposeAsync();
        await lost.DisposeAsync();
    }

    [Fact]
    public async Task A_revoked_machine_does_not_live_on_in_the_pairing_codes_that_it_made()
    {
        var (phone, _) = await DeviceAsync();
        await using var _ = phone;
        await using var machine = await _relay.MachineAsync(Guid.NewGuid().ToString());
        var (stolen, own) = (await CodeOfAsync(machine), await _relay.CodeAsync());

        await RevokeAsync(phone, await OwnIdAsync(machine));
        var refused = await phone.AskAsync("auth_exchange", new JsonObject { ["code"] = stolen });
        var granted = await phone.AskAsync("auth_exchange", new JsonObject { ["code"] = own });

        Assert.Equal("UNAUTHORIZED", (string?)refused["error"]?["code"]);
        Assert.Equal("auth_exchange_response", (string?)granted["type"]);
    }

    [Fact]
    public async Task A_code_that_was_made_at_the_moment_of_the_revocation_is_refused_too()
    {
        var (device, tokens) = await DeviceAsync();
        await using var _ = device;
        var (userId, deviceId, code) = ((string)tokens["user_id"]!, await OwnIdAsync(device), "a code of that device");
        Assert.True(await _relay.Host.Store.Devices.RevokeAsync(userId, deviceId));
        await _relay.Host.Store.PairingCodes.AddAsync(Secrets.Hash(code), userId, deviceId, DateTimeOffset.UtcNow.AddMinutes(5));
        await using var stranger = await TestClient.ConnectAsync(_relay.Url);

        Assert.Equal("UNAUTHORIZED", (string?)(await stranger.AskAsync("auth_exchange", new JsonObject { ["code"] = code }))["error"]?["code"]);
    }

    [Fact]
    public async Task A_user_has_sixteen_codes_and_the_oldest_goes()
    {
        await using var machine = await _relay.MachineAsync(Guid.NewGuid().ToString());
        List<string> codes = [];
        for (var i = 0; i < 17; i++)
        {
            codes.Add(await CodeOfAsync(machine));
        }

        await using var phone = await TestClient.ConnectAsync(_relay.Url);
        var oldest = await phone.AskAsync("auth_exchange", new JsonObject { ["code"] = codes[0] });
        var next = await phone.AskAsync("auth_exchange", new JsonObject { ["code"] = codes[1] });

        Assert.Equal(("error", "auth_exchange_response"), ((string?)oldest["type"], (string?)next["type"]));
    }

    private static async Task<string> CodeOfAsync(TestClient machine) =>
        (string)(await machine.AskAsync("pairing_code_create", new JsonObject()))["payload"]!["code"]!;

    [Fact]
    public async Task A_device_that_ends_itself_gets_its_answer_first()
    {
        var (phone, _) = await DeviceAsync();
        await using var _ = phone;

        var answer = await RevokeAsync(phone, await OwnIdAsync(phone));

        Assert.Equal("device_revoke_response", (string?)answer["type"]);
        Assert.Equal(4401, await phone.Closed.WaitAsync(TestClient.Patience));
    }

    [Fact]
    public async Task A_foreign_a_revoked_and_an_invented_device_cannot_be_told_apart_and_the_foreign_one_stays()
    {
        var (phone, _) = await DeviceAsync();
        var (revoked, _) = await DeviceAsync();
        await using var _1 = phone;
        await using var _2 = revoked;
        var revokedId = await OwnIdAsync(revoked);
        await RevokeAsync(phone, revokedId);
        await _relay.Host.Store.Devices.SeenAsync("user_other", "dev_foreign", name: null, machineKey: null);

        List<string> refusals = [];
        foreach (var id in (string[])["dev_foreign", revokedId, "dev_invented", ""])
        {
            refusals.Add((await RevokeAsync(phone, id))["error"]!.ToJsonString());
        }

        Assert.Equal("""{"code":"NOT_FOUND","message":"There is no such device."}""", Assert.Single(refusals.Distinct()));
        Assert.DoesNotContain(await DevicesAsync(phone), d => (string?)d!["deviceId"] == "dev_foreign");
        Assert.True(await _relay.Host.Store.Devices.IsActiveAsync("user_other", "dev_foreign"));
    }

    [Theory]
    [InlineData("devices_list")]
    [InlineData("device_revoke")]
    public async Task Who_is_not_registered_learns_nothing_of_devices(string type)
    {
        await using var stranger = await TestClient.ConnectAsync(_relay.Url);

        var answer = await stranger.AskAsync(type, new JsonObject { ["deviceId"] = "dev_x" });

        Assert.Equal("UNAUTHORIZED", (string?)answer["error"]!["code"]);
        Assert.Equal(4401, await stranger.Closed.WaitAsync(TestClient.Patience));
    }

    [Fact]
    public async Task A_token_that_is_given_back_ends_its_device_even_when_it_is_spent()
    {
        var (phone, tokens) = await DeviceAsync();
        await using var _ = phone;
        var next = await phone.AskAsync("token_refresh", new JsonObject { ["refresh_token"] = (string)tokens["refresh_token"]! });
        await using var leaving = await TestClient.ConnectAsync(_relay.Url);

        var answer = await leaving.AskAsync("token_revoke", new JsonObject { ["refresh_token"] = (string)tokens["refresh_token"]! });

        Assert.Equal("token_revoke_response", (string?)answer["type"]);
        Assert.Equal(4401, await phone.Closed.WaitAsync(TestClient.Patience));
        var after = await leaving.AskAsync("token_refresh", new JsonObject { ["refresh_token"] = (string)next["payload"]!["refresh_token"]! });
        Assert.Equal("UNAUTHORIZED", (string?)after["error"]!["code"]);
    }

    [Fact]
    public async Task Giving_a_token_back_is_answered_alike_whatever_it_was()
    {
        var tokens = await _relay.TokensAsync();
        await using var client = await TestClient.ConnectAsync(_relay.Url);

        List<string> answers = [];
        foreach (var token in (string[])[(string)tokens["refresh_token"]!, (string)tokens["refresh_token"]!, "invented", ""])
        {
            var answer = await client.AskAsync("token_revoke", new JsonObject { ["refresh_token"] = token });
            answers.Add($"{answer["type"]} {answer["payload"]?.ToJsonString()}");
        }

        Assert.Equal("token_revoke_response {}", Assert.Single(answers.Distinct()));
    }

    [Fact]
    public async Task Who_registers_at_the_moment_of_the_revocation_does_not_slip_through()
    {
        var (owner, _) = await DeviceAsync();
        await using var _1 = owner;
        for (var round = 0; round < 30; round++)
        {
            var tokens = await _relay.Host.EnrolLocalDaemonAsync($"device {round}");
            var id = (string)(await DevicesAsync(owner)).Single(d => (string?)d!["name"] == $"device {round}")!["deviceId"]!;
            await using var late = await TestClient.ConnectAsync(_relay.Url);

            var registering = late.SendAsync(new JsonObject
            {
                ["type"] = "client_register", ["requestId"] = "late", ["payload"] = new JsonObject { ["token"] = tokens.AccessToken },
            });
            var revoking = RevokeAsync(owner, id);
            await Task.WhenAll(registering, revoking);

            // Refused at the door, it may stay unregistered; in any other case it is thrown out.
            var end = await Task.WhenAny(late.Closed, late.UntilAsync(m => (string?)m["type"] == "error")).WaitAsync(TestClient.Patience);
            if (end == late.Closed)
            {
                Assert.Equal(4401, await late.Closed);
            }
        }
    }
}
