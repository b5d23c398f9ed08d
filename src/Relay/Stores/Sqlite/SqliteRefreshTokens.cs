using Microsoft.Data.Sqlite;
using PocketCoder.Storage;

namespace PocketCoder.Relay.Stores.Sqlite;

internal sealed class SqliteRefreshTokens(Database database, TimeProvider time) : IRefreshTokenStore
{
    public Task<bool> KnowsAsync(RefreshSecret token) => Task.FromResult(database.Read(connection => connection.QueryInt64(
        "SELECT count(*) FROM refresh_tokens WHERE hash = $1", token.Hash)) == 1);

    public Task EnrolAsync(string userId, string deviceId, string? name, RefreshSecret token) => database.WriteAsync(connection =>
    {
        connection.Execute("INSERT INTO devices (device_id, user_id, name, created_at, last_seen_at) VALUES ($1, $2, $3, $4, $4)",
            deviceId, userId, name, time.GetUtcNow());
        Add(connection, deviceId, token.Hash, time.GetUtcNow() + Limits.RefreshToken);
    });

    public Task RememberAsync(string userId, string deviceId, RefreshSecret token) => database.WriteAsync(connection =>
    {
        var now = time.GetUtcNow();
        connection.Execute("""
            INSERT INTO devices (device_id, user_id, created_at, last_seen_at) VALUES ($1, $2, $3, $3) ON CONFLICT (device_id) DO UPDATE SET last_seen_at = excluded.last_seen_at
            """, deviceId, userId, now);
        connection.Execute("DELETE FROM refresh_tokens WHERE expires_at < $1", now);
        connection.Execute("INSERT INTO refresh_tokens (hash, device_id, expires_at) VALUES ($1, $2, $3) ON CONFLICT (hash) DO UPDATE SET expires_at = excluded.expires_at",
            token.Hash, deviceId, now + Limits.RefreshToken);
    });

    public Task<RefreshOutcome?> TradeAsync(RefreshSecret token, RefreshSecret next, string? attempt) => database.WriteAsync(connection => Trade(connection, token.Hash, next.Hash, attempt));

    private RefreshOutcome? Trade(SqliteConnection connection, byte[] hash, byte[] next, string? attempt)
    {
        var now = time.GetUtcNow();
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

        var isRetry = token.UnusedSuccessorEnds is not null && token.Attempt is not null && token.Attempt == attempt;
        if (token.IsOrphaned || (token.IsSpent && !isRetry))
        {
            SqliteDevices.Revoke(connection, token.DeviceId, now);
            return new RefreshOutcome(token.DeviceId, token.UserId, Ended: true);
        }

        if (isRetry)
        {
            connection.Execute("UPDATE refresh_tokens SET orphaned = 1 WHERE hash = (SELECT successor FROM refresh_tokens WHERE hash = $1)", hash);
        }

        // A spent token is known as long as its successor lives; a repeated exchange makes neither of them live longer.
        var ends = token.UnusedSuccessorEnds ?? now + Limits.RefreshToken;
        Add(connection, token.DeviceId, next, ends);
        connection.Execute("UPDATE refresh_tokens SET spent_at = coalesce(spent_at, $2), attempt = $3, successor = $4, expires_at = $5 WHERE hash = $1",
            hash, now, attempt, next, ends);
        connection.Execute("DELETE FROM refresh_tokens WHERE expires_at < $1", now);
        connection.Execute("UPDATE devices SET last_seen_at = $2 WHERE device_id = $1", token.DeviceId, now);
        return new RefreshOutcome(token.DeviceId, token.UserId, Ended: false);
    }

    private static void Add(SqliteConnection connection, string deviceId, byte[] hash, DateTimeOffset expiresAt) =>
        connection.Execute("INSERT INTO refresh_tokens (hash, device_id, expires_at) VALUES ($1, $2, $3)", hash, deviceId, expiresAt);
}
