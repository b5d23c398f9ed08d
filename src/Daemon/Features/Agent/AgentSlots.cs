namespace PocketCoder.Daemon.Features.Agent;

/// <summary>
/// At most so many agents at once on this machine. When all places are taken, one that only idles makes room; until then the session waits its turn and is
/// called when a place is free. An agent that only looks after tasks in the background takes no place: a few dev servers must not stop everything else.
/// </summary>
internal sealed class AgentSlots(int places)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<AgentSession, int> _taken = [];
    private readonly LinkedList<AgentSession> _waiting = [];

    /// <summary>Is there a place that nobody waits for?</summary>
    public bool HasRoom
    {
        get
        {
            lock (_gate)
            {
                return Free && _waiting.Count == 0;
            }
        }
    }

    private bool Free => _taken.Where(taken => !taken.Key.IsParked).Sum(taken => taken.Value) < places;

    /// <summary>A place for an agent of this session, to be given back with <see cref="Release"/> when the agent is gone. False: it is called later.</summary>
    public bool TryTake(AgentSession session)
    {
        AgentSession? idle;
        lock (_gate)
        {
            // In the order in which they came: whoever is called finds itself at the head.
            if (Free && (_waiting.First is null || _waiting.First.Value == session))
            {
                _waiting.Remove(session);
                _taken[session] = _taken.GetValueOrDefault(session) + 1;
                return true;
            }

            if (!_waiting.Contains(session))
            {
                _waiting.AddLast(session);
            }

            idle = LongestIdle(except: null);
        }

        idle?.MakeRoom();
        return false;
    }

    /// <summary>It was asked to make room and had got work meanwhile: another one may still idle. When it idles again itself, it says so.</summary>
    public void Refused(AgentSession session)
    {
        AgentSession? idle;
        lock (_gate)
        {
            idle = _waiting.First is not null && !Free ? LongestIdle(except: session) : null;
        }

        idle?.MakeRoom();
    }

    private AgentSession? LongestIdle(AgentSession? except) =>
        _taken.Keys.Where(holder => holder.IdleSince is not null && holder != except).MinBy(holder => holder.IdleSince);

    public void Release(AgentSession session)
    {
        AgentSession? next;
        lock (_gate)
        {
            if (--_taken[session] == 0)
            {
                _taken.Remove(session);
            }

            next = _waiting.First?.Value;
        }

        next?.PlaceIsFree();
    }

    /// <summary>A busy agent has become idle, or has nothing but tasks in the background: somebody may wait for its place.</summary>
    public void Idles(AgentSession session)
    {
        AgentSession? next;
        bool free;
        lock (_gate)
        {
            next = _waiting.First?.Value;
            free = Free;
        }

        if (next is not null)
        {
            (free ? (Action)next.PlaceIsFree : session.MakeRoom)();
        }
    }

    /// <summary>The session ends or has nothing to run any more.</summary>
    public void Forget(AgentSession session)
    {
        AgentSession? next;
        lock (_gate)
        {
            _waiting.Remove(session);
            next = Free ? _waiting.First?.Value : null;
        }

        next?.PlaceIsFree();
    }
}
