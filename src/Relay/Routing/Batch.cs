namespace PocketCoder.Relay.Routing;

/// <summary>The peers that got something of one read; each is flushed once, when all of it has been dealt with.</summary>
internal sealed class Batch
{
    private Peer? _first;
    private List<Peer>? _others;

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

    public void Flush()
    {
        _first?.Flush();
        _first = null;
        if (_others is { Count: > 0 } others)
        {
            others.ForEach(static peer => peer.Flush());
            others.Clear();
        }
    }
}
