using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.IdentityModel.Tokens;

namespace PocketCoder.Relay.Identity;

/// <summary>Reads a JSON Web Key Set (RFC 7517). Only public keys for signatures, each with the one algorithm it is for; what else is in it is passed over.</summary>
internal static class JsonWebKeyParser
{
    private const int SmallestRsaKey = 2048;

    /// <summary>The id of a key that has none: a set of one key may leave it out.</summary>
    public const string Unnamed = "";

    private static readonly string[] RsaAlgorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];

    /// <summary>What a public key can be for. A token that names another algorithm is not worth a look at the keys.</summary>
    public static IReadOnlyList<string> Algorithms { get; } = [.. RsaAlgorithms, "ES256", "ES384", "ES512"];

    /// <exception cref="JsonException">It is no key set.</exception>
    public static IReadOnlyDictionary<string, VerificationKey> Parse(ReadOnlyMemory<byte> json)
    {
        using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 8 });
        Dictionary<string, VerificationKey> keys = new(StringComparer.Ordinal);
        foreach (var jwk in ListIn(document.RootElement))
        {
            if (jwk.ValueKind == JsonValueKind.Object && Read(jwk) is { } key)
            {
                keys[key.Key.KeyId] = key;
            }
        }

        return keys;
    }

    private static JsonElement.ArrayEnumerator ListIn(JsonElement set)
    {
        try
        {
            return set.ValueKind == JsonValueKind.Object && set.TryGetProperty("keys", out var list) && list.ValueKind == JsonValueKind.Array
                ? list.EnumerateArray()
                : throw new JsonException("This is no key set.");
        }
        catch (InvalidOperationException halfSurrogatePair)
        {
            throw new JsonException("This is no key set.", halfSurrogatePair);
        }
    }

    private static VerificationKey? Read(JsonElement jwk)
    {
        try
        {
            var kid = Text(jwk, "kid") ?? Unnamed;
            return Text(jwk, "use") is not (null or "sig") ? null : (Text(jwk, "kty"), Text(jwk, "crv")) switch
            {
                ("EC", "P-256") => Curve(jwk, kid, ECCurve.NamedCurves.nistP256, "ES256"),
                ("EC", "P-384") => Curve(jwk, kid, ECCurve.NamedCurves.nistP384, "ES384"),
                ("EC", "P-521") => Curve(jwk, kid, ECCurve.NamedCurves.nistP521, "ES512"),
                ("RSA", _) => Rsa(jwk, kid),

                // A secret in a public place ("oct") signs nothing.
                _ => null,
            };
        }
        catch (Exception ex) when (ex is CryptographicException or FormatException or ArgumentException or InvalidOperationException)
        {
            // InvalidOperationException: half a surrogate pair.
            return null;
        }
    }

    private static VerificationKey? Curve(JsonElement jwk, string kid, ECCurve curve, string algorithm)
    {
        if (Text(jwk, "alg") is { } said && said != algorithm || Number(jwk, "x") is not { } x || Number(jwk, "y") is not { } y)
        {
            return null;
        }

        var key = ECDsa.Create(new ECParameters { Curve = curve, Q = new ECPoint { X = x, Y = y } });
        return new VerificationKey(new ECDsaSecurityKey(key) { KeyId = kid }, algorithm);
    }

    private static VerificationKey? Rsa(JsonElement jwk, string kid)
    {
        var algorithm = Text(jwk, "alg") ?? "RS256";
        if (!RsaAlgorithms.Contains(algorithm) || Number(jwk, "n") is not { } modulus || Number(jwk, "e") is not { } exponent)
        {
            return null;
        }

        var key = RSA.Create(new RSAParameters { Modulus = modulus, Exponent = exponent });
        return key.KeySize < SmallestRsaKey ? null : new VerificationKey(new RsaSecurityKey(key) { KeyId = kid }, algorithm);
    }

    private static byte[]? Number(JsonElement jwk, string name) => Text(jwk, name) is { Length: > 0 } text ? Base64Url.DecodeFromChars(text) : null;

    private static string? Text(JsonElement jwk, string name) => jwk.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
