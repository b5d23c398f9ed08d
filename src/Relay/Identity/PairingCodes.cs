using PocketCoder.Protocol;
using PocketCoder.Storage;

namespace PocketCoder.Relay.Identity;

/// <summary>
/// One-time codes of 128 bits that pair a device with a user, in the relay's database as hashes: they outlive a restart, but not the device that made them.
/// A user's newest ones count.
/// </summary>
internal sealed class PairingCodes(Database database, TimeProvider time)
{
    /// <param name="userId">Whom it pairs with.</param>
    /// <param name="maker">The device that asked for it; null: the relay's own console.</param>
    public async Task<PairingCodeCreateResponse> CreateAsync(string userId, string? maker)
    {
        // One that begins with a dash would be an option where somebody pastes it behind a command.
        string code;
        do
        {
            code = Secrets.Random128();
        }
        while (code[0] == '-');

        var expiresAt = time.GetUtcNow() + Limits.PairingCode;
        await database.WriteAsync(connection =>
        {
            connection.Execute("DELETE FROM pairing_codes WHERE expires_at < $1", time.GetUtcNow());
            connection.Execute("INSERT INTO pairing_codes (hash, user_id, expires_at, maker) VALUES ($1, $2, $3, $4)", Secrets.Hash(code), userId, expiresAt, maker);
            connection.Execute("""
                DELETE FROM pairing_codes WHERE user_id = $1
                AND rowid NOT IN (SELECT rowid FROM pairing_codes WHERE user_id = $1 ORDER BY expires_at DESC, rowid DESC LIMIT $2)
                """, userId, Limits.PairingCodesPerUser);
        });
        return new PairingCodeCreateResponse(code, expiresAt);
    }

    /// <summary>The user that the code pairs with, once.</summary>
    public Task<string?> TakeAsync(string code) => database.WriteAsync(connection => connection.Query(
        // Deleting is what makes it one use: of two exchanges at once only one finds the row. The maker may have been revoked while the code was being made.
        """
        DELETE FROM pairing_codes WHERE hash = $1 AND expires_at > $2
        AND (maker IS NULL OR EXISTS (SELECT 1 FROM devices WHERE device_id = maker AND revoked_at IS NULL))
        RETURNING user_id
        """,
        row => row.GetString(0), Secrets.Hash(code), time.GetUtcNow()).FirstOrDefault());
}
