using System.Text.Json.Nodes;
using PocketCoder.Protocol;
using PocketCoder.Relay.Identity;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Relay.Tests;

/// <summary>A real OpenID provider, and who of its users may come in.</summary>
public sealed class OidcTests(OidcTests.AtTheProvider shared) : IAsyncLifetime, IClassFixture<OidcTests.AtTheProvider>
{
    private readonly SignInBrowser _browser = new();
    private readonly OidcProvider _provider = shared.Provider;

    /// <summary>One provider for all: it takes a second to start.</summary>
    public sealed class AtTheProvider : IAsyncLifetime
    {
        public OidcProvider Provider { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Provider = await OidcProvider.StartAsync();

        public ValueTask DisposeAsync() => Provider.DisposeAsync();
    }

    public async ValueTask InitializeAsync() => await _provider.NextIsAsync("ann");

    public ValueTask DisposeAsync()
    {
        _browser.Dispose();
        return ValueTask.CompletedTask;
    }

    private Task<TestRelay> RelayAsync(string allow = "*", bool confidential = true, OidcProvider? provider = null) => TestRelay.StartAsync(identity: new IdentityOptions(AuthMode.Oidc)
    {
        OidcIssuer = (provider ?? _provider).Issuer,
        OidcClientId = confidential ? "confidential" : "public",
        OidcClientSecret = confidential ? OidcProvider.Secret : null,
        OidcAllow = allow.Split(','),
    });

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_person_signs_in_at_the_provider_and_gets_tokens_of_the_relay(bool confidential)
    {
        await using var relay = await RelayAsync(confidential: confidential);
        await using var client = await TestClient.ConnectAsync(relay.Url);

        var greeting = await client.UntilTypeAsync("connected");
        var landed = await _browser.SignInAsync(relay.Url);
        var exchanged = await client.AskAsync("auth_exchange", _browser.Exchange(landed["code"]));
        var refreshed = await client.AskAsync("token_refresh", new JsonObject { ["refresh_token"] = (string)exchanged["payload"]!["refresh_token"]! });
        var registered = await client.RegisterAsync((string)refreshed["payload"]!["access_token"]!);

        Assert.Equal("oidc", (string?)greeting["payload"]!["authMode"]);
        Assert.Equal(_browser.State, landed["state"]);
        Assert.Equal($"{_provider.Issuer}|ann", (string?)registered["payload"]!["user_id"]);
    }

    [Fact]
    public async Task The_same_person_is_the_same_account_and_another_one_is_not()
    {
        await using var relay = await RelayAsync();
        var (first, second) = (await _browser.TokensAsync(relay.Url), await _browser.TokensAsync(relay.Url));
        using SignInBrowser elsewhere = new();
        await _provider.NextIsAsync("bob");
        var bob = await elsewhere.TokensAsync(relay.Url);
        var machineKey = Guid.NewGuid().ToString();
        await using var machine = await relay.MachineAsync(machineKey, (string)first["access_token"]!);
        await using var own = await TestClient.ConnectAsync(relay.Url);
        await using var foreign = await TestClient.ConnectAsync(relay.Url);

        var seenByAnn = await own.RegisterAsync((string)second["access_token"]!);
        var seenByBob = await foreign.RegisterAsync((string)bob["access_token"]!);

        Assert.Equal(machineKey, (string?)Assert.Single(seenByAnn["payload"]!["machines"]!.AsArray())!["machineKey"]);
        Assert.Empty(seenByBob["payload"]!["machines"]!.AsArray());
    }

    [Theory]
    [InlineData("ann@example.org", "ann", "ann@example.org", true, true)]
    [InlineData("Ann@Example.org", "ann", "ann@example.org", true, true)]
    [InlineData("@example.org", "bob", "bob@example.org", true, true)]
    [InlineData("@other.org,sub:carl", "carl", "carl@example.org", false, true)]
    [InlineData("ann@example.org", "bob", "bob@example.org", true, false)]
    [InlineData("ann@example.org", "eve", "ann@example.org", false, false)]
    [InlineData("@example.org", "eve", "eve@evil-example.org", true, false)]
    [InlineData("@example.org", "eve", "eve@example.org@evil.org", true, false)]
    [InlineData("sub:ann", "Ann", "ann@example.org", true, false)]
    public async Task Only_who_is_on_the_list_comes_in_and_an_address_counts_when_it_is_verified(string allow, string subject, string email, bool verified, bool allowed)
    {
        await using var relay = await RelayAsync(allow);
        await _provider.NextIsAsync(subject, email, verified);

        var landed = await _browser.SignInAsync(relay.Url);

        Assert.Equal(allowed ? (true, null) : (false, "access_denied"), (landed.ContainsKey("code"), landed.GetValueOrDefault("error")));
        Assert.Equal(_browser.State, landed["state"]);
    }

