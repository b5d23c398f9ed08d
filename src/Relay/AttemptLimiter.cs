using System.Collections.Concurrent;

namespace PocketCoder.Relay;

/// <summary>Counts pairing attempts by address and minute, so that a code cannot be guessed at speed.</summary>
internal sealed class AttemptLimiter(TimeProvider time)
{
    private readonly ConcurrentDictionary<string, (long Minute, int Count)> _attempts = new(StringComparer.Ordinal);

    public bool Allow(string address)
    {
        var minute = time.GetUtcNow().ToUnixTimeSeconds() / 60;
        if (_attempts.Count > 10_000)
        {
            _attempts.Clear();
        }

        return _attempts.AddOrUpdate(address, (minute, 1), (_, seen) => seen.Minute == minute ? (minute, seen.Count + 1) : (minute, 1)).Count
            <= Limits.PairingAttemptsPerMinute;
    }
}

/// <summary>A token bucket for one socket's messages. Used by its reader alone.</summary>
internal sealed class MessageBudget(TimeProvider time)
{
    private double _tokens = Limits.MessageBurst;
    private long _last = time.GetTimestamp();

    public bool Take()
    {
        var now = time.GetTimestamp();
        _tokens = Math.Min(Limits.MessageBurst, _tokens + (time.GetElapsedTime(_last, now).TotalSeconds * Limits.MessagesPerSecond));
        _last = now;
        return --_tokens >= 0;
    }
}
