using PocketCoder.Relay.Cluster;

namespace PocketCoder.Relay.Routing;

/// <summary>The peers, and the ways to other nodes, that got something of one read; each is flushed once, when all of it has been dealt with.</summary>
internal sealed class Batch
{
    private Peer? _first;
    private List<Peer>? _others;
    private List<BusChannel>? _channels;

    public void Add(Peer peer)
    {
        if (_first is null)
        {
            _first = peer;
        }
        else if (_first != peer && _others?.Contains(peer) != true)
        {
            (_others ??= []).Add(peer);
        }
    }

    public void Add(BusChannel channel)
    {
        if (_channels?.Contains(channel) != true)
        {
            (_channels ??= []).Add(channel);
        }
    }

    public void Flush()
    {
        _first?.Flush();
        _first = null;
        if (_others is { Count: > 0 } others)
        {
            others.ForEach(static peer => peer.Flush());
            others.Clear();
        }

        if (_channels is { Count: > 0 } channels)
        {
            channels.ForEach(static channel => channel.Flush());
            channels.Clear();
        }
    }
}
