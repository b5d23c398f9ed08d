using PocketCoder.Storage;

namespace PocketCoder.Relay.Stores.Sqlite;

/// <summary>The store of one relay alone: a file, and in memory what may go with the process.</summary>
internal sealed class SqliteStore(Database database, TimeProvider time) : IRelayStore
{
    public ISigningKeyStore SigningKeys { get; } = new SqliteSigningKeys(database);

    public IDeviceStore Devices { get; } = new SqliteDevices(database, time);

    public IRefreshTokenStore RefreshTokens { get; } = new SqliteRefreshTokens(database, time);

    public IPairingCodeStore PairingCodes { get; } = new SqlitePairingCodes(database, time);

    public IMachineStore Machines { get; } = new SqliteMachines(database, time);

    public IOneTimeStore OneTime { get; } = new MemoryCodes(time);

    public IAttemptStore Attempts { get; } = new MemoryAttempts(time);

    public Task<string> OwnerAsync(string candidate) => database.WriteAsync(connection =>
    {
        connection.Execute("INSERT INTO account SELECT $1 WHERE NOT EXISTS (SELECT 1 FROM account)", candidate);
        return connection.Query("SELECT user_id FROM account", row => row.GetString(0))[0];
    });

    public Task CheckAsync() => database.WriteAsync(connection => connection.Execute("UPDATE account SET user_id = user_id"));

    public ValueTask DisposeAsync() => database.DisposeAsync();
}
