using PocketCoder.Protocol;
using PocketCoder.Relay.Routing;

namespace PocketCoder.Relay;

/// <summary>
/// Who may speak to whom. Never opens a payload.
/// <code>
///   client ──(machineKey, requestId)──▶ relay ──(+ clientId)──▶ daemon
///   client ◀──(machineKey)───────────── relay ◀──(clientId)──── daemon      an answer, or an event for one client
///   every client of the user ◀───────── relay ◀──(no clientId)─ daemon      an event for all
/// </code>
/// </summary>
internal sealed class Switchboard(LocalPeers here, Routes routes, Fences fences, MachineStore machines, RelayRates rates, RelayCounters counters, TimeProvider time)
{
    public bool IsConnected(string machineKey) => routes.IsConnected(machineKey);

    public bool IsDeviceConnected(string userId, string deviceId) => here.Of(userId).Any(peer => peer.Registration?.DeviceId == deviceId);

    public bool IsCrowded(string userId) => here.CountOf(userId) >= rates.SocketsPerUser;

    public async Task DaemonJoinedAsync(Peer peer, DaemonRegistration registration, MachineInfo machine, IReadOnlyList<RegisteredProject> projects)
    {
        Enter(peer, registration.UserId);
        await machines.SeenAsync(registration.MachineKey, machine);
        registration = registration with { Fence = await fences.NextAsync(registration.MachineKey) };
        var told = string.Join('\n', [machine.Label, .. projects.Select(p => $"{p.ProjectId} {p.Name}")]);
        var known = peer.Registration is not null && peer.Told == told;
        (peer.Registration, peer.Told) = (registration, told);
        if (peer.IsClosing)
        {
            // It took too long to register, or was revoked meanwhile: it must not take the place of one that serves.
            return;
        }

        if (here.PutMachine(peer, registration) is { } older)
        {
            older.Close(CloseCode.Replaced, "replaced by a newer connection of this machine");
            if (older == peer)
            {
                return;
            }

            routes.MachineGone(registration.UserId, registration.MachineKey);
        }

        // A new token on the same socket is no news: clients would attach anew for nothing.
        if (!known)
        {
            routes.TellClientsOf(registration.UserId, Envelope.Of(new DaemonStatus(registration.MachineKey, Connected: true, machine.Label, time.GetUtcNow())));
        }
    }

    public void ClientJoined(Peer peer, ClientRegistration registration)
    {
        Enter(peer, registration.UserId);
        peer.Pending ??= new PendingRequests(peer, time, counters, rates.RequestsInFlight);
        peer.Registration = registration;
        here.PutClient(peer, registration);
    }

    public async Task LeftAsync(Peer peer)
    {
        var stood = here.Remove(peer);
        peer.Pending?.End();
        switch (peer.Registration)
        {
            case DaemonRegistration daemon when stood:
                routes.MachineGone(daemon.UserId, daemon.MachineKey);
                var label = await machines.LeftAsync(daemon.MachineKey);
                if (!IsConnected(daemon.MachineKey))
                {
                    routes.TellClientsOf(daemon.UserId, Envelope.Of(new DaemonStatus(daemon.MachineKey, Connected: false, label, time.GetUtcNow())));
                }

                break;
            case ClientRegistration client when stood:
                routes.TellMachinesOf(client.UserId, Envelope.Of(new ClientDisconnected(client.ClientId)));
                break;
        }
    }

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
            Span<char> clientId = stackalloc char[Limits.FieldBytes];
            routes.ToClient(message.ClientId.Decode(clientId), daemon, message, peer.Name, batch);
        }
        else if (!message.RequestId.IsSet)
        {
            routes.ToClientsOf(daemon.UserId, message, peer.Name, batch);
        }

        // An answer without its client belongs to nobody.
    }

    /// <summary>Closes every socket of a revoked device.</summary>
    public void Revoke(string deviceId)
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
        if (machines.OwnedBy(machineKey, client.UserId) is not { } key)
        {
            return Refusals.NotFound;
        }

        var pending = peer.Pending!;
        if (pending.IsFull)
        {
            return Refusals.TooManyInFlight;
        }

        if (!routes.IsConnected(key))
        {
            return Refusals.Offline;
        }

        var requestId = message.RequestId.Decode(idChars);
        if (!pending.TryAdd(requestId, key))
        {
            return Refusals.DuplicateRequest;
        }

        var delivery = routes.ToMachine(machineKey, message, peer.Name, batch);
        if (delivery == Delivery.Sent)
        {
            return null;
        }

        // Answered already when the machine went away meanwhile.
        return pending.TryAnswer(requestId, key, isTerminal: true) ? delivery == Delivery.NotReadable ? Refusals.NoBinary : Refusals.Offline : null;
    }

    private void Enter(Peer peer, string userId)
    {
        if (!here.TryEnter(peer, userId))
        {
            throw Refusals.TooManySockets.ToException();
        }
    }
}
