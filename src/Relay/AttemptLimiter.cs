using System.Collections.Concurrent;

namespace PocketCoder.Relay;

/// <summary>
/// Counts by address and minute what strangers try: so that a code cannot be guessed at speed, and nobody spends what the relay may ask of a sign-in service.
/// </summary>
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
