using Microsoft.Data.Sqlite;
using PocketCoder.Protocol;
using PocketCoder.Storage;

namespace PocketCoder.Relay.Identity;

/// <summary>The devices that act for users: names, when they were last there, and their end.</summary>
internal sealed class Devices(Database database, TimeProvider time)
{
    /// <summary>Raised with the device's id when it is revoked.</summary>
    public event Action<string>? Revoked;

    /// <summary>False once the device was revoked.</summary>
    public bool IsActive(AccessGrant grant) => database.Read(connection => connection.QueryInt64(
        "SELECT count(*) FROM devices WHERE device_id = $1 AND user_id = $2 AND revoked_at IS NULL", grant.DeviceId, grant.UserId)) == 1;

    /// <summary>True once it was revoked, or when it is somebody else's; a device that nobody has seen yet is not.</summary>
    public bool IsBarred(AccessGrant grant) => database.Read(connection => connection.QueryInt64(
        "SELECT count(*) FROM devices WHERE device_id = $1 AND (user_id <> $2 OR revoked_at IS NOT NULL)", grant.DeviceId, grant.UserId)) > 0;

    /// <summary>Is this a refresh token of a device here, spent or not?</summary>
    public bool Knows(string refreshToken) => database.Read(connection => connection.QueryInt64(
        "SELECT count(*) FROM refresh_tokens WHERE hash = $1", Secrets.Hash(refreshToken))) == 1;

    /// <summary>Notes that a device registered, what it calls itself (null: as before) and which machine it is.</summary>
    public Task SeenAsync(AccessGrant grant, string? name, string? machineKey) => database.WriteAsync(connection => connection.Execute("""
        INSERT INTO devices (device_id, user_id, name, machine_key, created_at, last_seen_at) VALUES ($1, $2, $3, $4, $5, $5)
        ON CONFLICT (device_id) DO UPDATE SET name = coalesce(excluded.name, name), machine_key = excluded.machine_key, last_seen_at = excluded.last_seen_at
        WHERE user_id = excluded.user_id
        """, grant.DeviceId, grant.UserId, name, machineKey, time.GetUtcNow()));

    /// <summary>Notes that a device got tokens, and makes it known.</summary>
    public Task SeenTokenAsync(AccessGrant grant) => database.WriteAsync(connection => connection.Execute("""
        INSERT INTO devices (device_id, user_id, created_at, last_seen_at) VALUES ($1, $2, $3, $3) ON CONFLICT (device_id) DO UPDATE SET last_seen_at = excluded.last_seen_at
        """, grant.DeviceId, grant.UserId, time.GetUtcNow()));

    public IReadOnlyList<DeviceEntry> Of(string userId, string asker, Func<string, bool> isConnected) => database.Read(connection => connection.Query("""
        SELECT device_id, created_at, last_seen_at, name, machine_key FROM devices
        WHERE user_id = $1 AND revoked_at IS NULL ORDER BY last_seen_at DESC, device_id
        """,
        row => new DeviceEntry(row.GetString(0), row.Time(1), row.Time(2), isConnected(row.GetString(0)), row.GetString(0) == asker)
        {
            Name = row.NullableString(3),
            MachineKey = row.NullableString(4),
        },
        userId));

    /// <summary>
    /// Takes a device's rights away; its id, or null when the user has no such device. <see cref="Announce"/> is what closes its connections.
    /// </summary>
    public Task<string?> RevokeAsync(string userId, string deviceId) => database.WriteAsync(connection =>
        connection.QueryInt64("SELECT count(*) FROM devices WHERE device_id = $1 AND user_id = $2 AND revoked_at IS NULL", deviceId, userId) == 1
            ? Revoke(connection, deviceId)
            : null);

    /// <summary>The same for the device that a refresh token belongs to, spent or not.</summary>
    public Task<string?> RevokeByTokenAsync(string refreshToken) => database.WriteAsync(connection =>
        connection.Query("SELECT device_id FROM refresh_tokens WHERE hash = $1", row => row.GetString(0), Secrets.Hash(refreshToken)) is [var deviceId]
            ? Revoke(connection, deviceId)
            : null);

    public void Announce(string revokedDeviceId) => Revoked?.Invoke(revokedDeviceId);

    /// <summary>As part of a write.</summary>
    public string Revoke(SqliteConnection connection, string deviceId)
    {
        connection.Execute("UPDATE devices SET revoked_at = $2 WHERE device_id = $1", deviceId, time.GetUtcNow());
        connection.Execute("DELETE FROM refresh_tokens WHERE device_id = $1", deviceId);
        connection.Execute("DELETE FROM pairing_codes WHERE maker = $1", deviceId);
        return deviceId;
    }
}
