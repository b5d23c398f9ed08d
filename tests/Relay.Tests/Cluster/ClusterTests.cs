using System.Diagnostics;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using PocketCoder.TestSupport;
using PocketCoder.TestSupport.Supabase;
using Xunit;

namespace PocketCoder.Relay.Tests.Cluster;

/// <summary>Three nodes on one Redis, as one relay.</summary>
public sealed class ClusterTests(RedisFixture fixture) : IClassFixture<RedisFixture>, IAsyncLifetime
{
    private const string MachineKey = "550e8400-e29b-41d4-a716-446655440000";
    private readonly TestRelay[] _nodes = new TestRelay[3];

    public async ValueTask InitializeAsync()
    {
        var url = fixture.Redis.NextUrl();
        for (var i = 0; i < _nodes.Length; i++)
        {
            _nodes[i] = await TestRelay.StartAsync(redis: url);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }
    }

    private static JsonObject Answer(JsonObject request, string type) => new()
    {
        ["type"] = type, ["requestId"] = (string)request["requestId"]!, ["clientId"] = (string)request["clientId"]!, ["payload"] = new JsonObject { ["projects"] = new JsonArray() },
    };

    private static async Task<bool> ConnectedAsync(TestClient client) =>
        (bool)(await client.AskAsync("machines_list", null))["payload"]!["machines"]!.AsArray().Single(m => (string?)m!["machineKey"] == MachineKey)!["connected"]!;

    private static async Task<JsonObject> StatusAsync(TestClient client, bool connected) =>
        await client.UntilAsync(m => (string?)m["type"] == "daemon_status" && (bool)m["payload"]!["connected"]! == connected);

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    [InlineData(2, 2)]
    public async Task A_client_on_any_node_reaches_a_machine_on_any_node_and_is_answered(int clientNode, int machineNode)
    {
        await using var daemon = await _nodes[machineNode].MachineAsync(MachineKey);
        await using var client = await _nodes[clientNode].ClientAsync();
        Assert.True(await ConnectedAsync(client));

        var answer = client.AskAsync("projects_list", new JsonObject { ["text"] = "\"\\ ☃ \u0000" }, MachineKey, "project \"ü\"");
        var request = await daemon.UntilTypeAsync("projects_list");
        await daemon.SendAsync(Answer(request, "projects_list_response"));

        Assert.Equal((client.ClientId, "project \"ü\"", "\"\\ ☃ \u0000"), ((string)request["clientId"]!, (string)request["sessionId"]!, (string)request["payload"]!["text"]!));
        Assert.Equal(("projects_list_response", MachineKey, null), ((string)(await answer)["type"]!, (string)(await answer)["machineKey"]!, (await answer)["clientId"]));
    }

    [Fact]
    public async Task Events_for_one_client_and_for_all_of_an_account_cross_nodes_in_order()
    {
        await using var daemon = await _nodes[0].MachineAsync(MachineKey);
        await using var one = await _nodes[1].ClientAsync();
        await using var other = await _nodes[2].ClientAsync();

        // A machine knows of a client by what it asked.
        await one.SendAsync(new JsonObject { ["type"] = "projects_list", ["requestId"] = "r", ["machineKey"] = MachineKey });
        await daemon.UntilTypeAsync("projects_list");
        for (var i = 0; i < 500; i++)
        {
            await daemon.SendAsync(new JsonObject { ["type"] = "agent_event", ["clientId"] = one.ClientId, ["payload"] = new JsonObject { ["seq"] = i } });
        }

        await daemon.SendAsync(new JsonObject { ["type"] = "fs_changed", ["payload"] = new JsonObject { ["seq"] = 500 } });
        var last = await other.UntilTypeAsync("fs_changed");
        while (one.Seen.Count(seen => (string?)seen["type"] == "agent_event") < 500)
        {
            await one.UntilTypeAsync("agent_event");
        }

        Assert.Equal(MachineKey, (string?)last["machineKey"]);
        Assert.Equal(Enumerable.Range(0, 500), one.Seen.Where(m => (string?)m["type"] == "agent_event").Select(m => (int)m["payload"]!["seq"]!));
        Assert.DoesNotContain(other.Seen, m => (string?)m["type"] == "agent_event");
    }

