using System.Collections.Concurrent;

namespace PocketCoder.Relay.Identity;

/// <summary>Codes that live for minutes and may go with the process. Only who has signed in gets one, so there are never many.</summary>
internal sealed class MemoryCodes(TimeProvider time) : IOneTimeStore
{
    private readonly ConcurrentDictionary<string, (string Value, DateTimeOffset ExpiresAt)> _values = new(StringComparer.Ordinal);

    public Task PutAsync(string secret, string value, DateTimeOffset expiresAt)
    {
        foreach (var (old, kept) in _values)
        {
            if (kept.ExpiresAt <= time.GetUtcNow())
            {
                _values.TryRemove(old, out _);
            }
        }

        _values[Key(secret)] = (value, expiresAt);
        return Task.CompletedTask;
    }

    public Task<string?> TakeAsync(string secret) =>
        Task.FromResult(_values.TryRemove(Key(secret), out var kept) && kept.ExpiresAt > time.GetUtcNow() ? kept.Value : null);

    private static string Key(string secret) => Convert.ToHexStringLower(Secrets.Hash(secret));
}
