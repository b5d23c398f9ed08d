using System.Collections.Concurrent;

namespace PocketCoder.Relay;

/// <summary>Who is connected to this node: machines by their keys, clients by their ids, both by their account.</summary>
internal sealed class LocalPeers
{
    private readonly RelayRates _rates;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<string, Tenant> _tenants = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Peer> _machines = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Peer> _clients = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Peer>.AlternateLookup<ReadOnlySpan<char>> _machinesByName, _clientsByName;

    public LocalPeers(RelayRates rates, TimeProvider time)
    {
        (_rates, _time) = (rates, time);
        _machinesByName = _machines.GetAlternateLookup<ReadOnlySpan<char>>();
        _clientsByName = _clients.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    public int Machines => _machines.Count;

    public int Clients => _clients.Count;

    public IEnumerable<Peer> All => _machines.Values.Concat(_clients.Values);

    public Peer? Machine(ReadOnlySpan<char> machineKey) => _machinesByName.TryGetValue(machineKey, out var peer) ? peer : null;

    /// <summary>True when it is this very connection of the machine that is here.</summary>
    public bool Stands(string machineKey, long fence) => Machine(machineKey)?.Registration is DaemonRegistration there && there.Fence == fence;

    public Peer? Client(ReadOnlySpan<char> clientId) => _clientsByName.TryGetValue(clientId, out var peer) ? peer : null;

    public Tenant? Tenant(string userId) => _tenants.GetValueOrDefault(userId);

    public IEnumerable<Tenant> Tenants => _tenants.Values;

    public Peer[] Of(string userId) => _tenants.TryGetValue(userId, out var tenant) ? tenant.Peers : [];

    public int CountOf(string userId) => _tenants.TryGetValue(userId, out var tenant) ? tenant.Count : 0;

    /// <summary>Counts a peer to its account; false when that has as many as it may have.</summary>
    public bool TryEnter(Peer peer, string userId)
    {
        while (true)
        {
            var tenant = _tenants.GetOrAdd(userId, static (id, self) => new Tenant(id, new Budget(self._time, self._rates.BytesPerSecond, self._rates.ByteBurst)), this);
            if (tenant.TryAdd(peer, _rates.SocketsPerUser) is { } entered)
            {
                peer.Tenant = entered ? tenant : peer.Tenant;
                return entered;
            }
        }
    }

    /// <summary>
    /// Takes a machine's place by its fence. What has to go is given back: the connection that was there, or the newcomer itself when its fence is the older one.
    /// </summary>
    public Peer? PutMachine(Peer peer, DaemonRegistration registration)
    {
        Peer? older = null;
        _machines.AddOrUpdate(registration.MachineKey, peer, (_, present) =>
        {
            var presentWins = present.Registration is DaemonRegistration there && there.Fence > registration.Fence;
            older = presentWins ? peer : present == peer ? null : present;
            return presentWins ? present : peer;
        });
        return older;
    }

    public void PutClient(Peer peer, ClientRegistration registration) => _clients[registration.ClientId] = peer;

    /// <summary>True when the peer was the one that stood for its name.</summary>
    public bool Remove(Peer peer)
    {
        peer.Tenant?.Remove(peer);
        return peer.Registration switch
        {
            DaemonRegistration daemon => _machines.TryRemove(new(daemon.MachineKey, peer)),
            ClientRegistration client => _clients.TryRemove(new(client.ClientId, peer)),
            _ => false,
        };
    }

    /// <summary>Forgets accounts of which nobody is here any more.</summary>
    public void ForgetIdleTenants(Action<Tenant> forgotten)
    {
        foreach (var entry in _tenants)
        {
            if (entry.Value.Count == 0 && entry.Value.TryRetire())
            {
                // In this order: who comes next makes a new one, and listens anew.
                forgotten(entry.Value);
                _tenants.TryRemove(entry);
            }
        }
    }
}
