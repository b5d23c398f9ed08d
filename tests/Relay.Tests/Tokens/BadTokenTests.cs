using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Time.Testing;
using PocketCoder.Protocol;
using PocketCoder.Relay.Identity;
using PocketCoder.TestSupport;
using PocketCoder.TestSupport.Supabase;
using Xunit;

namespace PocketCoder.Relay.Tests.Tokens;

/// <summary>A table of bad tokens for each way in which a relay checks them. A good one passes, so that the table can fail.</summary>
public sealed class BadTokenTests
{
    private const string Refusal = """{"type":"error","error":{"code":"UNAUTHORIZED","message":"That did not work. Pair this device again (pocketcoder pair prints a new link), or sign in again."}}""";

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    [Theory]
    [InlineData(AuthMode.Embedded)]
    [InlineData(AuthMode.Oidc)]
    public async Task The_relays_own_tokens(AuthMode mode)
    {
        // Nobody has to answer there: the tokens are the relay's own.
        IdentityOptions options = mode == AuthMode.Embedded ? IdentityOptions.Embedded
            : new(AuthMode.Oidc) { OidcIssuer = "http://127.0.0.1:9", OidcClientId = "relay", OidcAllow = ["*"] };
        await using var relay = await TestRelay.StartAsync(_time, options);
        await using var other = await TestRelay.StartAsync(_time, options);
        await using var supabase = await SupabaseAuth.StartAsync(_time);
        var (forge, foreign) = (OwnForge(relay), OwnForge(other));
        Execute(relay, "INSERT INTO devices (device_id, user_id, created_at, last_seen_at, revoked_at) VALUES ('dev_revoked', 'ann', 0, 0, 1), ('dev_bobs', 'bob', 0, 0, NULL)");

        await ExpectRefusedAsync(relay, forge, [
            .. BadTokens.All(forge, _time.GetUtcNow()),
            ("another relay's", foreign.Good),
            ("another relay's under our key's name", foreign.Token(h => h["kid"] = forge.Kid)),
            ("Supabase's", supabase.SignIn("ann").AccessToken),
            ("typ JWT", forge.Token(h => h["typ"] = "JWT")),
            ("a revoked device's", forge.Token(claims: c => c["device"] = "dev_revoked")),
            ("somebody else's device", forge.Token(claims: c => c["device"] = "dev_bobs")),
            ("an unknown device's", forge.Token(claims: c => c["device"] = "dev_invented")),
            ("no device", forge.Token(claims: c => c.Remove("device"))),
            ("an empty device", forge.Token(claims: c => c["device"] = "")),
            ("a refresh token", Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)))]);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("a legacy secret of a project, which is long enough")]
    public async Task Supabases_tokens(string? secret)
    {
        await using var supabase = await SupabaseAuth.StartAsync(_time, secret);
        await using var relay = await TestRelay.StartAsync(_time, SupabaseTests.OptionsFor(supabase));
        await using var other = await SupabaseAuth.StartAsync(_time, secret is null ? null : secret + "!");
        await using var embedded = await TestRelay.StartAsync(_time);
        var session = Guid.NewGuid();
        TokenForge forge = new()
        {
            Type = "JWT",
            Kid = secret is null ? supabase.Keys.Kid : null,
            Key = secret is null ? supabase.Keys.Key : null,
            Secret = secret,
            Claims = () => supabase.Keys.Claims(supabase.Issuer, "ann", session),
        };

        await ExpectRefusedAsync(relay, forge, [
            .. BadTokens.All(forge, _time.GetUtcNow()),
            ("another project's", other.SignIn("ann").AccessToken),
            ("another project's that names ours", other.Keys.Sign(supabase.Keys.Claims(supabase.Issuer, "ann", session))),
            ("an embedded relay's", (string)(await embedded.TokensAsync())["access_token"]!),
            ("the anonymous key", forge.Token(claims: c => (c["role"], c["aud"]) = ("anon", "anon"))),
            ("somebody without a name", forge.Token(claims: c => c["is_anonymous"] = true)),
            ("no session", forge.Token(claims: c => c.Remove("session_id"))),
            ("a session that is none", forge.Token(claims: c => c["session_id"] = "x")),
            ("typ at+jwt", forge.Token(h => h["typ"] = "at+jwt"))]);
    }

    private static async Task ExpectRefusedAsync(TestRelay relay, TokenForge forge, IReadOnlyList<(string Name, string Token)> bad)
    {
        Assert.True(bad.Count >= 60, $"Only {bad.Count} bad tokens.");
        Assert.Equal("client_register_response", await AnswerAsync(relay, forge.Good, asDaemon: false));
        Assert.Equal("daemon_register_response", await AnswerAsync(relay, forge.Good, asDaemon: true));
        await using var stranger = await TestClient.ConnectAsync(relay.Url);
        List<string> taken = [];
        foreach (var (name, token) in bad)
        {
            var client = await stranger.AskAsync("client_register", new JsonObject { ["token"] = token });
            var daemon = await stranger.AskAsync("daemon_register", TestRelay.Registration(Guid.NewGuid().ToString(), token));
            if (Bytes(client) != Refusal || Bytes(daemon) != Refusal)
            {
                taken.Add($"{name}: {Bytes(client)} {Bytes(daemon)}");
            }
        }

        Assert.True(taken.Count == 0, string.Join('\n', taken));
    }

    private static async Task<string?> AnswerAsync(TestRelay relay, string token, bool asDaemon)
    {
        await using var client = await TestClient.ConnectAsync(relay.Url);
        return (string?)(asDaemon ? await client.AskAsync("daemon_register", TestRelay.Registration(Guid.NewGuid().ToString(), token)) : await client.RegisterAsync(token))["type"];
    }

    private static string Bytes(JsonObject answer)
    {
        answer.Remove("requestId");
        return System.Text.RegularExpressions.Regex.Unescape(answer.ToJsonString());
    }

    private TokenForge OwnForge(TestRelay relay)
    {
        // The first token makes the key; the device is one that exists.
        Execute(relay, "INSERT INTO devices (device_id, user_id, created_at, last_seen_at) VALUES ('dev_good', 'ann', 0, 0)");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var kid = Guid.NewGuid().ToString("N");
        Execute(relay, "INSERT INTO signing_keys VALUES ($1, $2, $3)", kid, key.ExportPkcs8PrivateKey(), _time.GetUtcNow().ToUnixTimeMilliseconds());
        _time.Advance(TimeSpan.FromSeconds(6));
        var own = ECDsa.Create(key.ExportParameters(includePrivateParameters: true));
        return new TokenForge
        {
            Type = "at+jwt",
            Kid = kid,
            Key = own,
            Claims = () => new JsonObject
            {
                ["iss"] = "pocketcoder", ["aud"] = "pocketcoder-relay", ["sub"] = "ann", ["device"] = "dev_good", ["jti"] = Guid.NewGuid().ToString("N"),
                ["iat"] = _time.GetUtcNow().ToUnixTimeSeconds(), ["nbf"] = _time.GetUtcNow().ToUnixTimeSeconds(), ["exp"] = _time.GetUtcNow().AddMinutes(10).ToUnixTimeSeconds(),
            },
        };
    }

    private static void Execute(TestRelay relay, string sql, params object[] values)
    {
        using SqliteConnection connection = new($"Data Source={relay.Directory["relay/relay.db"]};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        for (var i = 0; i < values.Length; i++)
        {
            command.Parameters.AddWithValue($"${i + 1}", values[i]);
        }

        command.ExecuteNonQuery();
    }
}
