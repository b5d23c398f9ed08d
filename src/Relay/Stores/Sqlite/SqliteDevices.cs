using Microsoft.Data.Sqlite;
using PocketCoder.Storage;

namespace PocketCoder.Relay.Stores.Sqlite;

internal sealed class SqliteDevices(Database database, TimeProvider time) : IDeviceStore
{
    public Task<bool> IsActiveAsync(string userId, string deviceId) => Task.FromResult(database.Read(connection => connection.QueryInt64(
        "SELECT count(*) FROM devices WHERE device_id = $1 AND user_id = $2 AND revoked_at IS NULL", deviceId, userId)) == 1);

    public Task<bool> IsBarredAsync(string userId, string deviceId) => Task.FromResult(database.Read(connection => connection.QueryInt64(
        "SELECT count(*) FROM devices WHERE device_id = $1 AND (user_id <> $2 OR revoked_at IS NOT NULL)", deviceId, userId)) > 0);

    public Task SeenAsync(string userId, string deviceId, string? name, string? machineKey) => database.WriteAsync(connection => connection.Execute("""
        INSERT INTO devices (device_id, user_id, name, machine_key, created_at, last_seen_at) VALUES ($1, $2, $3, $4, $5, $5)
        ON CONFLICT (device_id) DO UPDATE SET name = coalesce(excluded.name, name), machine_key = excluded.machine_key, last_seen_at = excluded.last_seen_at
        WHERE user_id = excluded.user_id
        """, deviceId, userId, name, machineKey, time.GetUtcNow()));

    public Task<IReadOnlyList<StoredDevice>> OfAsync(string userId) => Task.FromResult(database.Read(connection => (IReadOnlyList<StoredDevice>)connection.Query("""
        SELECT device_id, created_at, last_seen_at, name, machine_key FROM devices
        WHERE user_id = $1 AND revoked_at IS NULL ORDER BY last_seen_at DESC, device_id
        """,
        row => new StoredDevice(row.GetString(0), row.Time(1), row.Time(2), row.NullableString(3), row.NullableString(4)), userId)));

    public Task<bool> RevokeAsync(string userId, string deviceId) => database.WriteAsync(connection =>
    {
        var isTheirs = connection.QueryInt64("SELECT count(*) FROM devices WHERE device_id = $1 AND user_id = $2 AND revoked_at IS NULL", deviceId, userId) == 1;
        if (isTheirs)
        {
            Revoke(connection, deviceId, time.GetUtcNow());
        }

        return isTheirs;
    });

    public Task<string?> RevokeByTokenAsync(RefreshSecret token) => database.WriteAsync(connection =>
    {
        var deviceId = connection.Query("SELECT device_id FROM refresh_tokens WHERE hash = $1", row => row.GetString(0), token.Hash).FirstOrDefault();
        if (deviceId is not null)
        {
            Revoke(connection, deviceId, time.GetUtcNow());
        }

        return deviceId;
    });

    /// <summary>As part of a write.</summary>
    public static void Revoke(SqliteConnection connection, string deviceId, DateTimeOffset now)
    {
        connection.Execute("UPDATE devices SET revoked_at = $2 WHERE device_id = $1", deviceId, now);
        connection.Execute("DELETE FROM refresh_tokens WHERE device_id = $1", deviceId);
        connection.Execute("DELETE FROM pairing_codes WHERE maker = $1", deviceId);
    }
}
