using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace PocketCoder.TestSupport.Supabase;

/// <summary>How a project signs: with the newest of its ES256 keys, or as old ones do with a secret (HS256), which is in no key set.</summary>
public sealed class SupabaseKeys
{
    private readonly List<(string Kid, ECDsa Key)> _keys = [];
    private readonly TimeProvider _time;

    public SupabaseKeys(TimeProvider time, string? secret)
    {
        (_time, Secret) = (time, secret);
        if (secret is null)
        {
            Rotate();
        }
    }

    public string? Secret { get; }

    /// <summary>How long an access token lives.</summary>
    public TimeSpan Life { get; set; } = TimeSpan.FromHours(1);

    /// <summary>The newest key is not in the set yet, as while the set is kept by something between.</summary>
    public bool PublishesLate { get; set; }

    public DateTimeOffset Now => _time.GetUtcNow();

    public string Kid => _keys[^1].Kid;

    public ECDsa Key => _keys[^1].Key;

    /// <summary>Signs with a new key from now on; the old one stays in the set.</summary>
    public void Rotate() => _keys.Add((Guid.NewGuid().ToString(), ECDsa.Create(ECCurve.NamedCurves.nistP256)));

    /// <summary>Takes all keys but the newest out of the set.</summary>
    public void RevokeOld() => _keys.RemoveRange(0, _keys.Count - 1);

    public string Sign(string issuer, SupabaseSession session) => Sign(Claims(issuer, session.UserId, session.Id));

    public JsonObject Claims(string issuer, string userId, Guid session) => new()
    {
        ["iss"] = issuer,
        ["sub"] = userId,
        ["aud"] = "authenticated",
        ["exp"] = (Now + Life).ToUnixTimeSeconds(),
        ["iat"] = Now.ToUnixTimeSeconds(),
        ["email"] = "ann@example.org",
        ["phone"] = "",
        ["app_metadata"] = new JsonObject { ["provider"] = "github", ["providers"] = new JsonArray("github") },
        ["user_metadata"] = new JsonObject { ["user_name"] = "ann" },
        ["role"] = "authenticated",
        ["aal"] = "aal1",
        ["amr"] = new JsonArray(new JsonObject { ["method"] = "oauth", ["timestamp"] = Now.ToUnixTimeSeconds() }),
        ["session_id"] = session.ToString(),
        ["is_anonymous"] = false,
    };

    public string Sign(JsonObject claims)
    {
        JsonObject header = Secret is null ? new() { ["alg"] = "ES256", ["kid"] = Kid, ["typ"] = "JWT" } : new() { ["alg"] = "HS256", ["typ"] = "JWT" };
        var text = $"{Encode(header)}.{Encode(claims)}";
        var bytes = Encoding.ASCII.GetBytes(text);
        return $"{text}.{Base64Url.EncodeToString(Secret is null ? Key.SignData(bytes, HashAlgorithmName.SHA256) : HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), bytes))}";
    }

    public JsonObject PublicSet() => new()
    {
        ["keys"] = new JsonArray([.. (PublishesLate ? _keys.SkipLast(1) : _keys).Select(key => (JsonNode)Jwk(key.Kid, key.Key))]),
    };

    /// <summary>The session of a token that was signed here.</summary>
    internal Guid? SessionOf(string token)
    {
        var parts = token.Split('.');
        var bytes = Encoding.ASCII.GetBytes(string.Join('.', parts[..^1]));
        var signature = Base64Url.DecodeFromChars(parts[^1]);
        var good = Secret is null
            ? _keys.Exists(key => key.Key.VerifyData(bytes, signature, HashAlgorithmName.SHA256))
            : HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), bytes).AsSpan().SequenceEqual(signature);
        return good ? Guid.Parse((string)JsonNode.Parse(Base64Url.DecodeFromChars(parts[1]))!["session_id"]!) : null;
    }

    private static JsonObject Jwk(string kid, ECDsa key)
    {
        var point = key.ExportParameters(includePrivateParameters: false).Q;
        return new JsonObject
        {
            ["alg"] = "ES256", ["crv"] = "P-256", ["ext"] = true, ["key_ops"] = new JsonArray("verify"), ["kid"] = kid, ["kty"] = "EC", ["use"] = "sig",
            ["x"] = Base64Url.EncodeToString(point.X), ["y"] = Base64Url.EncodeToString(point.Y),
        };
    }

    private static string Encode(JsonObject json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json.ToJsonString()));
}