    [Fact]
    public async Task Binary_messages_and_the_largest_cross_nodes_as_they_are()
    {
        await using var daemon = await TestClient.ConnectAsync(_nodes[0].Url);
        var registration = TestRelay.Registration(MachineKey, (string)(await _nodes[0].TokensAsync())["access_token"]!);
        await daemon.AskAsync("daemon_register", registration);
        await using var client = await _nodes[1].ClientAsync();

        var text = new string('x', 12 * 1024 * 1024);
        var asked = client.AskAsync("projects_list", new JsonObject { ["text"] = text }, MachineKey);
        var request = await daemon.UntilTypeAsync("projects_list");
        await daemon.SendAsync(Answer(request, "projects_list_response"));
        await asked;

        Assert.Equal(text, (string?)request["payload"]!["text"]);

        // The machine's node hears from the client's whether it reads the binary form.
        await using var modern = await _nodes[1].ClientAsync("binary");
        var wanted = modern.AskAsync("fs_read", new JsonObject(), MachineKey);
        var read = await daemon.UntilTypeAsync("fs_read");
        await daemon.SendAsync(Answer(read, "fs_read_response"));
        await wanted;
        Assert.Equal("""["binary"]""", read["features"]!.ToJsonString());
        Assert.Null(request["features"]);

        // This machine did not say that it reads the binary form: that is known at its own node only.
        var header = Encoding.UTF8.GetBytes(new JsonObject { ["type"] = "file_write", ["requestId"] = "b1", ["machineKey"] = MachineKey, ["payload"] = new JsonObject() }.ToJsonString());
        await client.SendAsync([0, 0, 0, (byte)header.Length, .. header, 1, 2, 3], WebSocketMessageType.Binary);
        var refused = await client.UntilAsync(m => (string?)m["requestId"] == "b1");
        Assert.Equal("INVALID_REQUEST", (string?)refused["error"]!["code"]);
    }

