using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace PocketCoder.Relay.Tests.Tokens;

/// <summary>What has been tried on those who check JSON Web Tokens. Each is one step away from a good token.</summary>
internal static class BadTokens
{
    public static IEnumerable<(string Name, string Token)> All(TokenForge forge, DateTimeOffset now) =>
        [.. Algorithms(forge), .. Confusions(forge), .. KeyIds(forge), .. ForeignKeys(forge), .. Times(forge, now), .. Claims(forge), .. Shapes(forge), .. Signatures(forge)];

    private static IEnumerable<(string Name, string Token)> Algorithms(TokenForge forge)
    {
        foreach (var none in (string[])["none", "None", "NONE", "nOnE", "noNE", " none", "none "])
        {
            yield return ($"alg {none}, no signature", forge.With(h => h["alg"] = none, _ => []));
            yield return ($"alg {none}, the signature of a good token", forge.Token(h => h["alg"] = none));
        }

        foreach (var other in (string[])["ES384", "ES512", "RS256", "PS256", "EdDSA", "HS384", "HS512", "es256", "hs256", "ES256K", "dir", "A256KW", ""])
        {
            yield return ($"alg {other}", forge.Token(h => h["alg"] = other));
        }

        yield return ("alg missing", forge.Token(h => h.Remove("alg")));
        yield return ("alg null", forge.Token(h => h["alg"] = null));
        yield return ("alg a number", forge.Token(h => h["alg"] = 256));
        yield return ("alg a list", forge.Token(h => h["alg"] = new JsonArray(forge.Algorithm)));
        yield return ("typ another", forge.Token(h => h["typ"] = "logout+jwt"));
        yield return ("typ missing", forge.Token(h => h.Remove("typ")));
        yield return ("crit", forge.Token(h => h["crit"] = new JsonArray("exp")));
    }

    // HMAC with what everybody knows as its secret.
    private static IEnumerable<(string Name, string Token)> Confusions(TokenForge forge)
    {
        var key = forge.Key ?? forge.Attacker;
        var point = key.ExportParameters(includePrivateParameters: false).Q;
        (string Name, byte[] Secret)[] known =
        [
            ("PEM", Encoding.ASCII.GetBytes(key.ExportSubjectPublicKeyInfoPem())),
            ("PEM with a line end", Encoding.ASCII.GetBytes(key.ExportSubjectPublicKeyInfoPem() + "\n")),
            ("DER", key.ExportSubjectPublicKeyInfo()),
            ("JWK", Encoding.ASCII.GetBytes(TokenForge.Jwk(key, forge.Kid ?? "").ToJsonString())),
            ("point", [4, .. point.X!, .. point.Y!]),
            ("x", point.X!),
            ("nothing", []),
            ("a common word", "your-256-bit-secret"u8.ToArray()),
        ];
        foreach (var algorithm in (string[])["HS256", "HS384", "HS512"])
        {
            foreach (var (name, secret) in known)
            {
                yield return ($"{algorithm} with {name}", forge.Hmac(algorithm, secret));
            }
        }

        yield return ("HS256 with PEM, no kid", forge.Hmac("HS256", known[0].Secret, h => h.Remove("kid")));
        yield return ("ES256 header over HS256", forge.Hmac("HS256", known[0].Secret, h => h["alg"] = "ES256"));
    }

    private static IEnumerable<(string Name, string Token)> KeyIds(TokenForge forge)
    {
        string[] tricks =
        [
            "../../../../../../dev/null", "/dev/null", "/etc/passwd", "file:///dev/null", "x' UNION SELECT 'a' --", "' OR '1'='1", "'; DROP TABLE devices; --", "|cat /etc/passwd",
            "https://evil.example/key", "\0", "\n", "*", "%2e%2e", new string('k', 5000), Guid.NewGuid().ToString("N"), Guid.NewGuid().ToString(),
        ];
        foreach (var kid in tricks)
        {
            yield return ($"kid {kid[..Math.Min(kid.Length, 24)]}, own key", forge.Forged(h => (h["kid"], h["alg"]) = (kid, "ES256")));
            yield return ($"kid {kid[..Math.Min(kid.Length, 24)]}, HS256 with nothing", forge.Hmac("HS256", [], h => h["kid"] = kid));
        }

        yield return ("kid a number, own key", forge.Forged(h => h["kid"] = 1));
        yield return ("kid a number, good signature", forge.Token(h => h["kid"] = 1));
        yield return ("kid a list, good signature", forge.Token(h => h["kid"] = new JsonArray(forge.Kid)));
        if (forge.Kid is { } real)
        {
            yield return ("kid absent, good signature", forge.Token(h => h.Remove("kid")));
            yield return ("kid empty, good signature", forge.Token(h => h["kid"] = ""));
            yield return ("kid in other letters, good signature", forge.Token(h => h["kid"] = real.ToUpperInvariant()));
            yield return ("kid with a space, good signature", forge.Token(h => h["kid"] = real + " "));
        }
    }

