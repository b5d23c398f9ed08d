using PocketCoder.Storage;

namespace PocketCoder.Relay.Stores.Sqlite;

internal sealed class SqlitePairingCodes(Database database, TimeProvider time) : IPairingCodeStore
{
    public Task AddAsync(byte[] hash, string userId, string? maker, DateTimeOffset expiresAt) => database.WriteAsync(connection =>
    {
        connection.Execute("DELETE FROM pairing_codes WHERE expires_at < $1", time.GetUtcNow());
        connection.Execute("INSERT INTO pairing_codes (hash, user_id, expires_at, maker) VALUES ($1, $2, $3, $4)", hash, userId, expiresAt, maker);
        connection.Execute("""
            DELETE FROM pairing_codes WHERE user_id = $1
            AND rowid NOT IN (SELECT rowid FROM pairing_codes WHERE user_id = $1 ORDER BY expires_at DESC, rowid DESC LIMIT $2)
            """, userId, Limits.PairingCodesPerUser);
    });

    public Task<string?> TakeAsync(byte[] hash) => database.WriteAsync(connection => connection.Query(
        // Deleting is what makes it one use: of two exchanges at once only one finds the row. The maker may have been revoked while the code was being made.
        """
        DELETE FROM pairing_codes WHERE hash = $1 AND expires_at > $2
        AND (maker IS NULL OR EXISTS (SELECT 1 FROM devices WHERE device_id = maker AND revoked_at IS NULL))
        RETURNING user_id
        """,
        row => row.GetString(0), hash, time.GetUtcNow()).FirstOrDefault());
}
