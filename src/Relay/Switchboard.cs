using System.Collections.Concurrent;
using PocketCoder.Protocol;

namespace PocketCoder.Relay;

/// <summary>
/// Who is connected, and where an envelope goes. Never opens a payload.
/// <code>
///   client ──(machineKey, requestId)──▶ relay ──(+ clientId)──▶ daemon
///   client ◀──(machineKey)───────────── relay ◀──(clientId)──── daemon      an answer, or an event for one client
///   every client of the user ◀───────── relay ◀──(no clientId)─ daemon      an event for all
/// </code>
/// </summary>
internal sealed class Switchboard(PendingRequests pending, MachineStore machines, TimeProvider time)
{
    private readonly ConcurrentDictionary<string, Peer> _daemons = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Peer> _clients = new(StringComparer.Ordinal);

    public bool IsConnected(string machineKey) => _daemons.ContainsKey(machineKey);

    public bool IsDeviceConnected(string deviceId) =>
        _daemons.Values.Concat(_clients.Values).Any(peer => peer.Registration?.DeviceId == deviceId);

    public int SocketsOf(string userId) =>
        _daemons.Values.Concat(_clients.Values).Count(peer => peer.Registration?.UserId == userId);

    public async Task DaemonJoinedAsync(Peer peer, DaemonRegistration registration, MachineInfo machine, IReadOnlyList<RegisteredProject> projects)
    {
        await machines.SeenAsync(registration.MachineKey, machine);
        var told = string.Join('\n', [machine.Label, .. projects.Select(p => $"{p.ProjectId} {p.Name}")]);
        var known = peer.Registration is not null && peer.Told == told;
        (peer.Registration, peer.Told) = (registration, told);
        Peer? older = null;
        _daemons.AddOrUpdate(registration.MachineKey, peer, (_, present) =>
        {
            older = present;
            return peer;
        });
        if (older is not null && older != peer)
        {
            older.Close(CloseCode.Replaced, "replaced by a newer connection of this machine");
            pending.MachineGone(registration.MachineKey);
        }

        // A new token on the same socket is no news: clients would attach anew for nothing.
        if (!known)
        {
            ToClientsOf(registration.UserId, Envelope.Of(new DaemonStatus(registration.MachineKey, Connected: true, machine.Label, time.GetUtcNow())));
        }
    }

    public void ClientJoined(Peer peer, ClientRegistration registration)
    {
        peer.Registration = registration;
        _clients[registration.ClientId] = peer;
    }

    public async Task LeftAsync(Peer peer)
    {
        switch (peer.Registration)
        {
            case DaemonRegistration daemon when _daemons.TryRemove(new(daemon.MachineKey, peer)):
                pending.MachineGone(daemon.MachineKey);
                var label = await machines.LeftAsync(daemon.MachineKey);
                if (!IsConnected(daemon.MachineKey))
                {
                    ToClientsOf(daemon.UserId, Envelope.Of(new DaemonStatus(daemon.MachineKey, Connected: false, label, time.GetUtcNow())));
                }

                break;
            case ClientRegistration client when _clients.TryRemove(new(client.ClientId, peer)):
                pending.ClientGone(client.ClientId);
                foreach (var daemon in _daemons.Values.Where(d => d.Registration?.UserId == client.UserId))
                {
                    daemon.Send(Envelope.Of(new ClientDisconnected(client.ClientId)));
                }

                break;
        }
    }

    /// <summary>From a client to the machine it names.</summary>
    public void FromClient(Peer peer, ClientRegistration client, Envelope message)
    {
        ErrorInfo? refusal = null;
        if (message.MachineKey is not { } machineKey || message.RequestId is not { } requestId)
        {
            refusal = Refusals.NoMachine;
        }
        else if (!machines.IsOwnedBy(machineKey, client.UserId))
        {
            refusal = Refusals.NotFound;
        }
        else if (pending.CountOf(client.ClientId) >= Limits.RequestsInFlight)
        {
            refusal = Refusals.TooManyInFlight;
        }
        else if (!_daemons.TryGetValue(machineKey, out var daemon))
        {
            refusal = Refusals.Offline;
        }
        else if (!pending.TryAdd(peer, client.ClientId, requestId, machineKey))
        {
            refusal = Refusals.DuplicateRequest;
        }
        else if (!daemon.Send(message with { ClientId = client.ClientId }))
        {
            pending.TryAnswer(client.ClientId, requestId, machineKey, Wire.Error);
            refusal = Refusals.Offline;
        }

        if (refusal is not null)
        {
            peer.Send(Envelope.OfError(refusal, message.RequestId, machineKey: message.MachineKey));
        }
    }

    /// <summary>From a machine: an answer or event for one client, or an event for all of its user's.</summary>
    public void FromDaemon(DaemonRegistration daemon, Envelope message)
    {
        var outgoing = message with { MachineKey = daemon.MachineKey, ClientId = null };
        if (message.ClientId is not { } clientId)
        {
            // An answer without its client belongs to nobody.
            if (message.RequestId is null)
            {
                ToClientsOf(daemon.UserId, outgoing);
            }

            return;
        }

        if (!_clients.TryGetValue(clientId, out var client) || client.Registration?.UserId != daemon.UserId)
        {
            return;
        }

        if (message.RequestId is null || pending.TryAnswer(clientId, message.RequestId, daemon.MachineKey, message.Type))
        {
            client.Send(outgoing);
        }
    }

    /// <summary>Closes every socket of a revoked device.</summary>
    public void Revoke(string deviceId)
    {
        foreach (var peer in _daemons.Values.Concat(_clients.Values).Where(peer => peer.Registration?.DeviceId == deviceId))
        {
            peer.Close(CloseCode.NotAuthenticated, "revoked");
        }
    }

    public void CloseAll()
    {
        foreach (var peer in _daemons.Values.Concat(_clients.Values))
        {
            peer.Close(CloseCode.GoingAway, "the relay is shutting down");
        }
    }

    private void ToClientsOf(string userId, Envelope message)
    {
        foreach (var client in _clients.Values.Where(c => c.Registration?.UserId == userId))
        {
            client.Send(message);
        }
    }
}
