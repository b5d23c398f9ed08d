using System.Collections.Concurrent;

namespace PocketCoder.Relay.Stores.Sqlite;

internal sealed class MemoryAttempts(TimeProvider time) : IAttemptStore
{
    private const int MostKept = 10_000;

    private readonly ConcurrentDictionary<(string What, string Address), (long Minute, long Count)> _attempts = new();

    public Task<long> CountAsync(string what, string address)
    {
        var minute = time.GetUtcNow().ToUnixTimeSeconds() / 60;
        if (_attempts.Count > MostKept)
        {
            _attempts.Clear();
        }

        return Task.FromResult(_attempts.AddOrUpdate(
            (what, address), (minute, 1), (_, seen) => seen.Minute == minute ? (minute, seen.Count + 1) : (minute, 1)).Count);
    }
}
