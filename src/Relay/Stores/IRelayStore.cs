namespace PocketCoder.Relay.Stores;

/// <summary>
/// What a relay knows beyond its connections: accounts, devices, their tokens, machines. One relay alone keeps it in SQLite; the nodes of a cluster share it in
/// Redis. Secrets come here as hashes. A store that cannot be reached throws <see cref="Refusals.StoreUnavailable"/>, which is no verdict on anybody.
/// </summary>
internal interface IRelayStore : IAsyncDisposable
{
    ISigningKeyStore SigningKeys { get; }

    IDeviceStore Devices { get; }

    IRefreshTokenStore RefreshTokens { get; }

    IPairingCodeStore PairingCodes { get; }

    IMachineStore Machines { get; }

    IOneTimeStore OneTime { get; }

    IAttemptStore Attempts { get; }

    /// <summary>The one account of a relay with an owner: this one, when there is none yet.</summary>
    Task<string> OwnerAsync(string candidate);

    /// <summary>Ends when something was written; throws when nothing can be.</summary>
    Task CheckAsync();
}

/// <summary>A private key as it is kept.</summary>
internal sealed record StoredSigningKey(string Kid, byte[] Pkcs8, DateTimeOffset CreatedAt);

internal interface ISigningKeyStore
{
    Task<IReadOnlyList<StoredSigningKey>> LoadAsync();

    Task AddAsync(StoredSigningKey key);

    Task RemoveAsync(string kid);
}

/// <param name="MachineKey">The machine that its daemon serves; null: a client.</param>
internal sealed record StoredDevice(string DeviceId, DateTimeOffset CreatedAt, DateTimeOffset LastSeenAt, string? Name, string? MachineKey);

internal interface IDeviceStore
{
    /// <summary>True for a device of this user that was not revoked.</summary>
    Task<bool> IsActiveAsync(string userId, string deviceId);

    /// <summary>True for a device that was revoked or is another user's; not for one that nobody has seen yet.</summary>
    Task<bool> IsBarredAsync(string userId, string deviceId);

    /// <summary>Notes that a device is there, what it calls itself (null: as before) and which machine it is. Another user's stays as it is.</summary>
    Task SeenAsync(string userId, string deviceId, string? name, string? machineKey);

    /// <summary>A user's devices that were not revoked, the last seen first.</summary>
    Task<IReadOnlyList<StoredDevice>> OfAsync(string userId);

    /// <summary>Takes a device's rights away, its tokens and the codes that it made; false when the user has no such device.</summary>
    Task<bool> RevokeAsync(string userId, string deviceId);

    /// <summary>The same for the device that a refresh token belongs to, spent or not; its id.</summary>
    Task<string?> RevokeByTokenAsync(RefreshSecret token);
}

/// <summary>
/// What a store sees of a refresh token. Each token of a family begins with the family's own secret: a store that keeps that and the newest token tells every
/// spent one from a stranger's, however many there were.
/// </summary>
/// <param name="Family">The hash of the family's secret.</param>
/// <param name="Hash">The hash of the whole token.</param>
internal readonly record struct RefreshSecret(byte[] Family, byte[] Hash);

/// <summary>What became of a refresh token that was shown. <c>Ended</c>: showing it has ended the device.</summary>
internal sealed record RefreshOutcome(string DeviceId, string UserId, bool Ended);

internal interface IRefreshTokenStore
{
    /// <summary>Is it a token of a device here, spent or not?</summary>
    Task<bool> KnowsAsync(RefreshSecret token);

    /// <summary>Makes a new device with its first token.</summary>
    Task EnrolAsync(string userId, string deviceId, string? name, RefreshSecret token);

    /// <summary>Trades a token for the next, by the rules of <see cref="Identity.RefreshFamilies"/>; null for one that is not good.</summary>
    Task<RefreshOutcome?> TradeAsync(RefreshSecret token, RefreshSecret next, string? attempt);

    /// <summary>Notes which device a token that somebody else issued belongs to, and the device.</summary>
    Task RememberAsync(string userId, string deviceId, RefreshSecret token);
}

internal interface IPairingCodeStore
{
    /// <summary>Keeps a code until it ends; of one user's the newest <see cref="Limits.PairingCodesPerUser"/> count.</summary>
    /// <param name="hash">The code's.</param>
    /// <param name="userId">Whom it pairs with.</param>
    /// <param name="maker">The device it ends with; null: none.</param>
    /// <param name="expiresAt">When it ends.</param>
    Task AddAsync(byte[] hash, string userId, string? maker, DateTimeOffset expiresAt);

    /// <summary>The user, once: of two who take at the same moment one gets it.</summary>
    Task<string?> TakeAsync(byte[] hash);
}

internal sealed record StoredMachine(string MachineKey, string Label, string Hostname, string Platform, DateTimeOffset LastSeenAt, string DaemonVersion);

internal interface IMachineStore
{
    /// <summary>Claims the key for the user; false when it is somebody else's. A key belongs to the account that registered it first, for good.</summary>
    Task<bool> ClaimAsync(string machineKey, string userId, Protocol.MachineInfo machine);

    /// <summary>Notes what a machine of ours says of itself, and that it is there.</summary>
    Task SeenAsync(string machineKey, Protocol.MachineInfo machine);

    /// <summary>Notes when it was last there.</summary>
    Task LeftAsync(string machineKey);

    Task<IReadOnlyList<StoredMachine>> OfAsync(string userId);
}

/// <summary>Keeps a value under a secret until it is taken, once, or ends. Of many who take at the same moment one gets it.</summary>
internal interface IOneTimeStore
{
    Task PutAsync(byte[] hash, string value, DateTimeOffset expiresAt);

    Task<string?> TakeAsync(byte[] hash);

    /// <summary>False when it was used already.</summary>
    Task<bool> UseAsync(byte[] hash, DateTimeOffset expiresAt);
}

/// <summary>Counts what strangers try, by what it is, their address and the minute.</summary>
internal interface IAttemptStore
{
    /// <summary>How often it was tried in this minute, with this time.</summary>
    Task<long> CountAsync(string what, string address);
}
