using PocketCoder.Protocol;
using PocketCoder.Relay.Stores;

namespace PocketCoder.Relay.Identity;

/// <summary>One-time codes of 128 bits that pair a device with a user. They outlive a restart of the relay, but not the device that made them.</summary>
internal sealed class PairingCodes(IPairingCodeStore store, TimeProvider time)
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
        await store.AddAsync(Secrets.Hash(code), userId, maker, expiresAt);
        return new PairingCodeCreateResponse(code, expiresAt);
    }

    /// <summary>The user that the code pairs with, once.</summary>
    public Task<string?> TakeAsync(string code) => store.TakeAsync(Secrets.Hash(code));
}