    [Fact]
    public async Task A_code_works_once_for_the_client_that_began_and_within_two_minutes()
    {
        await using var relay = await RelayAsync();
        using SignInBrowser thief = new();
        using SignInBrowser elsewhere = new() { RedirectUri = "http://127.0.0.1:6000/callback" };
        async Task<string> CodeAsync() => (await _browser.SignInAsync(relay.Url))["code"];
        var spent = await CodeAsync();
        await using var client = await TestClient.ConnectAsync(relay.Url);
        var good = await client.AskAsync("auth_exchange", _browser.Exchange(spent));
        var otherAddress = _browser.Exchange(await CodeAsync());
        otherAddress["redirect_uri"] = elsewhere.RedirectUri;

        List<string> refusals = [];
        foreach (var request in (JsonObject[])[_browser.Exchange(spent), thief.Exchange(await CodeAsync()), otherAddress, new() { ["code"] = await CodeAsync() }, _browser.Exchange("invented")])
        {
            refusals.Add((await client.AskAsync("auth_exchange", request))["error"]!.ToJsonString());
        }

        Assert.Equal("auth_exchange_response", (string?)good["type"]);
        Assert.Contains("UNAUTHORIZED", Assert.Single(refusals.Distinct()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_says_no_comes_back_with_an_error_and_the_state()
    {
        await using var relay = await RelayAsync();
        await _provider.NextIsAsync(null);

        var landed = await _browser.SignInAsync(relay.Url);

        Assert.Equal(("access_denied", _browser.State), (landed["error"], landed["state"]));
    }

    [Fact]
    public async Task A_return_that_the_relay_did_not_begin_is_refused_and_leads_nowhere()
    {
        await using var relay = await RelayAsync();
        await using var other = await RelayAsync();
        using var begun = await _browser.GetAsync(_browser.AuthorizeUrl(other.Url));
        var foreignState = System.Web.HttpUtility.ParseQueryString(begun.Headers.Location!.Query)["state"];

        foreach (var query in (string[])["", "?code=x", "?code=x&state=", "?code=x&state=invented", $"?code=x&state={foreignState}", $"?code=x&state={new string('A', 5000)}"])
        {
            using var response = await _browser.GetAsync(new Uri(relay.Url, "/auth/callback" + query));
            Assert.Equal((400, null), ((int)response.StatusCode, response.Headers.Location));
        }
    }

    [Fact]
    public async Task Signed_in_the_tokens_are_the_relays_own_so_devices_codes_and_revocation_are_too()
    {
        await using var provider = await OidcProvider.StartAsync();
        await using var relay = await RelayAsync(provider: provider);
        var tokens = await _browser.TokensAsync(relay.Url);
        await using var machine = await relay.MachineAsync(Guid.NewGuid().ToString(), (string)tokens["access_token"]!);
        var code = await machine.AskAsync("pairing_code_create", new JsonObject());
        await using var phone = await TestClient.PairedAsync(relay.Url, (string)code["payload"]!["code"]!);
        await provider.StopAsync();

        var devices = (await machine.AskAsync("devices_list", new JsonObject()))["payload"]!["devices"]!.AsArray();
        await machine.AskAsync("device_revoke", new JsonObject { ["deviceId"] = (string)devices.Single(d => !(bool)d!["current"]!)!["deviceId"]! });

        Assert.Equal(2, devices.Count);
        Assert.Equal(4401, await phone.Closed.WaitAsync(TestClient.Patience));
        using var down = await _browser.GetAsync(_browser.AuthorizeUrl(relay.Url));
        Assert.Equal(302, (int)down.StatusCode);
    }

    [Fact]
    public async Task A_provider_that_calls_itself_something_else_stops_the_start_with_a_sentence()
    {
        IdentityOptions options = new(AuthMode.Oidc) { OidcIssuer = _provider.Issuer.Replace("127.0.0.1", "localhost", StringComparison.Ordinal), OidcClientId = "public", OidcAllow = ["*"] };

        var refused = await Assert.ThrowsAsync<RelayConfigurationException>(() => TestRelay.StartAsync(identity: options));

        Assert.Contains("not what it calls itself", refused.Message, StringComparison.Ordinal);
    }
}
