using System.Collections.Concurrent;
using PocketCoder.Protocol;

namespace PocketCoder.Relay;

/// <summary>What a relay counts while it works. No name, address or content of anybody is in it.</summary>
internal sealed class RelayCounters
{
    private readonly ConcurrentDictionary<ErrorCode, long> _refused = new();
    private readonly ConcurrentDictionary<int, long> _closed = new();
    private long _messages, _bytes, _timeouts, _cutOff;

    public long Messages => Interlocked.Read(ref _messages);

    public long Bytes => Interlocked.Read(ref _bytes);

    public long Timeouts => Interlocked.Read(ref _timeouts);

    public long CutOffs => Interlocked.Read(ref _cutOff);

    public IEnumerable<KeyValuePair<ErrorCode, long>> RefusedByCode => _refused;

    public IEnumerable<KeyValuePair<int, long>> ClosedByCode => _closed;

    /// <summary>Counts what one read brought.</summary>
    public void Forwarded(int messages, int bytes)
    {
        Interlocked.Add(ref _messages, messages);
        Interlocked.Add(ref _bytes, bytes);
    }

    public void Refused(ErrorCode code) => _refused.AddOrUpdate(code, 1, static (_, count) => count + 1);

    public void Closed(int code) => _closed.AddOrUpdate(code, 1, static (_, count) => count + 1);

    public void TimedOut() => Interlocked.Increment(ref _timeouts);

    /// <summary>A peer did not keep up with what was for it.</summary>
    public void CutOff() => Interlocked.Increment(ref _cutOff);
}
