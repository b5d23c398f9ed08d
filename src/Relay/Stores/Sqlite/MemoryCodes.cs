namespace PocketCoder.Relay.Stores.Sqlite;

/// <summary>What lives for minutes and may go with the process.</summary>
internal sealed class MemoryCodes(TimeProvider time) : IOneTimeStore
{
    // Beyond that many sign-ins in ten minutes the oldest could be used again, which the service's own code and the limit of an address still stand against.
    private const int MostUsed = 10_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, (string Value, DateTimeOffset ExpiresAt)> _values = new(StringComparer.Ordinal);
    private readonly OrderedDictionary<string, DateTimeOffset> _used = new(StringComparer.Ordinal);

    // Only who has signed in puts one, so there are never many.
    public Task PutAsync(byte[] hash, string value, DateTimeOffset expiresAt)
    {
        lock (_lock)
        {
            foreach (var old in _values.Where(kept => kept.Value.ExpiresAt <= time.GetUtcNow()).Select(kept => kept.Key).ToList())
            {
                _values.Remove(old);
            }

            _values[Convert.ToHexStringLower(hash)] = (value, expiresAt);
        }

        return Task.CompletedTask;
    }

    public Task<string?> TakeAsync(byte[] hash)
    {
        lock (_lock)
        {
            return Task.FromResult(_values.Remove(Convert.ToHexStringLower(hash), out var kept) && kept.ExpiresAt > time.GetUtcNow() ? kept.Value : null);
        }
    }

    public Task<bool> UseAsync(byte[] hash, DateTimeOffset expiresAt)
    {
        lock (_lock)
        {
            while (_used.Count > 0 && (_used.Count >= MostUsed || _used.GetAt(0).Value <= time.GetUtcNow()))
            {
                _used.RemoveAt(0);
            }

            return Task.FromResult(_used.TryAdd(Convert.ToHexStringLower(hash), expiresAt));
        }
    }
}
