using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace PocketCoder.Relay.Tests.Tokens;

/// <summary>Makes tokens as the signer would, and bends them. <c>Key</c> or <c>Secret</c>: what the signer really signs with.</summary>
internal sealed class TokenForge
{
    public required Func<JsonObject> Claims { get; init; }

    public required string Type { get; init; }

    public string? Kid { get; init; }

    public ECDsa? Key { get; init; }

    public string? Secret { get; init; }

    public ECDsa Attacker { get; } = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public string Algorithm => Secret is null ? "ES256" : "HS256";

    public string Good => Token();

    public JsonObject Header()
    {
        JsonObject header = new() { ["alg"] = Algorithm, ["typ"] = Type };
        if (Kid is not null)
        {
            header["kid"] = Kid;
        }

        return header;
    }

    /// <summary>Signed by the real signer, with the header and claims bent.</summary>
    public string Token(Action<JsonObject>? header = null, Action<JsonObject>? claims = null)
    {
        var (bentHeader, bentClaims) = (Header(), Claims());
        header?.Invoke(bentHeader);
        claims?.Invoke(bentClaims);
        return Signed(bentHeader.ToJsonString(), bentClaims.ToJsonString(), Sign);
    }

    /// <summary>Signed with a key that anybody has.</summary>
    public string Forged(Action<JsonObject>? header = null) => With(header, input => Attacker.SignData(input, HashAlgorithmName.SHA256));

    public string Hmac(string algorithm, byte[] key, Action<JsonObject>? header = null) => With(
        h =>
        {
            h["alg"] = algorithm;
            header?.Invoke(h);
        },
        input => algorithm switch
        {
            "HS384" => HMACSHA384.HashData(key, input),
            "HS512" => HMACSHA512.HashData(key, input),
            _ => HMACSHA256.HashData(key, input),
        });

    public string With(Action<JsonObject>? header, Func<byte[], byte[]> sign)
    {
        var bent = Header();
        header?.Invoke(bent);
        return Signed(bent.ToJsonString(), Claims().ToJsonString(), sign);
    }

    public static string Signed(string header, string claims, Func<byte[], byte[]> sign)
    {
        var text = $"{Encode(header)}.{Encode(claims)}";
        return $"{text}.{Base64Url.EncodeToString(sign(Encoding.ASCII.GetBytes(text)))}";
    }

    public byte[] Sign(byte[] input) => Secret is null ? Key!.SignData(input, HashAlgorithmName.SHA256) : HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), input);

    public static string Encode(string json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));

    public static JsonObject Jwk(ECDsa key, string kid)
    {
        var point = key.ExportParameters(includePrivateParameters: false).Q;
        return new JsonObject { ["kty"] = "EC", ["crv"] = "P-256", ["kid"] = kid, ["x"] = Base64Url.EncodeToString(point.X), ["y"] = Base64Url.EncodeToString(point.Y) };
    }
}
