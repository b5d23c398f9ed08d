using System.Diagnostics;
using System.Security.Cryptography;
using Microsoft.IdentityModel.Tokens;
using PocketCoder.Relay.Stores;

namespace PocketCoder.Relay.Identity;

/// <summary>A key of ours in use. <c>UsableUntil</c>: set once there is a newer one; the last tokens that it signed have ended then.</summary>
internal sealed record SigningKey(string Kid, DateTimeOffset CreatedAt, DateTimeOffset? UsableUntil, SigningCredentials Credentials, VerificationKey Verification, byte[] SealKey);

/// <summary>
/// The ES256 keys of this relay. The newest signs; an older one verifies until the last token that it signed has ended, and is deleted with the next
/// token that is signed, or at the next start. A new one is made when the newest has its age.
/// </summary>
internal sealed class SigningKeys
{
    // A key that another node made is found by the first token that it signed. However many ids are invented, the store is read ten times a second at most.
    private static readonly TimeSpan ReloadInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestUnread = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(1);

    private readonly ISigningKeyStore _store;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private Task _changing = Task.CompletedTask;
    private volatile List<SigningKey> _keys = [];
    private long _loadedAt;
    private Task? _soon;

    private SigningKeys(ISigningKeyStore store, TimeProvider time) => (_store, _time) = (store, time);

    /// <param name="store">Where they are kept.</param>
    /// <param name="time">The clock.</param>
    /// <param name="rotate">Make a new key in any case.</param>
    public static async Task<SigningKeys> OpenAsync(ISigningKeyStore store, TimeProvider time, bool rotate)
    {
        SigningKeys keys = new(store, time);
        await keys.ReloadAsync();
        if (rotate && keys._keys.Count > 0)
        {
            await keys.RotateAsync();
        }

        return keys;
    }

    /// <summary>All that verify, the newest first.</summary>
    public IEnumerable<SigningKey> Usable => _keys.Where(key => key.UsableUntil is not { } end || end > _time.GetUtcNow());

    /// <summary>The key to sign with.</summary>
    public async Task<SigningKey> CurrentAsync()
    {
        await LookNowAndThenAsync();
        while (!IsFresh || HasEnded)
        {
            await OneAtATime(RenewAsync);
        }

        return _keys[0];
    }

    /// <summary>The key with this id, while it verifies.</summary>
    public async Task<SigningKey?> FindAsync(string kid)
    {
        await LookNowAndThenAsync();
        if (Known(kid) is null)
        {
            await ReloadSoonAsync();
        }

        return Known(kid);
    }

    // Another node may have made a newer key, which ends the ones before it.
    private Task LookNowAndThenAsync() => Stopwatch.GetElapsedTime(Volatile.Read(ref _loadedAt)) < LongestUnread ? Task.CompletedTask : OneAtATime(ReloadAsync);

    /// <summary>Ends when the store was read after this was called, a tenth of a second later; once for all who come before it begins.</summary>
    public Task ReloadSoonAsync()
    {
        lock (_lock)
        {
            return _soon ??= SoonAsync();
        }

        async Task SoonAsync()
        {
            await Task.Delay(ReloadInterval);
            Task begun;
            lock (_lock)
            {
                (_soon, begun) = (null, _changing);
            }

            await ((Task)begun).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await OneAtATime(ReloadAsync);
        }
    }

    // Who comes while the keys change waits for that change, and looks again.
    private Task OneAtATime(Func<Task> change)
    {
        lock (_lock)
        {
            return _changing.IsCompleted ? _changing = change() : _changing;
        }
    }

    private async Task RenewAsync()
    {
        await ReloadAsync();
        if (!IsFresh)
        {
            await RotateAsync();
        }
    }

    private bool IsFresh => _keys is [var newest, ..] && _time.GetUtcNow() - newest.CreatedAt < Limits.SigningKeyAge;

    // Whoever wants to sign with the new key has the old one deleted.
    private bool HasEnded => _keys.Exists(key => key.UsableUntil <= _time.GetUtcNow());

    private SigningKey? Known(string kid) => Usable.FirstOrDefault(key => key.Kid == kid);

    private async Task RotateAsync()
    {
        using var fresh = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await _store.AddAsync(new StoredSigningKey(Guid.NewGuid().ToString("N"), fresh.ExportPkcs8PrivateKey(), _time.GetUtcNow()));
        await ReloadAsync();
    }

    private async Task ReloadAsync()
    {
        var newestFirst = (await _store.LoadAsync()).OrderByDescending(key => key.CreatedAt).ThenBy(key => key.Kid, StringComparer.Ordinal).ToList();
        List<SigningKey> usable = [];
        for (var i = 0; i < newestFirst.Count; i++)
        {
            var end = i == 0 ? (DateTimeOffset?)null : newestFirst[i - 1].CreatedAt + Limits.AccessToken + Margin;
            if (end <= _time.GetUtcNow())
            {
                await _store.RemoveAsync(newestFirst[i].Kid);
            }
            else
            {
                usable.Add(_keys.FirstOrDefault(key => key.Kid == newestFirst[i].Kid) is { } present ? present with { UsableUntil = end } : Open(newestFirst[i], end));
            }
        }

        _keys = usable;
        Volatile.Write(ref _loadedAt, Stopwatch.GetTimestamp());
    }

    private static SigningKey Open(StoredSigningKey stored, DateTimeOffset? usableUntil)
    {
        var key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(stored.Pkcs8, out _);
        ECDsaSecurityKey securityKey = new(key) { KeyId = stored.Kid };
        return new SigningKey(
            stored.Kid, stored.CreatedAt, usableUntil, new SigningCredentials(securityKey, SecurityAlgorithms.EcdsaSha256),
            new VerificationKey(securityKey, SecurityAlgorithms.EcdsaSha256),
            HKDF.DeriveKey(HashAlgorithmName.SHA256, stored.Pkcs8, 32, info: "pocketcoder sign-in state"u8.ToArray()));
    }
}
