using Microsoft.Data.Sqlite;
using PocketCoder.Protocol;
using PocketCoder.Storage;

namespace PocketCoder.Relay.Identity;

/// <summary>
/// The relay's own tokens. A device is a family of refresh tokens: each use makes the next one, and a spent one that is used again ends the device, for
/// somebody has copied it.
/// </summary>
internal sealed class RefreshFamilies(Database database, AccessTokens tokens, Devices devices, TimeProvider time)
{
    /// <summary>Tokens for a new device of the user.</summary>
    public async Task<AuthExchangeResponse> EnrolAsync(string userId, string? name)
    {
        var deviceId = $"dev_{Guid.NewGuid():N}";
        var refresh = await database.WriteAsync(connection =>
        {
            connection.Execute("INSERT INTO devices (device_id, user_id, name, created_at, last_seen_at) VALUES ($1, $2, $3, $4, $4)",
                deviceId, userId, name, time.GetUtcNow());
            return Issue(connection, deviceId);
        });
        var access = await tokens.SignAsync(userId, deviceId);
        return new AuthExchangeResponse(access.Token, refresh, access.ExpiresAt.ToUnixTimeSeconds(), userId);
    }

    /// <summary>
    /// Trades a refresh token for the next. A client that lost the answer on the way may ask again with the same <c>attempt</c>;
    /// anybody else who shows a spent token ends the family.
    /// </summary>
    public async Task<TokenRefreshResponse> RefreshAsync(TokenRefreshRequest request)
    {
        string? revoked = null;
        var next = await database.WriteAsync(connection => Next(connection, request, deviceId => revoked = deviceId));
        if (revoked is not null)
        {
            devices.Announce(revoked);
        }

        if (next is not var (deviceId, userId, refresh))
        {
            throw Refusals.Identity.ToException();
        }

        var access = await tokens.SignAsync(userId, deviceId);
        return new TokenRefreshResponse(access.Token, refresh, access.ExpiresAt.ToUnixTimeSeconds(), userId);
    }

    private (string DeviceId, string UserId, string Refresh)? Next(SqliteConnection connection, TokenRefreshRequest request, Action<string> onRevoked)
    {
        var now = time.GetUtcNow();
        var hash = Secrets.Hash(request.RefreshToken);
        var found = connection.Query("""
            SELECT t.device_id, d.user_id, t.expires_at, t.spent_at, t.attempt, d.revoked_at
            FROM refresh_tokens t JOIN devices d USING (device_id) WHERE t.hash = $1
            """,
            row => new
            {
                DeviceId = row.GetString(0),
                UserId = row.GetString(1),
                ExpiresAt = row.Time(2),
                SpentAt = row.NullableTime(3),
                Attempt = row.NullableString(4),
                Revoked = !row.IsDBNull(5),
            },
            hash);
        if (found is not [var token] || token.Revoked || token.ExpiresAt <= now)
        {
            return null;
        }

        if (token.SpentAt is { } spentAt)
        {
            var retry = token.Attempt is not null && token.Attempt == request.Attempt && now - spentAt < Limits.RefreshRetry;
            if (!retry)
            {
                onRevoked(devices.Revoke(connection, token.DeviceId));
                return null;
            }

            // The successor went astray with the lost answer.
            connection.Execute("DELETE FROM refresh_tokens WHERE device_id = $1 AND spent_at IS NULL", token.DeviceId);
        }

        connection.Execute("UPDATE refresh_tokens SET spent_at = $2, attempt = $3 WHERE hash = $1", hash, now, request.Attempt);
        connection.Execute("DELETE FROM refresh_tokens WHERE expires_at < $1", now);
        connection.Execute("UPDATE devices SET last_seen_at = $2 WHERE device_id = $1", token.DeviceId, now);
        return (token.DeviceId, token.UserId, Issue(connection, token.DeviceId));
    }

    private string Issue(SqliteConnection connection, string deviceId)
    {
        var refresh = Secrets.Random256();
        connection.Execute("INSERT INTO refresh_tokens (hash, device_id, expires_at) VALUES ($1, $2, $3)",
            Secrets.Hash(refresh), deviceId, time.GetUtcNow() + Limits.RefreshToken);
        return refresh;
    }
}
