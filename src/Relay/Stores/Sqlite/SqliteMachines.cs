using PocketCoder.Protocol;
using PocketCoder.Storage;

namespace PocketCoder.Relay.Stores.Sqlite;

internal sealed class SqliteMachines(Database database, TimeProvider time) : IMachineStore
{
    public async Task<bool> ClaimAsync(string machineKey, string userId, MachineInfo machine) => await database.WriteAsync(connection =>
    {
        connection.Execute("""
            INSERT INTO machines VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING
            """, machineKey, userId, machine.Label, machine.Hostname, machine.Platform, machine.DaemonVersion, time.GetUtcNow());
        return connection.Query("SELECT user_id FROM machines WHERE machine_key = $1", row => row.GetString(0), machineKey)[0];
    }) == userId;

    public Task SeenAsync(string machineKey, MachineInfo machine) => database.WriteAsync(connection => connection.Execute("""
        UPDATE machines SET label = $2, hostname = $3, platform = $4, daemon_version = $5, last_seen_at = $6 WHERE machine_key = $1
        """, machineKey, machine.Label, machine.Hostname, machine.Platform, machine.DaemonVersion, time.GetUtcNow()));

    public Task LeftAsync(string machineKey) => database.WriteAsync(connection => connection.Execute(
        "UPDATE machines SET last_seen_at = $2 WHERE machine_key = $1", machineKey, time.GetUtcNow()));

    public Task<IReadOnlyList<StoredMachine>> OfAsync(string userId) => Task.FromResult(database.Read(connection => (IReadOnlyList<StoredMachine>)connection.Query("""
        SELECT machine_key, label, hostname, platform, last_seen_at, daemon_version FROM machines WHERE user_id = $1 ORDER BY label, machine_key
        """,
        row => new StoredMachine(row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3), row.Time(4), row.GetString(5)), userId)));
}
