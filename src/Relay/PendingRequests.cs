using PocketCoder.Protocol;

namespace PocketCoder.Relay;

/// <summary>
/// One client's requests that went to a machine and have no terminal answer yet. Each is answered exactly once: by the machine, by the 15 s
/// rule, or because the machine went away. What arrives later is dropped.
/// </summary>
internal sealed class PendingRequests
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Pending> _pending = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Pending>.AlternateLookup<ReadOnlySpan<char>> _byName;
    private readonly Peer _client;
    private readonly TimeProvider _time;
    private readonly RelayCounters _counters;
    private readonly int _limit;
    private ITimer? _timer;
    private bool _timed, _ended;

    public PendingRequests(Peer client, TimeProvider time, RelayCounters counters, int limit)
    {
        (_client, _time, _counters, _limit) = (client, time, counters, limit);
        _byName = _pending.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    private sealed class Pending(string machineKey, long fence)
    {
        public string MachineKey => machineKey;

        /// <summary>Which connection of the machine got it.</summary>
        public long Fence => fence;

        public long LastSign { get; set; }
    }

    public bool IsFull => _pending.Count >= _limit;

    /// <summary>False when the client uses this request id already.</summary>
    public bool TryAdd(ReadOnlySpan<char> requestId, string machineKey, long fence)
    {
        lock (_lock)
        {
            if (_ended || !_byName.TryAdd(requestId, new Pending(machineKey, fence) { LastSign = _time.GetTimestamp() }))
            {
                return false;
            }

            if (!_timed)
            {
                // One timer for all: it fires for the oldest, and looks then when the next is due.
                _timed = true;
                _timer ??= _time.CreateTimer(static requests => ((PendingRequests)requests!).Expire(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                _timer.Change(Wire.RequestTimeout, Timeout.InfiniteTimeSpan);
            }

            return true;
        }
    }

    /// <summary>Notes a sign of life from a machine; false when nobody waits for it.</summary>
    public bool TryAnswer(ReadOnlySpan<char> requestId, string machineKey, bool isTerminal)
    {
        lock (_lock)
        {
            if (!_byName.TryGetValue(requestId, out var pending) || pending.MachineKey != machineKey)
            {
                return false;
            }

            pending.LastSign = _time.GetTimestamp();
            return !isTerminal || _byName.Remove(requestId);
        }
    }

    /// <summary>This connection of the machine is gone, and all before it: whoever waits for them hears so now, not in 15 s.</summary>
    public void MachineGone(string machineKey, long fence, ErrorInfo refusal)
    {
        List<string> gone = [];
        lock (_lock)
        {
            gone.AddRange(_pending.Where(p => p.Value.MachineKey == machineKey && p.Value.Fence <= fence).Select(p => p.Key));
            gone.ForEach(id => _pending.Remove(id));
        }

        gone.ForEach(id => _client.Send(Envelope.OfError(refusal, id, machineKey: machineKey)));
    }

    /// <summary>The client is gone; nobody waits.</summary>
    public void End()
    {
        lock (_lock)
        {
            _ended = true;
            _pending.Clear();
            _timer?.Dispose();
        }
    }

    private void Expire()
    {
        List<(string Id, string MachineKey)> late = [];
        lock (_lock)
        {
            var next = TimeSpan.MaxValue;
            foreach (var (id, pending) in _pending)
            {
                var left = Wire.RequestTimeout - _time.GetElapsedTime(pending.LastSign);
                if (left <= TimeSpan.Zero)
                {
                    late.Add((id, pending.MachineKey));
                }
                else
                {
                    next = left < next ? left : next;
                }
            }

            late.ForEach(request => _pending.Remove(request.Id));
            _timed = _pending.Count > 0 && !_ended;
            if (_timed)
            {
                // Timers count in whole milliseconds and may not fire a fraction too early.
                _timer!.Change(next + TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);
            }
        }

        foreach (var (id, machineKey) in late)
        {
            _counters.TimedOut();
            _client.Send(Envelope.OfError(Refusals.Timeout, id, machineKey: machineKey));
        }
    }
}
