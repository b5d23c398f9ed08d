using PocketCoder.Relay.Cluster;
using PocketCoder.Relay.Routing;

namespace PocketCoder.Relay;

/// <summary>One account and what of it is connected to this node. All that its peers may use together is counted here.</summary>
internal sealed class Tenant(string userId, Budget bytes)
{
    private readonly Lock _lock = new();
    private readonly HashSet<Peer> _peers = [];
    private Peer[]? _snapshot = [];
    private Task? _loading;
    private bool _retired;

    public string UserId => userId;

    /// <summary>Its machines, wherever they are connected.</summary>
    public MachinePlaces Places { get; } = new();

    /// <summary>Where nodes talk of it; null for a relay alone.</summary>
    public AccountBus? Bus { get; set; }

    /// <summary>What its peers may send together.</summary>
    public Budget Bytes => bytes;

    /// <summary>What other nodes know of that.</summary>
    public BudgetShare Share { get; } = new();

    public int Count => _peers.Count;

    /// <summary>Its peers as they are now.</summary>
    public Peer[] Peers
    {
        get
        {
            lock (_lock)
            {
                return _snapshot ??= [.. _peers];
            }
        }
    }

    /// <summary>Null when this tenant is retired and a new one is to be made; false when it has as many peers as it may have.</summary>
    public bool? TryAdd(Peer peer, int limit)
    {
        lock (_lock)
        {
            if (_retired)
            {
                return null;
            }

            if (_peers.Count >= limit && !_peers.Contains(peer))
            {
                return false;
            }

            _peers.Add(peer);
            _snapshot = null;
            return true;
        }
    }

    /// <summary>Ends when its machines are known. One load serves all who wait for it; after one that failed the next to come tries again.</summary>
    public Task LoadAsync(Func<Tenant, Task> load)
    {
        lock (_lock)
        {
            return _loading is null or { IsCompleted: true, IsCompletedSuccessfully: false } ? _loading = load(this) : _loading;
        }
    }

    /// <summary>When more waits for its peers than an account may have in memory: the one that most waits for.</summary>
    public Peer? Slowest()
    {
        var peers = Peers;
        return peers.Sum(peer => peer.HeldBytes) > Limits.HeldBytesPerUser ? peers.Where(peer => !peer.IsClosing).MaxBy(peer => peer.HeldBytes) : null;
    }

    public void Remove(Peer peer)
    {
        lock (_lock)
        {
            _peers.Remove(peer);
            _snapshot = null;
        }
    }

    /// <summary>True when it can be forgotten: nobody is here, and what it used has come back. Nobody can join it after that.</summary>
    public bool TryRetire()
    {
        lock (_lock)
        {
            return _retired = _peers.Count == 0 && bytes.IsFull;
        }
    }
}
