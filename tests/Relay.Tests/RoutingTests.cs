using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using PocketCoder.Protocol;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Relay.Tests;

public class RoutingTests : IAsyncLifetime
{
    private const string MachineKey = "550e8400-e29b-41d4-a716-446655440000";
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private TestRelay _relay = null!;

    /// <summary>Where the relay keeps what it knows, if not in a file.</summary>
    protected virtual string? Redis => null;
    private TestClient _daemon = null!;
    private TestClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _relay = await TestRelay.StartAsync(_time, redis: Redis);
        _daemon = await _relay.MachineAsync(MachineKey);
        _client = await _relay.ClientAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _daemon.DisposeAsync();
        await _relay.DisposeAsync();
    }

    private static JsonObject Request(string id, string type = "projects_list") => new() { ["type"] = type, ["requestId"] = id, ["machineKey"] = MachineKey, ["payload"] = new JsonObject() };

    private Task<JsonObject> ErrorAsync() => _client.UntilTypeAsync("error");

    [Fact]
    public async Task A_request_reaches_the_machine_with_the_clients_id_and_its_answer_comes_back()
    {
        await _client.SendAsync(Request("r1"));
        var request = await _daemon.UntilTypeAsync("projects_list");
        await _daemon.SendAsync(new JsonObject { ["type"] = "projects_list_response", ["requestId"] = "r1", ["clientId"] = (string)request["clientId"]!, ["payload"] = new JsonObject { ["projects"] = new JsonArray() } });
        var answer = await _client.UntilTypeAsync("projects_list_response");

        Assert.Equal(_client.ClientId, (string?)request["clientId"]);
        Assert.Equal(MachineKey, (string?)answer["machineKey"]);
        Assert.Null(answer["clientId"]);
    }

    [Fact]
    public async Task A_client_cannot_speak_for_another_one()
    {
        await using var other = await _relay.ClientAsync();
        var forged = Request("r1");
        forged["clientId"] = other.ClientId;

        await _client.SendAsync(forged);

        Assert.Equal(_client.ClientId, (string?)(await _daemon.UntilTypeAsync("projects_list"))["clientId"]);
    }

    [Theory]
    [InlineData("""{"type":"projects_list","requestId":"r","machineKey":"MK","payload":{}},"clientId":"cl_x"}""")]
    [InlineData("""{"type":"projects_list","requestId":"r","machineKey":"MK","clientId":"cl_x","clientId":"cl_y","payload":{}}""")]
    [InlineData("""{"type":"projects_list","requestId":"r","machineKey":"MK","payload":{},"payload":{}}""")]
    [InlineData("not json")]
    [InlineData("[]")]
    [InlineData("{}")]
    public async Task What_is_no_message_closes_the_connection_and_reaches_nobody(string text)
    {
        await _client.SendAsync(text.Replace("MK", MachineKey, StringComparison.Ordinal));

        Assert.Equal(4400, await _client.Closed.WaitAsync(TestClient.Patience));
        await _daemon.UntilTypeAsync("client_disconnected");
        Assert.DoesNotContain(_daemon.Seen, m => (string?)m["type"] == "projects_list");
    }

    [Fact]
    public async Task A_foreign_machine_and_an_absent_one_cannot_be_told_apart()
    {
        var foreign = Guid.NewGuid().ToString();
        await _relay.Host.Store.Machines.ClaimAsync(foreign, "somebody else", new MachineInfo("Theirs", "h", "linux", "x64", "1"));
        await using var client = await _relay.ClientAsync();

        var theirs = await client.AskAsync("projects_list", new JsonObject(), foreign);
        var nobodys = await client.AskAsync("projects_list", new JsonObject(), Guid.NewGuid().ToString());
        var claimed = await Assert.ThrowsAsync<InvalidOperationException>(() => _relay.MachineAsync(foreign));

        Assert.Equal("NOT_FOUND", (string?)theirs["error"]!["code"]);
        Assert.Equal(theirs["error"]!.ToJsonString(), nobodys["error"]!.ToJsonString());
        Assert.Contains("UNAUTHORIZED", claimed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_machine_that_goes_away_is_announced_and_open_requests_are_answered_at_once()
    {
        await _client.SendAsync(Request("r1"));
        await _daemon.UntilTypeAsync("projects_list");
        await _daemon.DisposeAsync();

        var open = (await ErrorAsync())["error"]!;
        Assert.Equal(("MACHINE_OFFLINE", "gone"), ((string?)open["code"], (string?)open["details"]!["reason"]));
        Assert.False((bool)(await _client.UntilTypeAsync("daemon_status"))["payload"]!["connected"]!);
        var later = await _client.AskAsync("projects_list", new JsonObject(), MachineKey);
        Assert.Equal(("MACHINE_OFFLINE", null), ((string?)later["error"]!["code"], (string?)later["error"]!["details"]?["reason"]));

        _daemon = await _relay.MachineAsync(MachineKey);
        Assert.True((bool)(await _client.UntilTypeAsync("daemon_status"))["payload"]!["connected"]!);
    }

    [Fact]
    public async Task Fifteen_silent_seconds_are_a_timeout_and_the_late_answer_is_dropped()
    {
        await _client.SendAsync(Request("r1"));
        await _daemon.UntilTypeAsync("projects_list");

        _time.Advance(TimeSpan.FromSeconds(14.9));
        await _daemon.SendAsync(new JsonObject { ["type"] = "progress", ["requestId"] = "r1", ["clientId"] = _client.ClientId });
        await _client.UntilTypeAsync("progress");
        _time.Advance(TimeSpan.FromSeconds(14.9));
        Assert.Equal("pong", (string?)(await _client.AskAsync("ping", null))["type"]);
        _time.Advance(TimeSpan.FromSeconds(0.2));
        var timeout = await ErrorAsync();
        await _daemon.SendAsync(new JsonObject { ["type"] = "projects_list_response", ["requestId"] = "r1", ["clientId"] = _client.ClientId, ["payload"] = new JsonObject() });
        await _daemon.AskAsync("ping", null);
        await _client.AskAsync("ping", null);

        Assert.Equal("RELAY_TIMEOUT", (string?)timeout["error"]!["code"]);
        Assert.Equal("r1", (string?)timeout["requestId"]);
        Assert.DoesNotContain(_client.Seen, m => (string?)m["type"] == "projects_list_response");
    }

    [Fact]
    public async Task Events_without_a_client_go_to_every_client_and_answers_without_one_to_nobody()
    {
        await using var other = await _relay.ClientAsync();

        await _daemon.SendAsync(new JsonObject { ["type"] = "projects_list_response", ["requestId"] = "r1", ["payload"] = new JsonObject() });
        await _daemon.SendAsync(new JsonObject { ["type"] = "agent_session_changed", ["sessionId"] = "p", ["payload"] = new JsonObject() });

        Assert.Equal(MachineKey, (string?)(await _client.UntilTypeAsync("agent_session_changed"))["machineKey"]);
        await other.UntilTypeAsync("agent_session_changed");
        Assert.DoesNotContain(_client.Seen, m => (string?)m["type"] == "projects_list_response");
    }

    [Fact]
    public async Task A_client_hears_nothing_that_was_asked_by_another()
    {
        await using var other = await _relay.ClientAsync();
        await _client.SendAsync(Request("r1"));
        await _daemon.UntilTypeAsync("projects_list");

        await _daemon.SendAsync(new JsonObject { ["type"] = "projects_list_response", ["requestId"] = "r1", ["clientId"] = other.ClientId, ["payload"] = new JsonObject() });
        await _daemon.AskAsync("ping", null);
        await other.AskAsync("ping", null);

        Assert.DoesNotContain(other.Seen, m => (string?)m["type"] == "projects_list_response");
    }

    [Theory]
    [InlineData("""{"type":"projects_list","requestId":"r1","payload":{}}""")]
    [InlineData("""{"type":"projects_list","machineKey":"MK","payload":{}}""")]
    [InlineData("""{"type":"client_register","requestId":"r1","payload":{"token":7}}""")]
    [InlineData("""{"type":"auth_exchange","requestId":"r1","payload":{}}""")]
    public async Task A_request_that_lacks_something_is_told_so_and_the_connection_stays(string text)
    {
        await _client.SendAsync(text.Replace("MK", MachineKey, StringComparison.Ordinal));

        Assert.Equal("INVALID_REQUEST", (string?)(await ErrorAsync())["error"]!["code"]);
        Assert.Equal("pong", (string?)(await _client.AskAsync("ping", null))["type"]);
    }

    [Fact]
    public async Task The_65th_request_in_flight_is_refused()
    {
        for (var i = 0; i < 65; i++)
        {
            await _client.SendAsync(Request($"r{i}"));
        }

        var refused = await ErrorAsync();

        Assert.Equal("RATE_LIMITED", (string?)refused["error"]!["code"]);
        Assert.Equal("r64", (string?)refused["requestId"]);
    }

    [Fact]
    public async Task A_flood_of_messages_ends_the_connection()
    {
        for (var i = 0; i < 1100 && !_client.Closed.IsCompleted; i++)
        {
            await _client.SendAsync("""{"type":"ping"}""").ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        Assert.Equal(4429, await _client.Closed.WaitAsync(TestClient.Patience));
    }

    [Fact]
    public async Task A_reader_that_does_not_read_is_cut_off_and_others_go_on()
    {
        var tokens = await _relay.TokensAsync();
        await using var slow = await TestClient.ConnectAsync(_relay.Url, read: false);
        await slow.SendAsync(new JsonObject { ["type"] = "client_register", ["requestId"] = "r", ["payload"] = new JsonObject { ["token"] = (string)tokens["access_token"]! } });
        await using var watcher = await _relay.ClientAsync();
        var chunk = new string('x', 900_000);

        for (var i = 0; i < 40; i++)
        {
            await _daemon.SendAsync(new JsonObject { ["type"] = "agent_session_changed", ["payload"] = new JsonObject { ["i"] = i, ["x"] = chunk } });
            await watcher.UntilAsync(m => (int?)m["payload"]?["i"] == i);
        }

        await _daemon.UntilTypeAsync("client_disconnected");
    }

    [Fact]
    public async Task The_same_machine_registering_again_replaces_its_older_connection()
    {
        var tokens = await _relay.TokensAsync();
        await using var newer = await _relay.MachineAsync(MachineKey, (string)tokens["access_token"]!);

        Assert.Equal(4409, await _daemon.Closed.WaitAsync(TestClient.Patience));
        await _client.SendAsync(Request("r1"));
        await newer.UntilTypeAsync("projects_list");
        var machines = await _client.AskAsync("machines_list", new JsonObject());
        Assert.True((bool)machines["payload"]!["machines"]![0]!["connected"]!);
    }

    [Fact]
    public async Task A_client_cannot_register_as_a_machine_on_its_connection_nor_make_pairing_codes()
    {
        var tokens = await _relay.TokensAsync();

        var register = await _client.AskAsync("daemon_register", TestRelay.Registration(Guid.NewGuid().ToString(), (string)tokens["access_token"]!));
        var pair = await _client.AskAsync("pairing_code_create", new JsonObject());

        Assert.Equal("UNAUTHORIZED", (string?)register["error"]!["code"]);
        Assert.Equal("UNAUTHORIZED", (string?)pair["error"]!["code"]);
    }

    [Fact]
    public async Task A_machine_cannot_register_as_a_client_on_its_connection_nor_ask_as_one()
    {
        var tokens = await _relay.TokensAsync();

        var register = await _daemon.AskAsync("client_register", new JsonObject { ["token"] = (string)tokens["access_token"]! });
        await _daemon.SendAsync(Request("as a client"));
        var ping = await _daemon.AskAsync("ping", null);

        Assert.Equal(("UNAUTHORIZED", "pong"), ((string?)register["error"]!["code"], (string?)ping["type"]));
        Assert.DoesNotContain(_daemon.Seen, m => (string?)m["type"] == "projects_list");
    }

    [Fact]
    public async Task A_relay_that_stops_says_that_it_goes_away()
    {
        await _relay.Host.DisposeAsync();

        Assert.Equal(1001, await _client.Closed.WaitAsync(TestClient.Patience));
        await _relay.StartAgainAsync();
    }

    [Fact]
    public async Task Unregistered_sockets_are_greeted_and_may_not_do_more_than_register()
    {
        await using var stranger = await TestClient.ConnectAsync(_relay.Url);

        var greeting = await stranger.UntilTypeAsync("connected");
        var refused = await stranger.AskAsync("machines_list", new JsonObject());

        Assert.Equal("""{"protocolVersion":1,"authMode":"embedded"}""", greeting["payload"]!.ToJsonString());
        Assert.Equal("UNAUTHORIZED", (string?)refused["error"]!["code"]);
        Assert.Equal(4401, await stranger.Closed.WaitAsync(TestClient.Patience));
    }

    [Fact]
    public async Task A_socket_that_does_not_register_is_closed_after_ten_seconds()
    {
        await using var stranger = await TestClient.ConnectAsync(_relay.Url);
        await stranger.UntilTypeAsync("connected");

        _time.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal(4408, await stranger.Closed.WaitAsync(TestClient.Patience));
    }

    [Fact]
    public async Task Messages_over_the_limit_close_with_1009()
    {
        await using var stranger = await TestClient.ConnectAsync(_relay.Url);
        await stranger.SendAsync(new string(' ', 65 * 1024));
        await _client.SendAsync(Encoding.UTF8.GetBytes($$"""{"type":"x","payload":"{{new string('x', 16 * 1024 * 1024)}}"}"""), System.Net.WebSockets.WebSocketMessageType.Text);

        Assert.Equal(1009, await stranger.Closed.WaitAsync(TestClient.Patience));
        Assert.Equal(1009, await _client.Closed.WaitAsync(TestClient.Patience));
    }
}
