using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using System.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using PocketCoder.Protocol;
using PocketCoder.Relay.Identity;
using PocketCoder.Relay.Stores.Sqlite;
using PocketCoder.Storage;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Relay.Tests.Tokens;

/// <summary>A provider that gives bad id tokens, or a man in the middle: nobody comes in.</summary>
public sealed class IdTokenTests : IAsyncLifetime
{
    private const string Kid = "the provider's key";

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly SignInBrowser _browser = new();
    private WebApplication _provider = null!;
    private TestRelay _relay = null!;
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false });
    private Database _database = null!;
    private SignInState _states = null!;
    private int _people;
    private string _issuer = "";
    private string _idToken = "";

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        _provider = builder.Build();
        _provider.MapGet("/.well-known/openid-configuration", (RequestDelegate)(context => context.Response.WriteAsync(new JsonObject
        {
            ["issuer"] = _issuer, ["authorization_endpoint"] = $"{_issuer}/authorize", ["token_endpoint"] = $"{_issuer}/token", ["jwks_uri"] = $"{_issuer}/keys",
        }.ToJsonString())));
        _provider.MapGet("/keys", (RequestDelegate)(context => context.Response.WriteAsync(new JsonObject { ["keys"] = new JsonArray(TokenForge.Jwk(_key, Kid)) }.ToJsonString())));
        _provider.MapPost("/token", (RequestDelegate)(context => context.Response.WriteAsync(new JsonObject { ["id_token"] = _idToken, ["token_type"] = "Bearer" }.ToJsonString())));
        await _provider.StartAsync();
        _issuer = _provider.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        _relay = await TestRelay.StartAsync(directory => new RelayOptions
        {
            Listen = new Uri("http://127.0.0.1:0"), DataDirectory = directory, Time = _time, TrustedProxies = [System.Net.IPNetwork.Parse("127.0.0.0/8")],
            Identity = new IdentityOptions(AuthMode.Oidc) { OidcIssuer = _issuer, OidcClientId = "relay", OidcAllow = ["*"] },
        });
        _database = Database.Open(_relay.Directory["relay/relay.db"], EmbeddedScripts.Of(typeof(RelayHost).Assembly), _ => throw new InvalidOperationException());
        _states = new SignInState(await SigningKeys.OpenAsync(new SqliteSigningKeys(_database), _time, rotate: false), new MemoryCodes(_time), _time);
    }

    public async ValueTask DisposeAsync()
    {
        await _database.DisposeAsync();
        await _relay.DisposeAsync();
        _http.Dispose();
        await _provider.DisposeAsync();
        _browser.Dispose();
        _key.Dispose();
    }

    [Fact]
    public async Task A_good_id_token_is_a_code_and_every_bad_one_the_same_refusal()
    {
        var (_, nonce) = await BeginAsync();
        TokenForge forge = new()
        {
            Type = "JWT",
            Kid = Kid,
            Key = _key,
            Claims = () => new JsonObject
            {
                ["iss"] = _issuer, ["aud"] = "relay", ["sub"] = "ann", ["nonce"] = nonce, ["iat"] = _time.GetUtcNow().ToUnixTimeSeconds(), ["exp"] = _time.GetUtcNow().AddMinutes(5).ToUnixTimeSeconds(),
            },
        };
        var bad = BadTokens.All(forge, _time.GetUtcNow()).Where(token => !token.Name.StartsWith("typ ", StringComparison.Ordinal)).Concat([
            ("nonce missing", forge.Token(claims: c => c.Remove("nonce"))),
            ("nonce of another sign-in", forge.Token(claims: c => c["nonce"] = "x")),
            ("two audiences, none authorized", forge.Token(claims: c => c["aud"] = new JsonArray("relay", "other"))),
            ("two audiences, the other authorized", forge.Token(claims: c => (c["aud"], c["azp"]) = (new JsonArray("relay", "other"), "other")))]).ToList();

        _idToken = forge.Good;
        Assert.True((await ReturnAsync(await SealAsync(nonce))).ContainsKey("code"));
        List<string> taken = [];
        foreach (var (name, token) in bad)
        {
            _idToken = token;
            var landed = await ReturnAsync(await SealAsync(nonce));
            if (landed.ContainsKey("code") || landed["error"] != "access_denied")
            {
                taken.Add(name);
            }
        }

        Assert.True(taken.Count == 0, string.Join('\n', taken));
        Assert.True(bad.Count >= 60);
    }

    [Fact]
    public async Task An_answer_in_the_name_of_another_issuer_is_refused()
    {
        var (_, nonce) = await BeginAsync();
        _idToken = new TokenForge
        {
            Type = "JWT", Kid = Kid, Key = _key,
            Claims = () => new JsonObject { ["iss"] = _issuer, ["aud"] = "relay", ["sub"] = "ann", ["nonce"] = nonce, ["exp"] = _time.GetUtcNow().AddMinutes(5).ToUnixTimeSeconds() },
        }.Good;

        Assert.Equal("access_denied", (await ReturnAsync(await SealAsync(nonce), "&iss=https%3A%2F%2Fevil.example"))["error"]);
        Assert.True((await ReturnAsync(await SealAsync(nonce), $"&iss={Uri.EscapeDataString(_issuer)}")).ContainsKey("code"));
    }

    [Fact]
    public async Task A_sign_in_that_takes_longer_than_ten_minutes_is_over()
    {
        var (state, _) = await BeginAsync();
        _time.Advance(TimeSpan.FromMinutes(10));

        using var response = await _browser.GetAsync(new Uri(_relay.Url, $"/auth/callback?code=x&state={state}"));

        Assert.Equal(400, (int)response.StatusCode);
    }

    private async Task<(string State, string Nonce)> BeginAsync()
    {
        using var response = await _browser.GetAsync(_browser.AuthorizeUrl(_relay.Url));
        var query = HttpUtility.ParseQueryString(response.Headers.Location!.Query);
        return (query["state"]!, query["nonce"]!);
    }

    /// <summary>A state works once: the relay's own seal on one more of the same sign-in.</summary>
    private Task<string> SealAsync(string nonce) => _states.SealAsync(
        new SignInFlow(_browser.RedirectUri, _browser.State, _browser.Challenge, "verifier", nonce, _time.GetUtcNow().AddMinutes(10).ToUnixTimeSeconds()));

    private async Task<Dictionary<string, string>> ReturnAsync(string state, string more = "")
    {
        // Each from an address of its own: ten a minute is all that one has.
        using HttpRequestMessage request = new(HttpMethod.Get, new Uri(_relay.Url, $"/auth/callback?code=x&state={state}{more}"));
        request.Headers.Add("X-Forwarded-For", $"10.0.{++_people / 256}.{_people % 256}");
        using var response = await _http.SendAsync(request);
        var query = HttpUtility.ParseQueryString(response.Headers.Location!.Query);
        return query.AllKeys.ToDictionary(key => key!, key => query[key]!);
    }
}