    private static IEnumerable<(string Name, string Token)> ForeignKeys(TokenForge forge)
    {
        yield return ("signed by somebody else", forge.Forged());
        yield return ("signed by somebody else, ES256", forge.Forged(h => h["alg"] = "ES256"));
        yield return ("jwk in the header", forge.Forged(h => (h["alg"], h["jwk"]) = ("ES256", TokenForge.Jwk(forge.Attacker, forge.Kid ?? "k"))));
        yield return ("jwk in the header, no kid", forge.Forged(h =>
        {
            (h["alg"], h["jwk"]) = ("ES256", TokenForge.Jwk(forge.Attacker, "k"));
            h.Remove("kid");
        }));
        yield return ("jku", forge.Forged(h => (h["alg"], h["jku"]) = ("ES256", "https://evil.example/jwks.json")));
        yield return ("x5u", forge.Forged(h => (h["alg"], h["x5u"]) = ("ES256", "https://evil.example/cert.pem")));
        yield return ("x5c", forge.Forged(h => (h["alg"], h["x5c"]) = ("ES256", new JsonArray(Certificate(forge.Attacker)))));
        using var rsa = RSA.Create(2048);
        yield return ("RS256 with a key of its own", forge.With(h => h["alg"] = "RS256", input => rsa.SignData(input, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)));
    }

    private static IEnumerable<(string Name, string Token)> Times(TokenForge forge, DateTimeOffset now)
    {
        yield return ("ended a second ago", forge.Token(claims: c => c["exp"] = now.ToUnixTimeSeconds() - 1));
        yield return ("ends now", forge.Token(claims: c => c["exp"] = now.ToUnixTimeSeconds()));
        yield return ("ended a year ago", forge.Token(claims: c => c["exp"] = now.AddYears(-1).ToUnixTimeSeconds()));
        yield return ("exp 0", forge.Token(claims: c => c["exp"] = 0));
        yield return ("exp negative", forge.Token(claims: c => c["exp"] = -1));
        yield return ("exp missing", forge.Token(claims: c => c.Remove("exp")));
        yield return ("exp null", forge.Token(claims: c => c["exp"] = null));
        yield return ("exp a word", forge.Token(claims: c => c["exp"] = "never"));
        yield return ("exp a text", forge.Token(claims: c => c["exp"] = "4102444800"));
        yield return ("exp a list", forge.Token(claims: c => c["exp"] = new JsonArray(4102444800)));
        yield return ("exp beyond all time", forge.Token(claims: c => c["exp"] = 1e300));
        yield return ("nbf in a minute", forge.Token(claims: c => c["nbf"] = now.AddMinutes(1).ToUnixTimeSeconds()));
        yield return ("nbf in a year", forge.Token(claims: c => c["nbf"] = now.AddYears(1).ToUnixTimeSeconds()));
    }

    private static IEnumerable<(string Name, string Token)> Claims(TokenForge forge)
    {
        foreach (var claim in (string[])["iss", "aud", "sub"])
        {
            yield return ($"{claim} missing", forge.Token(claims: c => c.Remove(claim)));
            yield return ($"{claim} null", forge.Token(claims: c => c[claim] = null));
            yield return ($"{claim} empty", forge.Token(claims: c => c[claim] = ""));
            yield return ($"{claim} an object", forge.Token(claims: c => c[claim] = new JsonObject { ["a"] = 1 }));
        }

        yield return ("iss another", forge.Token(claims: c => c["iss"] = "https://evil.example"));
        yield return ("iss with a slash", forge.Token(claims: c => c["iss"] = (string)c["iss"]! + "/"));
        yield return ("iss in capitals", forge.Token(claims: c => c["iss"] = ((string)c["iss"]!).ToUpperInvariant()));
        yield return ("aud another", forge.Token(claims: c => c["aud"] = "somebody-else"));
        yield return ("aud in capitals", forge.Token(claims: c => c["aud"] = ((string)c["aud"]!).ToUpperInvariant()));
        yield return ("aud a list of others", forge.Token(claims: c => c["aud"] = new JsonArray("a", "b")));
        yield return ("aud an empty list", forge.Token(claims: c => c["aud"] = new JsonArray()));
        yield return ("no claims", TokenForge.Signed(forge.Header().ToJsonString(), "{}", forge.Sign));
    }

