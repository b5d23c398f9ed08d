using System.Security.Claims;
using System.Security.Cryptography;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using PocketCoder.Storage;

namespace PocketCoder.Relay.Identity;

/// <summary>Whom an access token speaks for, and until when.</summary>
internal sealed record AccessGrant(string UserId, string DeviceId, DateTimeOffset ExpiresAt);

internal sealed record SignedToken(string Token, DateTimeOffset ExpiresAt);

/// <summary>Signs and checks ES256 access tokens with a key that the relay made and keeps.</summary>
internal sealed class AccessTokens
{
    private const string Issuer = "pocketcoder";
    private const string Audience = "pocketcoder-relay";
    private const string DeviceClaim = "device";

    private readonly JsonWebTokenHandler _handler = new() { MapInboundClaims = false, SetDefaultTimesOnTokenCreation = false };
    private readonly SigningCredentials _signing;
    private readonly TokenValidationParameters _validation;
    private readonly TimeProvider _time;

    private AccessTokens(string kid, byte[] pkcs8, TimeProvider time)
    {
        var key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(pkcs8, out _);
        ECDsaSecurityKey securityKey = new(key) { KeyId = kid };
        _time = time;
        _signing = new SigningCredentials(securityKey, SecurityAlgorithms.EcdsaSha256);
        _validation = new TokenValidationParameters
        {
            ValidIssuer = Issuer,
            ValidAudience = Audience,
            IssuerSigningKey = securityKey,
            ValidAlgorithms = [SecurityAlgorithms.EcdsaSha256],
            ValidTypes = ["at+jwt"],
            RequireExpirationTime = true,
            RequireSignedTokens = true,
            TryAllIssuerSigningKeys = false,
            LifetimeValidator = (notBefore, expires, _, _) =>
                expires is { } end && end > _time.GetUtcNow().UtcDateTime && (notBefore is not { } start || start <= _time.GetUtcNow().UtcDateTime.AddSeconds(5)),
        };
    }

    public static async Task<AccessTokens> OpenAsync(Database database, TimeProvider time)
    {
        var (kid, pkcs8) = await database.WriteAsync(connection =>
        {
            if (connection.QueryInt64("SELECT count(*) FROM signing_keys") == 0)
            {
                using var fresh = ECDsa.Create(ECCurve.NamedCurves.nistP256);
                connection.Execute("INSERT INTO signing_keys VALUES ($1, $2, $3)", Guid.NewGuid().ToString("N"), fresh.ExportPkcs8PrivateKey(), time.GetUtcNow());
            }

            return connection.Query("SELECT kid, pkcs8 FROM signing_keys ORDER BY created_at DESC LIMIT 1", row => (row.GetString(0), row.GetFieldValue<byte[]>(1)))[0];
        });
        return new AccessTokens(kid, pkcs8, time);
    }

    public SignedToken Sign(string userId, string deviceId)
    {
        var now = _time.GetUtcNow();
        var expiresAt = DateTimeOffset.FromUnixTimeSeconds((now + Limits.AccessToken).ToUnixTimeSeconds());
        var token = _handler.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = Issuer,
            Audience = Audience,
            TokenType = "at+jwt",
            Subject = new ClaimsIdentity([
                new Claim(JwtRegisteredClaimNames.Sub, userId),
                new Claim(DeviceClaim, deviceId),
                new Claim(JwtRegisteredClaimNames.Jti, Guid.NewGuid().ToString("N"))]),
            IssuedAt = now.UtcDateTime,
            NotBefore = now.UtcDateTime,
            Expires = expiresAt.UtcDateTime,
            SigningCredentials = _signing,
        });
        return new SignedToken(token, expiresAt);
    }

    /// <summary>Null for anything but a token that this relay signed and that is valid now.</summary>
    public async Task<AccessGrant?> VerifyAsync(string token)
    {
        var result = await _handler.ValidateTokenAsync(token, _validation);
        if (!result.IsValid || result.SecurityToken is not JsonWebToken jwt
            || !jwt.TryGetPayloadValue<string>(JwtRegisteredClaimNames.Sub, out var userId)
            || !jwt.TryGetPayloadValue<string>(DeviceClaim, out var deviceId)
            || !jwt.TryGetPayloadValue<long>(JwtRegisteredClaimNames.Exp, out var expires))
        {
            return null;
        }

        return new AccessGrant(userId, deviceId, DateTimeOffset.FromUnixTimeSeconds(expires));
    }
}
