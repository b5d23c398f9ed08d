using PocketCoder.Relay.Routing;
using PocketCoder.Relay.Stores;

namespace PocketCoder.Relay.Cluster;

/// <summary>One relay, and no other nodes.</summary>
internal sealed class Alone(IMachineStore machines) : ICluster
{
    private long _fence;

    public string Node => "";

    public string NewClientId() => $"cl_{Guid.NewGuid():N}";

    public async Task EnterAsync(Tenant tenant)
    {
        var noted = tenant.Places.Noted;
        foreach (var machine in await machines.OfAsync(tenant.UserId))
        {
            tenant.Places.Merge(new Place(machine.MachineKey, machine.Label, Fence: 0, Node: null), noted, static _ => { });
        }
    }

    public void Leave(Tenant tenant)
    {
    }

    public Task<bool> TryAdmitAsync(string userId, string deviceId) => Task.FromResult(true);

    public void Release(string userId, string deviceId)
    {
    }

    public Task<IReadOnlyCollection<string>> DevicesElsewhereAsync(string userId) => Task.FromResult<IReadOnlyCollection<string>>([]);

    public Task<long> NextFenceAsync() => Task.FromResult(Interlocked.Increment(ref _fence));

    public Task<bool> TryJoinAsync(DaemonRegistration machine, Notice notice) => Task.FromResult(true);

    public Task LeftAsync(DaemonRegistration machine) => Task.CompletedTask;

    public void ClientLeft(ClientRegistration client)
    {
    }

    public void Revoked(string deviceId)
    {
    }

    public Delivery ToMachine(in Place place, string userId, in RoutedMessage message, ReadOnlySpan<byte> clientName, Batch batch) => Delivery.NotConnected;

    public void ToClient(ReadOnlySpan<char> clientId, DaemonRegistration from, in RoutedMessage message, ReadOnlySpan<byte> machineName, Batch batch)
    {
    }

    public void ToClientsOf(DaemonRegistration from, in RoutedMessage message, ReadOnlySpan<byte> machineName)
    {
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
