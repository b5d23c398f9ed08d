using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using PocketCoder.Protocol;
using PocketCoder.Relay.Identity;
using PocketCoder.TestSupport;
using PocketCoder.TestSupport.Supabase;
using Xunit;

namespace PocketCoder.Relay.Tests;

/// <summary>GitHub through Supabase Auth, as the reference has it.</summary>
public class SupabaseTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly SignInBrowser _browser = new();
    private SupabaseAuth _supabase = null!;
    private TestRelay _relay = null!;

    /// <summary>Where the relay keeps what it knows, if not in a file.</summary>
    protected virtual string? Redis => null;
    private TestClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _supabase = await SupabaseAuth.StartAsync(_time);
        _relay = await TestRelay.StartAsync(_time, OptionsFor(_supabase), Redis);
        _client = await TestClient.ConnectAsync(_relay.Url);
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _relay.DisposeAsync();
        await _supabase.DisposeAsync();
        _browser.Dispose();
    }

    public static IdentityOptions OptionsFor(SupabaseAuth supabase) => new(AuthMode.Supabase)
    {
        SupabaseUrl = supabase.Url.AbsoluteUri,
        SupabaseKey = SupabaseAuth.ApiKey,
        SupabaseJwtSecret = supabase.Keys.Secret,
    };

    private Task<JsonObject> RefreshAsync(string token) => _client.AskAsync("token_refresh", new JsonObject { ["refresh_token"] = token });

    [Fact]
    public async Task A_person_signs_in_through_Supabase_and_only_the_relay_speaks_to_it()
    {
        var greeting = await _client.UntilTypeAsync("connected");
        var landed = await _browser.SignInAsync(_relay.Url);
        var exchanged = await _client.AskAsync("auth_exchange", _browser.Exchange(landed["code"]));
        var registered = await _client.RegisterAsync((string)exchanged["payload"]!["access_token"]!);

        Assert.Equal("supabase", (string?)greeting["payload"]!["authMode"]);
        Assert.Equal(_browser.State, landed["state"]);
        Assert.Equal(["code", "state"], landed.Keys.Order());
        Assert.Equal(_supabase.User, (string?)exchanged["payload"]!["user_id"]);
        Assert.Equal(_supabase.User, (string?)registered["payload"]!["user_id"]);
        var authorize = Assert.Single(_supabase.Requests, r => r.StartsWith("/auth/v1/authorize", StringComparison.Ordinal));
        Assert.Contains($"code_challenge={_browser.Challenge}&code_challenge_method=s256", authorize, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_code_works_once_and_with_its_own_verifier_only()
    {
        var first = (await _browser.SignInAsync(_relay.Url))["code"];
        await _client.AskAsync("auth_exchange", _browser.Exchange(first));
        var old = (await _browser.SignInAsync(_relay.Url))["code"];
        _time.Advance(TimeSpan.FromMinutes(5) + TimeSpan.FromSeconds(1));
        var stolen = (await _browser.SignInAsync(_relay.Url))["code"];
        using SignInBrowser thief = new();

        List<string> refusals = [];
        await using var client = await TestClient.ConnectAsync(_relay.Url);
        foreach (var request in (JsonObject[])[_browser.Exchange(first), _browser.Exchange(old), thief.Exchange(stolen), new() { ["code"] = stolen }, _browser.Exchange("invented"), _browser.Exchange("")])
        {
            refusals.Add((await client.AskAsync("auth_exchange", request))["error"]!.ToJsonString());
        }

        Assert.Contains("UNAUTHORIZED", Assert.Single(refusals.Distinct()), StringComparison.Ordinal);
        Assert.Equal("auth_exchange_response", (string?)(await client.AskAsync("auth_exchange", _browser.Exchange(stolen)))["type"]);
    }

    [Fact]
    public async Task Who_says_no_comes_back_with_an_error_and_the_state()
    {
        _supabase.User = null;

        var landed = await _browser.SignInAsync(_relay.Url);

        Assert.Equal(("access_denied", _browser.State), (landed["error"], landed["state"]));
    }

    [Fact]
    public async Task A_refresh_token_is_traded_at_Supabase_and_a_lost_answer_asked_for_again()
    {
        var tokens = await _browser.TokensAsync(_relay.Url);

        var next = await RefreshAsync((string)tokens["refresh_token"]!);
        var again = await RefreshAsync((string)tokens["refresh_token"]!);

        Assert.Equal("token_refresh_response", (string?)next["type"]);
        Assert.NotEqual((string?)tokens["refresh_token"], (string?)next["payload"]!["refresh_token"]);
        Assert.Equal((string?)next["payload"]!["refresh_token"], (string?)again["payload"]!["refresh_token"]);
    }

    [Fact]
    public async Task A_spent_token_that_is_used_again_ends_the_session_and_its_live_connection()
    {
        var tokens = await _browser.TokensAsync(_relay.Url);
        var second = await RefreshAsync((string)tokens["refresh_token"]!);
        var third = await RefreshAsync((string)second["payload"]!["refresh_token"]!);
        await using var owner = await TestClient.ConnectAsync(_relay.Url);
        await owner.RegisterAsync((string)third["payload"]!["access_token"]!);
        _time.Advance(TimeSpan.FromSeconds(11));
        await using var thief = await TestClient.ConnectAsync(_relay.Url);
        async Task<string?> StealAsync(JsonNode of) =>
            (string?)(await thief.AskAsync("token_refresh", new JsonObject { ["refresh_token"] = (string)of["refresh_token"]! }))["error"]?["code"];

        var stolen = await StealAsync(tokens);

        Assert.Equal("UNAUTHORIZED", stolen);
        Assert.Equal(4401, await owner.Closed.WaitAsync(TestClient.Patience));
        Assert.Equal("UNAUTHORIZED", await StealAsync(third["payload"]!));
    }

    [Fact]
    public async Task A_new_key_is_seen_without_a_restart_and_one_that_was_taken_away_is_gone()
    {
        var old = _supabase.SignIn("user").AccessToken;
        await using var before = await TestClient.ConnectAsync(_relay.Url);
        await before.RegisterAsync(old);
        _supabase.Keys.Rotate();
        _time.Advance(TimeSpan.FromSeconds(6));

        var fresh = await _client.RegisterAsync(_supabase.SignIn("user").AccessToken);
        await using var still = await TestClient.ConnectAsync(_relay.Url);
        var kept = await still.RegisterAsync(old);
        _supabase.Keys.RevokeOld();
        _time.Advance(TimeSpan.FromMinutes(10));
        await using var after = await TestClient.ConnectAsync(_relay.Url);
        var revoked = await after.RegisterAsync(old);

        Assert.Equal(("client_register_response", "client_register_response"), ((string?)fresh["type"], (string?)kept["type"]));
        Assert.Equal("UNAUTHORIZED", (string?)revoked["error"]!["code"]);
    }

    [Fact]
    public async Task When_the_keys_cannot_be_fetched_anew_they_are_asked_for_again_soon()
    {
        var old = _supabase.SignIn("user").AccessToken;
        await _client.RegisterAsync(old);
        _supabase.Keys.Rotate();
        _supabase.Keys.RevokeOld();
        _supabase.Down = true;
        _time.Advance(TimeSpan.FromMinutes(10));
        await using var during = await TestClient.ConnectAsync(_relay.Url);
        var kept = await during.RegisterAsync(old);
        _supabase.Down = false;
        _time.Advance(TimeSpan.FromSeconds(5));
        await using var after = await TestClient.ConnectAsync(_relay.Url);

        var gone = await after.RegisterAsync(old);

        Assert.Equal("client_register_response", (string?)kept["type"]);
        Assert.Equal("UNAUTHORIZED", (string?)gone["error"]?["code"]);
    }

    [Fact]
    public async Task A_registration_is_looked_at_anew_after_an_hour_though_its_token_is_good_for_a_week()
    {
        _supabase.Keys.Life = TimeSpan.FromDays(7);
        await _client.RegisterAsync(_supabase.SignIn("user").AccessToken);

        _time.Advance(TimeSpan.FromMinutes(59) + TimeSpan.FromSeconds(1));
        await _client.UntilTypeAsync("token_expiring");
        _time.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal(4401, await _client.Closed.WaitAsync(TestClient.Patience));
    }

    [Fact]
    public async Task Invented_key_ids_make_the_relay_ask_once_in_five_seconds()
    {
        await _client.RegisterAsync(_supabase.SignIn("user").AccessToken);
        _time.Advance(TimeSpan.FromSeconds(6));
        var asked = _supabase.KeyRequests;
        var forged = new SupabaseKeys(_time, secret: null);
        for (var i = 0; i < 20; i++)
        {
            forged.Rotate();
            await using var stranger = await TestClient.ConnectAsync(_relay.Url);
            Assert.Equal("UNAUTHORIZED", (string?)(await stranger.RegisterAsync(forged.Sign(_supabase.Keys.Claims(_supabase.Issuer, "user", Guid.NewGuid()))))["error"]!["code"]);
        }

        Assert.Equal(asked + 1, _supabase.KeyRequests);
    }

    [Fact]
    public async Task Strangers_with_invented_keys_do_not_keep_a_new_key_from_being_seen()
    {
        var session = _supabase.SignIn("user");
        await _client.RegisterAsync(new SupabaseKeys(_time, secret: null).Sign(_supabase.Keys.Claims(_supabase.Issuer, "user", Guid.NewGuid())));
        _supabase.Keys.Rotate();

        var refreshed = await RefreshAsync(session.RefreshToken);
        var registered = await _client.RegisterAsync((string)refreshed["payload"]!["access_token"]!);

        Assert.Equal("client_register_response", (string?)registered["type"]);
    }

    [Fact]
    public async Task While_Supabase_is_down_the_last_keys_go_on_and_nobody_is_logged_out()
    {
        var tokens = await _browser.TokensAsync(_relay.Url);
        await _client.RegisterAsync((string)tokens["access_token"]!);
        _supabase.Down = true;
        _time.Advance(TimeSpan.FromMinutes(11));

        var registered = await _client.RegisterAsync((string)tokens["access_token"]!);
        var refreshed = await RefreshAsync((string)tokens["refresh_token"]!);
        var exchanged = await _client.AskAsync("auth_exchange", _browser.Exchange("code"));
        _supabase.Down = false;

        Assert.Equal("client_register_response", (string?)registered["type"]);
        Assert.Equal(("RELAY_TIMEOUT", "RELAY_TIMEOUT"), ((string?)refreshed["error"]!["code"], (string?)exchanged["error"]!["code"]));
        Assert.Equal("token_refresh_response", (string?)(await RefreshAsync((string)tokens["refresh_token"]!))["type"]);
    }

    public static TheoryData<int, string> Troubles => new()
    {
        { 409, """{"code":409,"error_code":"conflict","msg":"Too many concurrent token refresh requests on the same session or refresh token"}""" },
        { 400, """{"code":400,"error_code":"validation_failed","msg":"Could not parse request body as JSON"}""" },
        { 422, """{"code":422,"error_code":"unexpected_failure","msg":"?"}""" },
        { 403, "<html>Blocked</html>" },
        { 404, """{"message":"no Route matched with those values"}""" },
        { 404, """{"error":"invalid_grant"}""" },
        { 302, "" },
        { 200, "<html>Be right back</html>" },
        { 200, "{}" },
        { 400, "[]" },
    };

    [Theory]
    [MemberData(nameof(Troubles))]
    public async Task Trouble_at_Supabase_is_no_refusal(int status, string body)
    {
        var tokens = await _browser.TokensAsync(_relay.Url);
        await _client.RegisterAsync((string)tokens["access_token"]!);
        _supabase.Trouble = (status, body);

        var refreshed = await RefreshAsync((string)tokens["refresh_token"]!);
        var exchanged = await _client.AskAsync("auth_exchange", _browser.Exchange("code"));
        _supabase.Trouble = null;

        Assert.Equal(("RELAY_TIMEOUT", "RELAY_TIMEOUT"), ((string?)refreshed["error"]?["code"], (string?)exchanged["error"]?["code"]));
        Assert.Equal("token_refresh_response", (string?)(await RefreshAsync((string)tokens["refresh_token"]!))["type"]);
    }

    [Theory]
    [InlineData(400, """{"error":"invalid_grant","error_description":"Invalid Refresh Token"}""")]
    [InlineData(403, """{"code":403,"error_code":"session_expired","msg":"Session expired"}""")]
    [InlineData(400, """{"code":400,"error_code":"refresh_token_not_found","msg":"Invalid Refresh Token: Refresh Token Not Found"}""")]
    public async Task A_refusal_of_Supabases_own_ends_the_device(int status, string body)
    {
        var tokens = await _browser.TokensAsync(_relay.Url);
        await _client.RegisterAsync((string)tokens["access_token"]!);
        await using var other = await TestClient.ConnectAsync(_relay.Url);
        _supabase.Trouble = (status, body);

        var refused = await other.AskAsync("token_refresh", new JsonObject { ["refresh_token"] = (string)tokens["refresh_token"]! });

        Assert.Equal("UNAUTHORIZED", (string?)refused["error"]?["code"]);
        Assert.Equal(4401, await _client.Closed.WaitAsync(TestClient.Patience));
    }

    [Fact]
    public async Task A_fresh_token_whose_key_is_not_published_yet_is_no_refusal()
    {
        var session = _supabase.SignIn("user");
        _supabase.Keys.Rotate();
        _supabase.Keys.PublishesLate = true;

        var early = await RefreshAsync(session.RefreshToken);
        _supabase.Keys.PublishesLate = false;
        var later = await RefreshAsync(session.RefreshToken);

        Assert.Equal("RELAY_TIMEOUT", (string?)early["error"]?["code"]);
        Assert.Equal("token_refresh_response", (string?)later["type"]);
    }

    [Fact]
    public async Task A_relay_that_starts_while_Supabase_is_down_judges_no_token_until_it_has_the_keys()
    {
        _supabase.Down = true;
        await using var relay = await TestRelay.StartAsync(_time, OptionsFor(_supabase), Redis);
        await using var client = await TestClient.ConnectAsync(relay.Url);
        var token = _supabase.SignIn("user").AccessToken;

        var during = await client.RegisterAsync(token);
        _supabase.Down = false;
        _time.Advance(TimeSpan.FromSeconds(6));
        var after = await client.RegisterAsync(token);

        Assert.Equal("RELAY_TIMEOUT", (string?)during["error"]!["code"]);
        Assert.Equal("client_register_response", (string?)after["type"]);
    }

    [Fact]
    public async Task A_revoked_session_is_out_at_once_though_Supabase_would_renew_it()
    {
        var (lost, kept) = (await _browser.TokensAsync(_relay.Url), await _browser.TokensAsync(_relay.Url));
        await using var phone = await TestClient.ConnectAsync(_relay.Url);
        await phone.RegisterAsync((string)lost["access_token"]!);
        await _client.RegisterAsync((string)kept["access_token"]!);
        var devices = (await _client.AskAsync("devices_list", new JsonObject()))["payload"]!["devices"]!.AsArray();

        var revoked = await _client.AskAsync("device_revoke", new JsonObject { ["deviceId"] = (string)devices.Single(d => !(bool)d!["current"]!)!["deviceId"]! });

        Assert.Equal("device_revoke_response", (string?)revoked["type"]);
        Assert.Equal(4401, await phone.Closed.WaitAsync(TestClient.Patience));
        await using var again = await TestClient.ConnectAsync(_relay.Url);
        Assert.Equal("UNAUTHORIZED", (string?)(await again.RegisterAsync((string)lost["access_token"]!))["error"]!["code"]);
        Assert.Equal("UNAUTHORIZED", (string?)(await again.AskAsync("token_refresh", new JsonObject { ["refresh_token"] = (string)lost["refresh_token"]! }))["error"]!["code"]);
        Assert.Equal("token_refresh_response", (string?)(await RefreshAsync((string)kept["refresh_token"]!))["type"]);
    }

    [Theory]
    [InlineData("token_refresh")]
    [InlineData("token_revoke")]
    public async Task Strangers_with_invented_tokens_do_not_spend_what_the_relay_may_ask_of_Supabase(string type)
    {
        var tokens = await _browser.TokensAsync(_relay.Url);
        var asked = _supabase.Requests.Count(IsRefresh);
        List<string?> answers = [];
        for (var i = 0; i < 30; i++)
        {
            answers.Add((string?)(await _client.AskAsync(type, new JsonObject { ["refresh_token"] = $"invented {i}" }))["error"]?["code"]);
        }

        Assert.Contains("RATE_LIMITED", answers);
        Assert.True(_supabase.Requests.Count(IsRefresh) - asked <= 10);
        Assert.Equal("token_refresh_response", (string?)(await RefreshAsync((string)tokens["refresh_token"]!))["type"]);

        static bool IsRefresh(string request) => request == "/auth/v1/token?grant_type=refresh_token";
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_token_that_is_given_back_ends_its_session_here_and_at_Supabase(bool up)
    {
        var (leaving, staying) = (await _browser.TokensAsync(_relay.Url), await _browser.TokensAsync(_relay.Url));
        await _client.RegisterAsync((string)leaving["access_token"]!);
        await using var other = await TestClient.ConnectAsync(_relay.Url);
        _supabase.Down = !up;

        var answer = await other.AskAsync("token_revoke", new JsonObject { ["refresh_token"] = (string)leaving["refresh_token"]! });
        _supabase.Down = false;

        Assert.Equal("token_revoke_response", (string?)answer["type"]);
        Assert.Equal(4401, await _client.Closed.WaitAsync(TestClient.Patience));
        Assert.Equal("UNAUTHORIZED", (string?)(await other.AskAsync("token_refresh", new JsonObject { ["refresh_token"] = (string)leaving["refresh_token"]! }))["error"]!["code"]);
        Assert.Equal("token_refresh_response", (string?)(await other.AskAsync("token_refresh", new JsonObject { ["refresh_token"] = (string)staying["refresh_token"]! }))["type"]);
        Assert.Equal(up ? 1 : 0, _supabase.Requests.Count(r => r == "/auth/v1/logout?scope=local"));
    }

    [Fact]
    public async Task A_machine_key_is_the_accounts_that_registered_it_first()
    {
        var machineKey = Guid.NewGuid().ToString();
        var (ann, bob) = (_supabase.SignIn(Guid.NewGuid().ToString()), _supabase.SignIn(Guid.NewGuid().ToString()));
        var first = await _relay.MachineAsync(machineKey, ann.AccessToken);

        var stolen = await Assert.ThrowsAsync<InvalidOperationException>(() => _relay.MachineAsync(machineKey, bob.AccessToken));
        await _client.RegisterAsync(bob.AccessToken);
        var foreign = await _client.AskAsync("projects_list", new JsonObject(), machineKey);
        var absent = await _client.AskAsync("projects_list", new JsonObject(), Guid.NewGuid().ToString());
        await first.DisposeAsync();
        var whileAway = await Assert.ThrowsAsync<InvalidOperationException>(() => _relay.MachineAsync(machineKey, bob.AccessToken));
        await _relay.Host.DisposeAsync();
        await _relay.StartAgainAsync();
        var afterRestart = await Assert.ThrowsAsync<InvalidOperationException>(() => _relay.MachineAsync(machineKey, bob.AccessToken));
        await using var back = await _relay.MachineAsync(machineKey, ann.AccessToken);

        Assert.All([stolen, whileAway, afterRestart], refused => Assert.Contains("UNAUTHORIZED", refused.Message, StringComparison.Ordinal));
        Assert.Equal("NOT_FOUND", (string?)foreign["error"]!["code"]);
        Assert.Equal(absent["error"]!.ToJsonString(), foreign["error"]!.ToJsonString());
    }

    [Fact]
    public async Task Pairing_codes_are_not_made_where_people_sign_in_at_Supabase()
    {
        await using var machine = await _relay.MachineAsync(Guid.NewGuid().ToString(), _supabase.SignIn("user").AccessToken);

        var refused = await machine.AskAsync("pairing_code_create", new JsonObject());

        Assert.Contains("sign in", (string?)refused["error"]!["message"], StringComparison.Ordinal);
    }
}
