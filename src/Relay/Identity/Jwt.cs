using System.Buffers.Text;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace PocketCoder.Relay.Identity;

/// <summary>A key and the one algorithm that it is for: a token does not choose how it is checked.</summary>
internal sealed record VerificationKey(SecurityKey Key, string Algorithm);

/// <summary>The key that a token names, or null.</summary>
internal delegate Task<VerificationKey?> FindVerificationKey(string? kid, string algorithm);

/// <summary>What a token must say to be good. <c>Skew</c>: how far the signer's clock may be ahead of ours.</summary>
internal sealed record JwtRules(string Issuer, string Audience, IReadOnlyList<string>? Types, TimeSpan Skew, TimeProvider Time);

/// <summary>The one way in which JSON Web Tokens are checked, whoever signed them.</summary>
internal static class Jwt
{
    private const int MaxLength = 16 * 1024;
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 32, AllowDuplicateProperties = false };
    private static readonly JsonWebTokenHandler Handler = new() { MapInboundClaims = false, SetDefaultTimesOnTokenCreation = false, MaximumTokenSizeInBytes = MaxLength };

    public static string Create(SecurityTokenDescriptor descriptor) => Handler.CreateToken(descriptor);

    /// <summary>The token when it is good now; null for everything else, also for what is no token.</summary>
    public static async Task<JsonWebToken?> VerifyAsync(string token, FindVerificationKey find, JwtRules rules)
    {
        if (HeaderOf(token) is not var (kid, algorithm) || await find(kid, algorithm) is not { } key || key.Algorithm != algorithm)
        {
            return null;
        }

        try
        {
            var result = await Handler.ValidateTokenAsync(token, new TokenValidationParameters
            {
                ValidIssuer = rules.Issuer,
                ValidAudience = rules.Audience,
                ValidTypes = rules.Types,
                ValidAlgorithms = [key.Algorithm],
                IssuerSigningKeyResolver = (_, _, _, _) => [key.Key],
                RequireExpirationTime = true,
                RequireSignedTokens = true,
                LifetimeValidator = (notBefore, expires, _, _) =>
                    expires is { } end && end > rules.Time.GetUtcNow().UtcDateTime
                    && (notBefore is not { } start || start <= (rules.Time.GetUtcNow() + rules.Skew).UtcDateTime),
            });
            return result is { IsValid: true, SecurityToken: JsonWebToken good } ? good : null;
        }
        catch (Exception ex) when (ex is ArgumentException or FormatException or OverflowException or InvalidOperationException or JsonException)
        {
            // Whatever the library makes of a stranger's bytes, it is no token.
            return null;
        }
    }

    /// <summary>A claim that is a text with something in it.</summary>
    public static string? Text(this JsonWebToken token, string claim) =>
        token.TryGetPayloadValue<string>(claim, out var text) && text is { Length: > 0 } ? text : null;

    public static DateTimeOffset? EndOf(JsonWebToken token) =>
        token.TryGetPayloadValue<long>(JwtRegisteredClaimNames.Exp, out var seconds) ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null;

    // Three parts of base64url in the only form that encodes their bytes, so that a token has one spelling. Before any key is looked for.
    private static (string? Kid, string Algorithm)? HeaderOf(string token)
    {
        if (token.Length > MaxLength || token.Split('.') is not [{ Length: > 0 } header, { Length: > 0 } payload, { Length: > 0 } signature] || Decode(signature) is null)
        {
            return null;
        }

        using var head = Parse(header);
        using var body = Parse(payload);
        try
        {
            return head is not null && body is not null && HasTimes(body.RootElement)
                && head.RootElement.TryGetProperty("alg", out var algorithm) && algorithm.ValueKind == JsonValueKind.String
                && !head.RootElement.TryGetProperty("crit", out _)
                && (!head.RootElement.TryGetProperty("kid", out var kid) || kid.ValueKind == JsonValueKind.String)
                    ? (kid.ValueKind == JsonValueKind.String ? kid.GetString() : null, algorithm.GetString()!)
                    : null;
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair, in a name or in a text, which only reading it finds.
            return null;
        }
    }

    // The library reads a text as a number too.
    private static bool HasTimes(JsonElement claims) =>
        claims.TryGetProperty(JwtRegisteredClaimNames.Exp, out var end) && end.ValueKind == JsonValueKind.Number
        && (!claims.TryGetProperty(JwtRegisteredClaimNames.Nbf, out var start) || start.ValueKind == JsonValueKind.Number);

    private static JsonDocument? Parse(string part)
    {
        try
        {
            var document = Decode(part) is { } json ? JsonDocument.Parse(json, Strict) : null;
            return document?.RootElement.ValueKind == JsonValueKind.Object ? document : null;
        }
        catch (Exception ex) when (ex is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static byte[]? Decode(string part)
    {
        if (!Base64Url.IsValid(part))
        {
            return null;
        }

        var bytes = Base64Url.DecodeFromChars(part);
        return Base64Url.EncodeToString(bytes) == part ? bytes : null;
    }
}
