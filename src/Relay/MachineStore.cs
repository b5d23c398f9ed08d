using System.Collections.Concurrent;
using PocketCoder.Protocol;
using PocketCoder.Storage;

namespace PocketCoder.Relay;

/// <summary>Which machines belong to whom. A machine key belongs to the account that registered it first, for good.</summary>
internal sealed class MachineStore(Database database, TimeProvider time)
{
    private readonly ConcurrentDictionary<string, string> _owners = new(
        database.Read(connection => connection.Query("SELECT machine_key, user_id FROM machines", row => KeyValuePair.Create(row.GetString(0), row.GetString(1)))),
        StringComparer.Ordinal);

    /// <summary>The key as it is kept; null when there is no such machine or it is somebody else's.</summary>
    public string? OwnedBy(ReadOnlySpan<char> machineKey, string userId) =>
        _owners.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(machineKey, out var key, out var owner) && owner == userId ? key : null;

    /// <summary>Claims the key for the user; false when it is somebody else's.</summary>
    public async Task<bool> ClaimAsync(string machineKey, string userId, MachineInfo machine)
    {
        var owner = await database.WriteAsync(connection =>
        {
            connection.Execute("""
                INSERT INTO machines VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING
                """, machineKey, userId, machine.Label, machine.Hostname, machine.Platform, machine.DaemonVersion, time.GetUtcNow());
            return connection.Query("SELECT user_id FROM machines WHERE machine_key = $1", row => row.GetString(0), machineKey)[0];
        });
        _owners[machineKey] = owner;
        return owner == userId;
    }

    public Task SeenAsync(string machineKey, MachineInfo machine) => database.WriteAsync(connection => connection.Execute("""
        UPDATE machines SET label = $2, hostname = $3, platform = $4, daemon_version = $5, last_seen_at = $6 WHERE machine_key = $1
        """, machineKey, machine.Label, machine.Hostname, machine.Platform, machine.DaemonVersion, time.GetUtcNow()));

    /// <summary>Notes when the machine was last there; gives its label.</summary>
    public Task<string> LeftAsync(string machineKey) => database.WriteAsync(connection =>
        connection.Query("UPDATE machines SET last_seen_at = $2 WHERE machine_key = $1 RETURNING label", row => row.GetString(0), machineKey, time.GetUtcNow())
            .FirstOrDefault(""));

    public IReadOnlyList<MachineEntry> Of(string userId, Func<string, bool> isConnected) => database.Read(connection => connection.Query("""
        SELECT machine_key, label, hostname, platform, last_seen_at, daemon_version FROM machines WHERE user_id = $1 ORDER BY label, machine_key
        """,
        row => new MachineEntry(row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3), isConnected(row.GetString(0)), row.Time(4), row.GetString(5)),
        userId));
}