    [Fact]
    public async Task Of_two_connections_of_one_machine_the_later_stays_wherever_they_are_and_who_waited_for_the_older_hears_so()
    {
        await using var older = await _nodes[0].MachineAsync(MachineKey);
        await using var client = await _nodes[1].ClientAsync();
        var waiting = client.AskAsync("projects_list", new JsonObject(), MachineKey);
        await older.UntilTypeAsync("projects_list");

        await using var newer = await _nodes[2].MachineAsync(MachineKey);

        Assert.Equal("MACHINE_OFFLINE", (string?)(await waiting)["error"]!["code"]);
        Assert.Equal(4409, await older.Closed.WaitAsync(TestClient.Patience));
        await StatusAsync(client, connected: true);
        var again = client.AskAsync("projects_list", new JsonObject(), MachineKey);
        await newer.SendAsync(Answer(await newer.UntilTypeAsync("projects_list"), "projects_list_response"));
        Assert.Equal("projects_list_response", (string?)(await again)["type"]);

        // The older one's end has been heard by now, and is not taken for the machine's.
        Assert.DoesNotContain(client.Seen, m => (string?)m["type"] == "daemon_status" && !(bool)m["payload"]!["connected"]!);
        Assert.True(await ConnectedAsync(client));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_machine_that_says_something_new_of_itself_still_answers_what_it_was_asked(int clientNode)
    {
        var token = (string)(await _nodes[0].TokensAsync())["access_token"]!;
        await using var daemon = await _nodes[0].MachineAsync(MachineKey, token);
        await using var client = await _nodes[clientNode].ClientAsync();
        var waiting = client.AskAsync("projects_list", new JsonObject(), MachineKey);
        var request = await daemon.UntilTypeAsync("projects_list");

        var registration = TestRelay.Registration(MachineKey, token);
        registration["projects"] = new JsonArray(new JsonObject { ["projectId"] = "p2", ["name"] = "Second" });
        await daemon.AskAsync("daemon_register", registration);
        await daemon.SendAsync(Answer(request, "projects_list_response"));

        Assert.Equal("projects_list_response", (string?)(await waiting)["type"]);

        // It is told, too, on a way of its own.
        if (client.Seen.All(m => (string?)m["type"] != "daemon_status"))
        {
            await client.UntilTypeAsync("daemon_status");
        }
    }

    [Fact]
    public async Task Twelve_connections_of_one_machine_at_once_leave_one()
    {
        var token = (string)(await _nodes[0].TokensAsync())["access_token"]!;
        await using var client = await _nodes[0].ClientAsync();
        List<TestClient> all = [];
        for (var i = 0; i < 12; i++)
        {
            all.Add(await TestClient.ConnectAsync(_nodes[i % 3].Url));
        }

        await Task.WhenAll(all.Select(daemon => daemon.SendAsync(new JsonObject
        {
            ["type"] = "daemon_register", ["requestId"] = "r", ["payload"] = TestRelay.Registration(MachineKey, token),
        })));

        // All but one are closed; and it is the one that is reached.
        List<TestClient> open = [.. all];
        while (open.Count > 1)
        {
            var closed = await Task.WhenAny(open.Select(daemon => daemon.Closed)).WaitAsync(TestClient.Patience);
            Assert.Equal(4409, await closed);
            open.RemoveAll(daemon => daemon.Closed == closed);
        }

        var request = open[0].UntilTypeAsync("projects_list");
        Task<JsonObject> asked;
        do
        {
            // Refused at once until its node has heard the last news.
            asked = client.AskAsync("projects_list", new JsonObject(), MachineKey);
            await Task.WhenAny(asked, request);
        }
        while (!request.IsCompleted);

        await open[0].SendAsync(Answer(await request, "projects_list_response"));
        Assert.Equal("projects_list_response", (string?)(await asked)["type"]);
        foreach (var daemon in all)
        {
            await daemon.DisposeAsync();
        }
    }

    [Fact]
    public async Task Who_is_gone_is_gone_for_the_other_nodes_too()
    {
        var daemon = await _nodes[0].MachineAsync(MachineKey);
        var client = await _nodes[1].ClientAsync();
        await using var watcher = await _nodes[2].ClientAsync();

        var clientId = client.ClientId;
        await client.DisposeAsync();
        Assert.Equal(clientId, (string?)(await daemon.UntilTypeAsync("client_disconnected"))["payload"]!["clientId"]);

        var asked = watcher.AskAsync("projects_list", new JsonObject(), MachineKey);
        await daemon.UntilTypeAsync("projects_list");
        await daemon.DisposeAsync();
        Assert.Equal("MACHINE_OFFLINE", (string?)(await asked)["error"]!["code"]);
        await StatusAsync(watcher, connected: false);
        Assert.False(await ConnectedAsync(watcher));
        Assert.Equal("MACHINE_OFFLINE", (string?)(await watcher.AskAsync("projects_list", new JsonObject(), MachineKey))["error"]!["code"]);
    }

    [Fact]
    public async Task A_pairing_code_made_on_one_node_is_taken_on_any_and_once()
    {
        var code = await _nodes[0].CodeAsync();
        List<TestClient> clients = [];
        for (var i = 0; i < 9; i++)
        {
            clients.Add(await TestClient.ConnectAsync(_nodes[i % 3].Url));
        }

        var answers = await Task.WhenAll(clients.Select(client => client.AskAsync("auth_exchange", new JsonObject { ["code"] = code })));

        Assert.Single(answers, answer => (string?)answer["type"] == "auth_exchange_response");
        Assert.All(answers.Where(answer => (string?)answer["type"] == "error"), answer => Assert.Equal("UNAUTHORIZED", (string?)answer["error"]!["code"]));
        foreach (var client in clients)
        {
            await client.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_refresh_token_is_spent_on_all_nodes_and_its_reuse_closes_the_device_on_all()
    {
        var tokens = await _nodes[0].TokensAsync();
        var first = (string)tokens["refresh_token"]!;
        await using var live = await TestClient.ConnectAsync(_nodes[2].Url);
        await live.RegisterAsync((string)tokens["access_token"]!);
        await using var one = await TestClient.ConnectAsync(_nodes[1].Url);

        var second = await one.AskAsync("token_refresh", new JsonObject { ["refresh_token"] = first });
        Assert.Equal("token_refresh_response", (string?)second["type"]);
        await one.AskAsync("token_refresh", new JsonObject { ["refresh_token"] = (string)second["payload"]!["refresh_token"]! });
        await using var thief = await TestClient.ConnectAsync(_nodes[0].Url);
        var reused = await thief.AskAsync("token_refresh", new JsonObject { ["refresh_token"] = first });

        Assert.Equal("UNAUTHORIZED", (string?)reused["error"]!["code"]);
        Assert.Equal(4401, await live.Closed.WaitAsync(TestClient.Patience));
    }

    [Fact]
    public async Task A_revoked_device_is_closed_on_every_node_and_listed_on_none()
    {
        await using var phone = await _nodes[0].ClientAsync();
        var tokens = await _nodes[1].TokensAsync();
        List<TestClient> lost = [];
        foreach (var node in _nodes)
        {
            var client = await TestClient.ConnectAsync(node.Url);
            await client.RegisterAsync((string)tokens["access_token"]!);
            lost.Add(client);
        }

        static async Task<JsonArray> DevicesAsync(TestClient asker) => (await asker.AskAsync("devices_list", new JsonObject()))["payload"]!["devices"]!.AsArray();
        var device = (string)(await DevicesAsync(lost[1])).Single(d => (bool)d!["current"]!)!["deviceId"]!;
        Assert.True((bool)(await DevicesAsync(phone)).Single(d => (string?)d!["deviceId"] == device)!["connected"]!);
        var revoked = Stopwatch.StartNew();
        await phone.AskAsync("device_revoke", new JsonObject { ["deviceId"] = device });

        var closed = await Task.WhenAll(lost.Select(client => client.Closed.WaitAsync(TestClient.Patience)));
        TestContext.Current.TestOutputHelper?.WriteLine($"Closed on all three nodes {revoked.Elapsed.TotalMilliseconds:0} ms after it was asked for.");
        Assert.All(closed, code => Assert.Equal(4401, code));
        foreach (var client in lost)
        {
            await client.DisposeAsync();
        }

        Assert.DoesNotContain(await DevicesAsync(phone), d => (string?)d!["deviceId"] == device);
    }

    [Fact]
    public async Task Guesses_at_codes_and_connections_of_an_account_are_counted_on_all_nodes_together()
    {
        List<TestClient> strangers = [];
        for (var i = 0; i < 3; i++)
        {
            strangers.Add(await TestClient.ConnectAsync(_nodes[i].Url));
        }

        List<string?> codes = [];
        for (var i = 0; i < 24 && codes.LastOrDefault() != "RATE_LIMITED"; i++)
        {
            codes.Add((string?)(await strangers[i % 3].AskAsync("auth_exchange", new JsonObject { ["code"] = $"guess {i}" }))["error"]!["code"]);
        }

        // Ten in one minute; the minute may have changed in between.
        Assert.Equal("RATE_LIMITED", codes.Last());
        Assert.InRange(codes.Count, 11, 21);
        foreach (var stranger in strangers)
        {
            await stranger.DisposeAsync();
        }
    }

    [Fact]
    public async Task An_account_has_as_many_connections_as_it_may_have_on_all_nodes_together_and_gets_them_back()
    {
        var token = (string)(await _nodes[0].TokensAsync())["access_token"]!;
        await using var machine = await _nodes[2].MachineAsync(MachineKey, token);
        List<TestClient> clients = [];
        for (var i = 0; i < 31; i++)
        {
            clients.Add(await TestClient.ConnectAsync(_nodes[i % 3].Url));
            Assert.Equal("client_register_response", (string?)(await clients[i].RegisterAsync(token))["type"]);
        }

        await using var more = await TestClient.ConnectAsync(_nodes[1].Url);
        Assert.Equal("RATE_LIMITED", (string?)(await more.RegisterAsync(token))["error"]!["code"]);

        await clients[0].DisposeAsync();
        clients.RemoveAt(0);
        await machine.UntilTypeAsync("client_disconnected");
        Assert.Equal("client_register_response", (string?)(await more.RegisterAsync(token))["type"]);
        foreach (var client in clients)
        {
            await client.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_sign_in_that_was_begun_at_one_node_ends_at_another_and_once()
    {
        await using var supabase = await SupabaseAuth.StartAsync();
        var url = fixture.Redis.NextUrl();
        await using var one = await TestRelay.StartAsync(identity: SupabaseTests.OptionsFor(supabase), redis: url);
        await using var other = await TestRelay.StartAsync(identity: SupabaseTests.OptionsFor(supabase), redis: url);
        using SignInBrowser browser = new();
        using var begun = await browser.GetAsync(browser.AuthorizeUrl(one.Url));
        using var person = await browser.GetAsync(begun.Headers.Location!);

        using var ended = await browser.GetAsync(new Uri(other.Url, person.Headers.Location!.PathAndQuery));
        using var again = await browser.GetAsync(person.Headers.Location!);

        Assert.Equal((302, 400), ((int)ended.StatusCode, (int)again.StatusCode));
        Assert.StartsWith(browser.RedirectUri, ended.Headers.Location!.AbsoluteUri, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_an_account_sends_to_one_node_is_taken_from_its_budget_on_the_others()
    {
        var tokens = await _nodes[0].TokensAsync();
        var (token, userId) = ((string)tokens["access_token"]!, (string)tokens["user_id"]!);
        await using var machine = await _nodes[0].MachineAsync(MachineKey, token);
        await using var loud = await TestClient.ConnectAsync(_nodes[0].Url);
        await loud.RegisterAsync(token);
        await using var other = await TestClient.ConnectAsync(_nodes[1].Url);
        await other.RegisterAsync(token);

        // Much more than what comes back in the time that the news takes, again and again: nodes tell of what was sent since they last did.
        JsonObject some = new() { ["type"] = "unknown", ["requestId"] = "r", ["machineKey"] = Guid.NewGuid().ToString(), ["payload"] = new string('x', 100_000) };
        JsonObject much = new() { ["type"] = "unknown", ["requestId"] = "r", ["machineKey"] = Guid.NewGuid().ToString(), ["payload"] = new string('x', 12_000_000) };
        using PeriodicTimer pace = new(TimeSpan.FromMilliseconds(100));
        using CancellationTokenSource limit = new(TestClient.Patience);
        var (rates, own) = (RelayRates.Default, 0);
        for (var i = 0; _nodes[1].Host.Here.Tenant(userId)!.Bytes.Left > rates.ByteBurst - 20_000_000; i++)
        {
            await other.SendAsync(some);
            own += 100_000;
            if (i % 5 == 0)
            {
                await loud.SendAsync(much);
            }

            await pace.WaitForNextTickAsync(limit.Token);
        }

        Assert.True(own < 20_000_000, "It was its own sending.");
    }

    [Fact]
    public async Task A_token_that_one_node_signed_with_a_new_key_is_good_on_the_others()
    {
        await _nodes[0].Host.DisposeAsync();
        await _nodes[0].StartAgainAsync(rotateKey: true);
        var token = (string)(await _nodes[0].TokensAsync())["access_token"]!;
        await using var client = await TestClient.ConnectAsync(_nodes[1].Url);

        Assert.Equal("client_register_response", (string?)(await client.RegisterAsync(token))["type"]);
    }
}
