using PocketCoder.Relay.Routing;

namespace PocketCoder.Relay.Cluster;

/// <summary>The other nodes of this relay: what they have to hear of this one, and the way to who is connected there.</summary>
internal interface ICluster : IAsyncDisposable
{
    /// <summary>This node's name; empty for a relay alone.</summary>
    string Node { get; }

    /// <summary>A name for a client of this node, which others can tell the node from.</summary>
    string NewClientId();

    /// <summary>From now on what happens elsewhere to this account is heard here; what is known of its machines is noted.</summary>
    Task EnterAsync(Tenant tenant);

    /// <summary>Nobody of this account is here any more.</summary>
    void Leave(Tenant tenant);

    /// <summary>Counts a connection of an account on all nodes together; false when it has as many as it may have.</summary>
    Task<bool> TryAdmitAsync(string userId, string deviceId);

    void Release(string userId, string deviceId);

    /// <summary>The account's devices that are connected to other nodes, as they have said; those of this one may be among them.</summary>
    Task<IReadOnlyCollection<string>> DevicesElsewhereAsync(string userId);

    /// <summary>The next number of the machines' connections: greater than all before, on all nodes.</summary>
    Task<long> NextFenceAsync();

    /// <summary>Makes known that a machine is connected here; false when a newer connection of it is known already.</summary>
    Task<bool> TryJoinAsync(DaemonRegistration machine, Notice notice);

    Task LeftAsync(DaemonRegistration machine);

    void ClientLeft(ClientRegistration client);

    void Revoked(string deviceId);

    /// <summary>To a machine that is connected to another node. <see cref="Delivery.Sent"/>: under way; whether it got there is heard by the client.</summary>
    Delivery ToMachine(in Place place, string userId, in RoutedMessage message, ReadOnlySpan<byte> clientName, Batch batch);

    /// <summary>To a client that is not connected here.</summary>
    void ToClient(ReadOnlySpan<char> clientId, DaemonRegistration from, in RoutedMessage message, ReadOnlySpan<byte> machineName, Batch batch);

    /// <summary>To the account's clients on all other nodes.</summary>
    void ToClientsOf(DaemonRegistration from, in RoutedMessage message, ReadOnlySpan<byte> machineName);
}
