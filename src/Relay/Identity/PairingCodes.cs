using PocketCoder.Protocol;
using PocketCoder.Storage;

namespace PocketCoder.Relay.Identity;

/// <summary>One-time codes of 128 bits that pair a device with a user.</summary>
internal sealed class PairingCodes(IOneTimeStore store, TimeProvider time)
{
    public async Task<PairingCodeCreateResponse> CreateAsync(string userId)
    {
        // One that begins with a dash would be an option where somebody pastes it behind a command.
        string code;
        do
        {
            code = Secrets.Random128();
        }
        while (code[0] == '-');

        var expiresAt = time.GetUtcNow() + Limits.PairingCode;
        await store.PutAsync(code, userId, expiresAt);
        return new PairingCodeCreateResponse(code, expiresAt);
    }

    /// <summary>The user that the code pairs with, once.</summary>
    public Task<string?> TakeAsync(string code) => store.TakeAsync(code);
}

/// <summary>Pairing codes in the relay's database: they outlive a restart.</summary>
internal sealed class SqlitePairingCodes(Database database, TimeProvider time) : IOneTimeStore
{
    public Task PutAsync(string secret, string value, DateTimeOffset expiresAt) => database.WriteAsync(connection =>
    {
        connection.Execute("DELETE FROM pairing_codes WHERE expires_at < $1", time.GetUtcNow());
        connection.Execute("INSERT INTO pairing_codes VALUES ($1, $2, $3)", Secrets.Hash(secret), value, expiresAt);
    });

    // Deleting is what makes it one use: of two exchanges at once only one finds the row.
    public Task<string?> TakeAsync(string secret) => database.WriteAsync(connection => connection.Query(
        "DELETE FROM pairing_codes WHERE hash = $1 AND expires_at > $2 RETURNING user_id", row => row.GetString(0), Secrets.Hash(secret), time.GetUtcNow()).FirstOrDefault());
}
