using PocketCoder.Storage;

namespace PocketCoder.Relay.Stores.Sqlite;

internal sealed class SqliteSigningKeys(Database database) : ISigningKeyStore
{
    public Task<IReadOnlyList<StoredSigningKey>> LoadAsync() => Task.FromResult(database.Read(connection => (IReadOnlyList<StoredSigningKey>)connection.Query(
        "SELECT kid, pkcs8, created_at FROM signing_keys", row => new StoredSigningKey(row.GetString(0), row.GetFieldValue<byte[]>(1), row.Time(2)))));

    public Task AddAsync(StoredSigningKey key) => database.WriteAsync(connection => connection.Execute(
        "INSERT INTO signing_keys VALUES ($1, $2, $3)", key.Kid, key.Pkcs8, key.CreatedAt));

    public Task RemoveAsync(string kid) => database.WriteAsync(connection => connection.Execute("DELETE FROM signing_keys WHERE kid = $1", kid));
}
