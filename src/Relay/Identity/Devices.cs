using PocketCoder.Protocol;
using PocketCoder.Relay.Stores;

namespace PocketCoder.Relay.Identity;

/// <summary>The devices that act for users: names, when they were last there, and their end.</summary>
internal sealed class Devices(IDeviceStore store)
{
    /// <summary>Raised with the device's id when it is revoked here.</summary>
    public event Action<string>? Revoked;

    /// <summary>False once the device was revoked.</summary>
    public Task<bool> IsActiveAsync(AccessGrant grant) => store.IsActiveAsync(grant.UserId, grant.DeviceId);

    /// <summary>True once it was revoked, or when it is somebody else's; a device that nobody has seen yet is not.</summary>
    public Task<bool> IsBarredAsync(AccessGrant grant) => store.IsBarredAsync(grant.UserId, grant.DeviceId);

    /// <summary>Notes that a device registered, what it calls itself (null: as before) and which machine it is.</summary>
    public Task SeenAsync(AccessGrant grant, string? name, string? machineKey) => store.SeenAsync(grant.UserId, grant.DeviceId, name, machineKey);

    public async Task<IReadOnlyList<DeviceEntry>> OfAsync(string userId, string asker, IReadOnlySet<string> connected) =>
    [
        .. (await store.OfAsync(userId)).Select(device => new DeviceEntry(device.DeviceId, device.CreatedAt, device.LastSeenAt, connected.Contains(device.DeviceId), device.DeviceId == asker)
        {
            Name = device.Name,
            MachineKey = device.MachineKey,
        }),
    ];

    /// <summary>
    /// Takes a device's rights away; its id, or null when the user has no such device. <see cref="Announce"/> is what closes its connections.
    /// </summary>
    public async Task<string?> RevokeAsync(string userId, string deviceId) => await store.RevokeAsync(userId, deviceId) ? deviceId : null;

    /// <summary>The same for the device that a refresh token belongs to, spent or not.</summary>
    public Task<string?> RevokeByTokenAsync(string refreshToken) => store.RevokeByTokenAsync(RefreshFamilies.SecretOf(refreshToken));

    public void Announce(string revokedDeviceId) => Revoked?.Invoke(revokedDeviceId);
}
