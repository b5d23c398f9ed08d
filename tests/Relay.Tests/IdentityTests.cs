using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Relay.Tests;

public class IdentityTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private TestRelay _relay = null!;

    /// <summary>Where the relay keeps what it knows, if not in a file.</summary>
    protected virtual string? Redis => null;

    public async ValueTask InitializeAsync() => _relay = await TestRelay.StartAsync(_time, redis: Redis);

    public ValueTask DisposeAsync() => _relay.DisposeAsync();

    [Fact]
    public async Task A_pairing_code_works_once()
    {
        var code = await _relay.CodeAsync();
        await using var client = await TestClient.ConnectAsync(_relay.Url);

        var first = await client.AskAsync("auth_exchange", new JsonObject { ["code"] = code });
        var second = await client.AskAsync("auth_exchange", new JsonObject { ["code"] = code });

        Assert.Equal("auth_exchange_response", (string?)first["type"]);
        Assert.Equal("UNAUTHORIZED", (string?)second["error"]!["code"]);
    }

    [Fact]
    public async Task Of_many_who_use_one_code_at_once_one_gets_in()
    {
        var code = await _relay.CodeAsync();
        var clients = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => TestClient.ConnectAsync(_relay.Url)));

        var answers = await Task.WhenAll(clients.Select(c => c.AskAsync("auth_exchange", new JsonObject { ["code"] = code })));

        Assert.Single(answers, a => (string?)a["type"] == "auth_exchange_response");
        await Task.WhenAll(clients.Select(c => c.DisposeAsync().AsTask()));
    }

    [Fact]
    public async Task A_spent_an_expired_and_an_invented_code_are_refused_alike()
    {
        var expired = await _relay.CodeAsync();
        _time.Advance(TimeSpan.FromMinutes(5) + TimeSpan.FromSeconds(1));
        var spent = await _relay.CodeAsync();
        await using var client = await TestClient.ConnectAsync(_relay.Url);
        await client.AskAsync("auth_exchange", new JsonObject { ["code"] = spent });

        List<string> refusals = [];
        foreach (var code in (string[])[expired, spent, "never-made", ""])
        {
            refusals.Add((await client.AskAsync("auth_exchange", new JsonObject { ["code"] = code }))["error"]!.ToJsonString());
        }

        Assert.Single(refusals.Distinct());
        Assert.Contains("UNAUTHORIZED", refusals[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Guessing_codes_is_slowed_down()
    {
        await using var client = await TestClient.ConnectAsync(_relay.Url);
        JsonObject last = [];
        for (var i = 0; i < 11; i++)
        {
            last = await client.AskAsync("auth_exchange", new JsonObject { ["code"] = $"guess{i}" });
        }

        Assert.Equal("RATE_LIMITED", (string?)last["error"]!["code"]);
    }

    [Fact]
    public async Task A_refresh_token_is_traded_for_the_next_one()
    {
        var tokens = await _relay.TokensAsync();
        await using var client = await TestClient.ConnectAsync(_relay.Url);

        var refreshed = await client.AskAsync("token_refresh", new JsonObject { ["refresh_token"] = (string)tokens["refresh_token"]! });
        var registered = await client.RegisterAsync((string)refreshed["payload"]!["access_token"]!);

        Assert.NotEqual((string?)tokens["refresh_token"], (string?)refreshed["payload"]!["refresh_token"]);
        Assert.Equal((string?)tokens["user_id"], (string?)registered["payload"]!["user_id"]);
    }

    [Fact]
    public async Task A_spent_refresh_token_ends_its_family_and_the_live_connection()
    {
        var tokens = await _relay.TokensAsync();
        await using var owner = await TestClient.ConnectAsync(_relay.Url);
        var next = await owner.AskAsync("token_refresh", new JsonObject { ["refresh_token"] = (string)tokens["refresh_token"]! });
        await owner.RegisterAsync((string)next["payload"]!["access_token"]!);
        await using var thief = await TestClient.ConnectAsync(_relay.Url);

        var stolen = await thief.AskAsync("token_refresh", new JsonObject { ["refresh_token"] = (string)tokens["refresh_token"]! });

        Assert.Equal("UNAUTHORIZED", (string?)stolen["error"]!["code"]);
        Assert.Equal(4401, await owner.Closed.WaitAsync(TestClient.Patience));
        var after = await thief.AskAsync("token_refresh", new JsonObject { ["refresh_token"] = (string)next["payload"]!["refresh_token"]! });
        Assert.Equal("UNAUTHORIZED", (string?)after["error"]!["code"]);
    }

    [Fact]
    public async Task A_refresh_whose_answer_was_lost_can_be_asked_again()
    {
        var tokens = await _relay.TokensAsync();
        await using var client = await TestClient.ConnectAsync(_relay.Url);
        JsonObject Attempt() => new() { ["refresh_token"] = (string)tokens["refresh_token"]!, ["attempt"] = "a1" };
        await client.AskAsync("token_refresh", Attempt());

        var again = await client.AskAsync("token_refresh", Attempt());

        Assert.Equal("token_refresh_response", (string?)again["type"]);
        var next = await client.AskAsync("token_refresh", new JsonObject { ["refresh_token"] = (string)again["payload"]!["refresh_token"]! });
        Assert.Equal("token_refresh_response", (string?)next["type"]);
    }

    private async Task<JsonObject> RefreshAsync(JsonNode of, string? attempt = null)
    {
        await using var client = await TestClient.ConnectAsync(_relay.Url);
        return await client.AskAsync("token_refresh", new JsonObject { ["refresh_token"] = (string)of["refresh_token"]!, ["attempt"] = attempt });
    }

    [Fact]
    public async Task A_lost_answer_can_be_asked_for_again_however_long_it_takes_and_however_often()
    {
        var tokens = await _relay.TokensAsync();
        await RefreshAsync(tokens, "a1");
        _time.Advance(TimeSpan.FromDays(20));
        await RefreshAsync(tokens, "a1");
        _time.Advance(TimeSpan.FromDays(9));

        var again = await RefreshAsync(tokens, "a1");
        var next = await RefreshAsync(again["payload"]!, "a2");

        Assert.Equal(("token_refresh_response", "token_refresh_response"), ((string?)again["type"], (string?)next["type"]));
    }

    [Fact]
    public async Task Asking_again_does_not_make_the_exchange_live_longer()
    {
        var tokens = await _relay.TokensAsync();
        await RefreshAsync(tokens, "a1");
        _time.Advance(TimeSpan.FromDays(29));
        await RefreshAsync(tokens, "a1");
        _time.Advance(TimeSpan.FromDays(2));

        Assert.Equal("UNAUTHORIZED", (string?)(await RefreshAsync(tokens, "a1"))["error"]?["code"]);
    }

    [Theory]
    [InlineData("its successor was used")]
    [InlineData("another attempt")]
    public async Task A_retry_that_is_none_is_theft(string why)
    {
        var tokens = await _relay.TokensAsync();
        await using var owner = await TestClient.ConnectAsync(_relay.Url);
        var next = await RefreshAsync(tokens, "a1");
        if (why == "its successor was used")
        {
            next = await RefreshAsync(next["payload"]!, "a2");
        }

        await owner.RegisterAsync((string)next["payload"]!["access_token"]!);

        var stolen = await RefreshAsync(tokens, why == "another attempt" ? "a3" : "a1");

        Assert.Equal("UNAUTHORIZED", (string?)stolen["error"]?["code"]);
        Assert.Equal(4401, await owner.Closed.WaitAsync(TestClient.Patience));
        Assert.Equal("UNAUTHORIZED", (string?)(await RefreshAsync(next["payload"]!))["error"]?["code"]);
    }

    [Fact]
    public async Task Who_shows_a_token_whose_answer_was_taken_for_lost_ends_the_device()
    {
        var tokens = await _relay.TokensAsync();
        await using var thief = await TestClient.ConnectAsync(_relay.Url);
        var owners = await RefreshAsync(tokens, "a1");
        var thiefs = await RefreshAsync(tokens, "a1");
        await thief.RegisterAsync((string)thiefs["payload"]!["access_token"]!);

        var alarm = await RefreshAsync(owners["payload"]!, "a2");

        Assert.Equal("UNAUTHORIZED", (string?)alarm["error"]?["code"]);
        Assert.Equal(4401, await thief.Closed.WaitAsync(TestClient.Patience));
        Assert.Equal("UNAUTHORIZED", (string?)(await RefreshAsync(thiefs["payload"]!, "a3"))["error"]?["code"]);
    }

    [Fact]
    public async Task Devices_and_machines_survive_a_restart_of_the_relay()
    {
        var machineKey = Guid.NewGuid().ToString();
        var tokens = await _relay.TokensAsync();
        await (await _relay.MachineAsync(machineKey)).DisposeAsync();
        await _relay.Host.DisposeAsync();
        await _relay.StartAgainAsync();
        await using var client = await TestClient.ConnectAsync(_relay.Url);

        var registered = await client.RegisterAsync((string)tokens["access_token"]!);

        Assert.Equal(machineKey, (string?)registered["payload"]!["machines"]![0]!["machineKey"]);
        Assert.False((bool)registered["payload"]!["machines"]![0]!["connected"]!);
    }

    [Fact]
    public async Task A_token_that_ends_is_announced_and_then_ends_the_connection()
    {
        await using var client = await _relay.ClientAsync();

        _time.Advance(TimeSpan.FromMinutes(9) + TimeSpan.FromSeconds(1));
        await client.UntilTypeAsync("token_expiring");
        _time.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal(4401, await client.Closed.WaitAsync(TestClient.Patience));
    }

    [Fact]
    public async Task Registering_again_with_a_fresh_token_keeps_the_connection()
    {
        var tokens = await _relay.TokensAsync();
        await using var client = await TestClient.ConnectAsync(_relay.Url);
        await client.RegisterAsync((string)tokens["access_token"]!);
        var clientId = client.ClientId;
        _time.Advance(TimeSpan.FromMinutes(9) + TimeSpan.FromSeconds(1));
        await client.UntilTypeAsync("token_expiring");

        var fresh = await client.AskAsync("token_refresh", new JsonObject { ["refresh_token"] = (string)tokens["refresh_token"]! });
        await client.RegisterAsync((string)fresh["payload"]!["access_token"]!);
        _time.Advance(TimeSpan.FromMinutes(2));

        Assert.Equal("machines_list_response", (string?)(await client.AskAsync("machines_list", new JsonObject()))["type"]);
        Assert.Equal(clientId, client.ClientId);
    }

    public static TheoryData<string> BadTokens => new(
        "", "x", "a.b.c", "..", "null",
        Unsigned("none", "HS256"), Unsigned("none", "none"), Unsigned("jwt", "ES256"), new string('a', 60_000));

    [Theory]
    [MemberData(nameof(BadTokens))]
    public async Task A_token_that_this_relay_did_not_sign_is_refused(string token)
    {
        await using var client = await TestClient.ConnectAsync(_relay.Url);

        Assert.Equal("UNAUTHORIZED", (string?)(await client.RegisterAsync(token))["error"]!["code"]);
        var daemon = await client.AskAsync("daemon_register", TestRelay.Registration(Guid.NewGuid().ToString(), token));
        Assert.Equal("UNAUTHORIZED", (string?)daemon["error"]!["code"]);
    }

    [Theory]
    [InlineData("client_register", "token")]
    [InlineData("auth_exchange", "code")]
    [InlineData("token_refresh", "refresh_token")]
    public async Task Half_a_surrogate_pair_is_answered_and_does_not_end_the_connection(string type, string member)
    {
        await using var client = await TestClient.ConnectAsync(_relay.Url);

        await client.SendAsync($$$"""{"type":"{{{type}}}","requestId":"half","payload":{"{{{member}}}":"\ud800"}}""");
        var answer = await client.UntilAsync(message => (string?)message["requestId"] == "half");

        Assert.Equal("error", (string?)answer["type"]);
        Assert.Equal("pong", (string?)(await client.AskAsync("ping", null))["type"]);
    }

    [Fact]
    public async Task A_token_with_one_changed_character_is_refused()
    {
        var token = (string)(await _relay.TokensAsync())["access_token"]!;
        await using var client = await TestClient.ConnectAsync(_relay.Url);
        foreach (var at in (int[])[2, token.IndexOf('.') + 5, token.LastIndexOf('.') + 5])
        {
            var changed = token.Remove(at, 1).Insert(at, token[at] == 'A' ? "B" : "A");

            Assert.Equal("UNAUTHORIZED", (string?)(await client.RegisterAsync(changed))["error"]!["code"]);
        }
    }

    private static string Unsigned(string type, string algorithm)
    {
        static string Encode(string json) => Convert.ToBase64String(Encoding.UTF8.GetBytes(json)).TrimEnd('=').Replace('+', '-').Replace('/', '_');
        var signature = algorithm == "none" ? "" : Encode("signature");
        return $"{Encode($$"""{"alg":"{{algorithm}}","typ":"{{type}}"}""")}.{Encode("""{"sub":"owner","device":"d","iss":"pocketcoder","aud":"pocketcoder-relay","exp":4102444800}""")}.{signature}";
    }
}