    private static IEnumerable<(string Name, string Token)> Shapes(TokenForge forge)
    {
        var good = forge.Good;
        var parts = good.Split('.');
        string[] shapes =
        [
            "", " ", "x", ".", "..", "...", "a.b", "a.b.c", "a.b.c.d", "null", "{}", "eyJ", "\0.\0.\0", "ä.ö.ü", new string('a', 60_000), $"{parts[0]}.{parts[1]}.", $"{parts[0]}.{parts[1]}",
            $".{parts[1]}.{parts[2]}", $"{parts[0]}..{parts[2]}", $"{good}.", $".{good}", $"{good}.{parts[2]}", $" {good}", $"{good} ", $"{good}\n", $"Bearer {good}", $"{good}=", $"{parts[0]}=.{parts[1]}.{parts[2]}",
            $"{parts[0]}.{parts[1]}.{parts[2]}==", $"{parts[0]}.{parts[1]}.{parts[2]}\0", $"{parts[0]} .{parts[1]}.{parts[2]}", good.Replace('.', ','), good.ToUpperInvariant(), string.Join('.', parts.Reverse()),
            $"{parts[0]}.{parts[1]}.{parts[2]}.{parts[1]}.{parts[2]}", $"{parts[0]}.{parts[1]}.{LastBitChanged(parts[2])}", $"{parts[0]}.{new string('A', 40_000)}.{parts[2]}",
        ];
        for (var i = 0; i < shapes.Length; i++)
        {
            yield return ($"shape {i}: {shapes[i][..Math.Min(12, shapes[i].Length)]}", shapes[i]);
        }

        var claims = forge.Claims().ToJsonString();
        yield return ("header no JSON", TokenForge.Signed("alg", claims, forge.Sign));
        yield return ("header a list", TokenForge.Signed("[]", claims, forge.Sign));
        yield return ("header with alg twice", TokenForge.Signed($$"""{"alg":"none",{{forge.Header().ToJsonString()[1..]}}""", claims, forge.Sign));
        foreach (var half in (string[])[@"""kid"":""\ud800""", @"""kid"":""a\udc00""", @"""alg"":""\ud800""", @"""\ud800"":1", @"""\udfff"":1,""\udfff"":2"])
        {
            yield return ($"header with half a surrogate pair, {half}", TokenForge.Signed($"{{{half},{forge.Header().ToJsonString()[1..]}", claims, forge.Sign));
            yield return ($"header of half a surrogate pair, {half}", TokenForge.Signed($$"""{{{half}}}""", claims, forge.Sign));
        }

        yield return ("kid alone half a surrogate pair", TokenForge.Signed($$"""{"alg":"{{forge.Algorithm}}","typ":"{{forge.Type}}","kid":"\ud800"}""", claims, forge.Sign));
        yield return ("claims with half a surrogate pair for a name", TokenForge.Signed(forge.Header().ToJsonString(), $$"""{"\ud800":1,{{claims[1..]}}""", forge.Sign));
        yield return ("sub half a surrogate pair", TokenForge.Signed(forge.Header().ToJsonString(), forge.Claims().ToJsonString().Replace($"\"sub\":\"{(string)forge.Claims()["sub"]!}\"", "\"sub\":\"\\ud800\"", StringComparison.Ordinal), forge.Sign));
        yield return ("claims no JSON", TokenForge.Signed(forge.Header().ToJsonString(), "sub", forge.Sign));
        yield return ("claims a list", TokenForge.Signed(forge.Header().ToJsonString(), "[]", forge.Sign));
        yield return ("claims cut off", TokenForge.Signed(forge.Header().ToJsonString(), claims[..^1], forge.Sign));
    }

    private static IEnumerable<(string Name, string Token)> Signatures(TokenForge forge)
    {
        var parts = forge.Good.Split('.');
        var signature = Base64Url.DecodeFromChars(parts[2]);
        var half = signature.Length / 2;
        (string, byte[])[] bent =
        [
            ("cut off", signature[..^1]), ("half", signature[..half]), ("one byte longer", [.. signature, 0]), ("zeros", new byte[signature.Length]), ("one byte", [0]),
            ("one bit changed", [(byte)(signature[0] ^ 1), .. signature[1..]]), ("halves swapped", [.. signature[half..], .. signature[..half]]), ("ones", [.. Enumerable.Repeat((byte)255, signature.Length)]),
            ("DER", forge.Attacker.SignData(Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence)),
        ];
        foreach (var (name, bytes) in bent)
        {
            yield return ($"signature {name}", $"{parts[0]}.{parts[1]}.{Base64Url.EncodeToString(bytes)}");
        }

        if (forge.Key is { } key)
        {
            var der = key.SignData(Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
            yield return ("signature right, but DER", $"{parts[0]}.{parts[1]}.{Base64Url.EncodeToString(der)}");
        }

        var other = forge.Claims();
        other["sub"] = "somebody else";
        yield return ("claims of somebody else", $"{parts[0]}.{TokenForge.Encode(other.ToJsonString())}.{parts[2]}");
        yield return ("a later end", $"{parts[0]}.{TokenForge.Encode(Later(forge.Claims()).ToJsonString())}.{parts[2]}");
    }

    private static JsonObject Later(JsonObject claims)
    {
        claims["exp"] = (long)claims["exp"]! + 1;
        return claims;
    }

    // Another spelling of the same bytes: the last character has bits to spare.
    private static string LastBitChanged(string part)
    {
        const string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        return part[..^1] + alphabet[alphabet.IndexOf(part[^1], StringComparison.Ordinal) ^ 1];
    }

    private static string Certificate(ECDsa key)
    {
        using var certificate = new System.Security.Cryptography.X509Certificates.CertificateRequest("CN=relay", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return Convert.ToBase64String(certificate.RawData);
    }
}
