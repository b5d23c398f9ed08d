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
            return Issue(connection, deviceId, time.GetUtcNow() + Limits.RefreshToken);
        });
        var access = await tokens.SignAsync(userId, deviceId);
        return new AuthExchangeResponse(access.Token, refresh, access.ExpiresAt.ToUnixTimeSeconds(), userId);
    }

    /// <summary>
    /// Trades a refresh token for the next. A client that lost the answer on the way may ask again with the same <c>attempt</c>, until somebody uses the
    /// token that it led to; anybody else who shows a spent token ends the family, and so does who shows one whose answer was taken for lost.
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
            SELECT t.device_id, d.user_id, t.expires_at, t.spent_at, t.attempt, t.orphaned, s.expires_at
            FROM refresh_tokens t JOIN devices d USING (device_id)
            LEFT JOIN refresh_tokens s ON s.hash = t.successor AND s.spent_at IS NULL
            WHERE t.hash = $1 AND d.revoked_at IS NULL
            """,
            row => new
            {
                DeviceId = row.GetString(0),
                UserId = row.GetString(1),
                ExpiresAt = row.Time(2),
                IsSpent = !row.IsDBNull(3),
                Attempt = row.NullableString(4),
                IsOrphaned = row.GetInt64(5) == 1,
                UnusedSuccessorEnds = row.NullableTime(6),
            },
            hash);
        if (found is not [var token] || token.ExpiresAt <= now)
        {
            return null;
        }

        var isRetry = token.UnusedSuccessorEnds is not null && token.Attempt is not null && token.Attempt == request.Attempt;
        if (token.IsOrphaned || (token.IsSpent && !isRetry))
        {
            onRevoked(devices.Revoke(connection, token.DeviceId));
            return null;
        }

        if (isRetry)
        {
            connection.Execute("UPDATE refresh_tokens SET orphaned = 1 WHERE hash = (SELECT successor FROM refresh_tokens WHERE hash = $1)", hash);
        }

        // A spent token is known as long as its successor lives; a repeated exchange makes neither of them live longer.
        var ends = token.UnusedSuccessorEnds ?? now + Limits.RefreshToken;
        var refresh = Issue(connection, token.DeviceId, ends);
        connection.Execute("UPDATE refresh_tokens SET spent_at = coalesce(spent_at, $2), attempt = $3, successor = $4, expires_at = $5 WHERE hash = $1",
            hash, now, request.Attempt, Secrets.Hash(refresh), ends);
        connection.Execute("DELETE FROM refresh_tokens WHERE expires_at < $1", now);
        connection.Execute("UPDATE devices SET last_seen_at = $2 WHERE device_id = $1", token.DeviceId, now);
        return (token.DeviceId, token.UserId, refresh);
    }

    private static string Issue(SqliteConnection connection, string deviceId, DateTimeOffset expiresAt)
    {
        var refresh = Secrets.Random256();
        connection.Execute("INSERT INTO refresh_tokens (hash, device_id, expires_at) VALUES ($1, $2, $3)", Secrets.Hash(refresh), deviceId, expiresAt);
        return refresh;
    }
}
