using System.Security.Claims;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace PocketCoder.Relay.Identity;

internal sealed record SignedToken(string Token, DateTimeOffset ExpiresAt);

/// <summary>Signs and checks the relay's own ES256 access tokens.</summary>
internal sealed class AccessTokens(SigningKeys keys, TimeProvider time)
{
    private const string Issuer = "pocketcoder";
    private const string Audience = "pocketcoder-relay";
    private const string Type = "at+jwt";
    private const string DeviceClaim = "device";

    private readonly JwtRules _rules = new(Issuer, Audience, [Type], Skew: TimeSpan.FromSeconds(5), time);

    public async Task<SignedToken> SignAsync(string userId, string deviceId)
    {
        var key = await keys.CurrentAsync();
        var now = time.GetUtcNow();
        var expiresAt = DateTimeOffset.FromUnixTimeSeconds((now + Limits.AccessToken).ToUnixTimeSeconds());
        var token = Jwt.Create(new SecurityTokenDescriptor
        {
            Issuer = Issuer,
            Audience = Audience,
            TokenType = Type,
            Subject = new ClaimsIdentity([
                new Claim(JwtRegisteredClaimNames.Sub, userId),
                new Claim(DeviceClaim, deviceId),
                new Claim(JwtRegisteredClaimNames.Jti, Guid.NewGuid().ToString("N"))]),
            IssuedAt = now.UtcDateTime,
            NotBefore = now.UtcDateTime,
            Expires = expiresAt.UtcDateTime,
            SigningCredentials = key.Credentials,
        });
        return new SignedToken(token, expiresAt);
    }

    /// <summary>Null for anything but a token that this relay signed and that is valid now.</summary>
    public async Task<AccessGrant?> VerifyAsync(string token) =>
        await Jwt.VerifyAsync(token, async (kid, _) => kid is null ? null : (await keys.FindAsync(kid))?.Verification, _rules) is { } good
        && good.Text(JwtRegisteredClaimNames.Sub) is { } userId && good.Text(DeviceClaim) is { } deviceId && Jwt.EndOf(good) is { } end
            ? new AccessGrant(userId, deviceId, end)
            : null;
}
