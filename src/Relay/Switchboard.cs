using PocketCoder.Protocol;
using PocketCoder.Relay.Cluster;
using PocketCoder.Relay.Routing;
using PocketCoder.Relay.Stores;

namespace PocketCoder.Relay;

/// <summary>
/// Who may speak to whom. Never opens a payload.
/// <code>
///   client ──(machineKey, requestId)──▶ relay ──(+ clientId)──▶ daemon
///   client ◀──(machineKey)───────────── relay ◀──(clientId)──── daemon      an answer, or an event for one client
///   every client of the user ◀───────── relay ◀──(no clientId)─ daemon      an event for all
/// </code>
/// </summary>
internal sealed class Switchboard(
    LocalPeers here, Routes routes, Statuses statuses, ICluster cluster, IMachineStore machines, RelayRates rates, RelayCounters counters, TimeProvider time)
{
    /// <summary>Why a connection of a machine was closed for a newer one.</summary>
    public const string Replaced = "replaced by a newer connection of this machine";

    public bool IsConnected(string userId, string machineKey) => here.Tenant(userId)?.Places.IsConnected(machineKey) == true;

    /// <summary>The devices of an account that are connected, here or to another node.</summary>
    public async Task<IReadOnlySet<string>> DevicesOfAsync(string userId)
    {
        HashSet<string> devices = [.. await cluster.DevicesElsewhereAsync(userId)];
        devices.UnionWith(here.Of(userId).Select(peer => peer.Registration?.DeviceId).OfType<string>());
        return devices;
    }

    public bool IsCrowded(string userId) => here.CountOf(userId) >= rates.SocketsPerUser;

    public string NewClientId() => cluster.NewClientId();

    public async Task DaemonJoinedAsync(Peer peer, DaemonRegistration registration, MachineInfo machine, IReadOnlyList<RegisteredProject> projects)
    {
        await EnterAsync(peer, registration.UserId, registration.DeviceId);
        await machines.SeenAsync(registration.MachineKey, machine);
        registration = registration with { Fence = peer.Registration is DaemonRegistration present ? present.Fence : await cluster.NextFenceAsync() };
        var told = string.Join('\n', [machine.Label, .. projects.Select(p => $"{p.ProjectId} {p.Name}")]);

        // A new token on the same socket is no news: clients would attach anew for nothing.
        var notice = peer.Registration is null || peer.Told != told ? Notice.News : Notice.None;
        (peer.Registration, peer.Told) = (registration, told);
        if (peer.IsClosing)
        {
            // It took too long to register, or was revoked meanwhile: it must not take the place of one that serves.
            return;
        }

        var replaced = here.PutMachine(peer, registration);
        replaced?.Close(CloseCode.Replaced, Replaced);
        if (replaced == peer)
        {
            return;
        }

        if (!await cluster.TryJoinAsync(registration, notice))
        {
            peer.Close(CloseCode.Replaced, Replaced);
            return;
        }

        statuses.Heard(registration.UserId, new Place(registration.MachineKey, machine.Label, registration.Fence, cluster.Node), notice);
    }

    public async Task ClientJoinedAsync(Peer peer, ClientRegistration registration)
    {
        await EnterAsync(peer, registration.UserId, registration.DeviceId);
        peer.Pending ??= new PendingRequests(peer, time, counters, rates.RequestsInFlight);
        peer.Registration = registration;
        here.PutClient(peer, registration);
    }

    public async Task LeftAsync(Peer peer)
    {
        var stood = here.Remove(peer);
        peer.Pending?.End();
        if (peer is { AdmittedDevice: { } deviceId, Tenant: { } tenant })
        {
            cluster.Release(tenant.UserId, deviceId);
        }

        switch (peer.Registration)
        {
            case DaemonRegistration daemon when stood:
                statuses.Heard(daemon.UserId, new Place(daemon.MachineKey, daemon.Label, daemon.Fence, Node: null));
                await cluster.LeftAsync(daemon);
                await machines.LeftAsync(daemon.MachineKey);
                break;
            case ClientRegistration client when stood:
                routes.TellMachinesOf(client.UserId, Envelope.Of(new ClientDisconnected(client.ClientId)));
                cluster.ClientLeft(client);
                break;
        }
    }

    /// <summary>Forgets accounts of which nobody is here any more.</summary>
    public void ForgetIdle() => here.ForgetIdleTenants(cluster.Leave);

    /// <summary>From a client to the machine it names.</summary>
    public void FromClient(Peer peer, ClientRegistration client, in RoutedMessage message, Batch batch)
    {
        if (Forward(peer, client, message, batch) is { } refusal)
        {
            counters.Refused(refusal.Code);
            peer.Send(Envelope.OfError(refusal, message.RequestId.Text, machineKey: message.MachineKey.Text));
        }
    }

    /// <summary>From a machine: an answer or event for one client, or an event for all of its user's.</summary>
    public void FromDaemon(Peer peer, DaemonRegistration daemon, in RoutedMessage message, Batch batch)
    {
        if (message.ClientId.IsSet)
        {
            Span<char> chars = stackalloc char[Limits.FieldBytes];
            var clientId = message.ClientId.Decode(chars);
            if (!routes.ToClient(clientId, daemon.UserId, daemon.MachineKey, message, peer.Name, batch))
            {
                cluster.ToClient(clientId, daemon, message, peer.Name, batch);
            }
        }
        else if (!message.RequestId.IsSet)
        {
            routes.ToClientsOf(daemon.UserId, message, peer.Name, batch);
            cluster.ToClientsOf(daemon, message, peer.Name);
        }

        // An answer without its client belongs to nobody.
    }

    /// <summary>Closes every socket of a revoked device, on all nodes.</summary>
    public void Revoke(string deviceId)
    {
        cluster.Revoked(deviceId);
        CloseRevoked(deviceId);
    }

    /// <summary>The same on this node.</summary>
    public void CloseRevoked(string deviceId)
    {
        foreach (var peer in here.All.Where(peer => peer.Registration?.DeviceId == deviceId))
        {
            peer.Close(CloseCode.NotAuthenticated, "revoked");
        }
    }

    private ErrorInfo? Forward(Peer peer, ClientRegistration client, in RoutedMessage message, Batch batch)
    {
        if (!message.MachineKey.IsSet || !message.RequestId.IsSet)
        {
            return Refusals.NoMachine;
        }

        // A foreign machine and an absent one end here both, connected or not.
        Span<char> keyChars = stackalloc char[Limits.FieldBytes], idChars = stackalloc char[Limits.FieldBytes];
        var machineKey = message.MachineKey.Decode(keyChars);
        if (peer.Tenant?.Places.Find(machineKey) is not { } place)
        {
            return Refusals.NotFound;
        }

        var pending = peer.Pending!;
        if (pending.IsFull)
        {
            return Refusals.TooManyInFlight;
        }

        // Who is connected here may be newer than what was heard of it.
        var daemon = here.Machine(machineKey) is { IsClosing: false } standing ? standing : null;
        if (daemon is null && (place.Node is null || place.Node == cluster.Node))
        {
            return Refusals.Offline;
        }

        var requestId = message.RequestId.Decode(idChars);
        if (!pending.TryAdd(requestId, place.MachineKey, daemon?.Registration is DaemonRegistration there ? there.Fence : place.Fence))
        {
            return Refusals.DuplicateRequest;
        }

        var request = message;
        request.WantsBinary = peer.ReadsBinary;
        var delivery = daemon is not null ? Routes.ToMachine(daemon, request, peer.Name, batch) : cluster.ToMachine(place, client.UserId, request, peer.Name, batch);
        if (delivery == Delivery.Sent)
        {
            return null;
        }

        // Answered already when the machine went away meanwhile.
        return !pending.TryAnswer(requestId, place.MachineKey, isTerminal: true) ? null : delivery switch
        {
            Delivery.NotReadable => Refusals.NoBinary,
            Delivery.NodesApart => Refusals.NodesApart,
            _ => Refusals.Offline,
        };
    }

    private async Task EnterAsync(Peer peer, string userId, string deviceId)
    {
        if (!here.TryEnter(peer, userId))
        {
            throw Refusals.TooManySockets.ToException();
        }

        await peer.Tenant!.LoadAsync(cluster.EnterAsync);
        if (peer.AdmittedDevice is null)
        {
            peer.AdmittedDevice = await cluster.TryAdmitAsync(userId, deviceId) ? deviceId : throw Refusals.TooManySockets.ToException();
        }
    }
}
