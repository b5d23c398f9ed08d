using Microsoft.Extensions.Logging;

namespace PocketCoder.Relay.Identity;

/// <summary>
/// The public keys of whoever signs the tokens, fetched and kept for ten minutes: a key that was taken away is not good for a single token after that. A new
/// key is seen by the first token that names it, asked for at most every few seconds; when the keys cannot be fetched the last ones go on.
/// </summary>
internal sealed partial class JsonWebKeys(Func<Task<byte[]>> fetch, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan Age = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    // Well within the time to register: a signer that hangs is one that does not answer.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private readonly Lock _lock = new();
    private Task _fetching = Task.CompletedTask;
    private volatile IReadOnlyDictionary<string, VerificationKey>? _keys;
    private long _askedAt;
    private long _fetchedAt;
    private bool _asked;
    private volatile bool _failed;

    /// <summary>The keys' ids, once they were fetched.</summary>
    public IReadOnlyCollection<string>? Ids => _keys?.Keys.ToList();

    /// <summary>The key; null when the signer has no such key.</summary>
    /// <exception cref="Protocol.RequestException">It is not known, and the signer does not answer: nothing can be said of the token.</exception>
    public async Task<VerificationKey?> FindAsync(string kid)
    {
        if (_keys is not null && time.GetElapsedTime(Volatile.Read(ref _fetchedAt)) >= Age)
        {
            await FetchAsync(Interval).WaitAsync(Patience, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (_keys?.GetValueOrDefault(kid) is { } known)
        {
            return known;
        }

        await FetchAsync(Interval);
        return _keys?.GetValueOrDefault(kid) ?? (_failed || _keys is null ? throw Refusals.SignInUnavailable.ToException() : null);
    }

    /// <summary>Fetches the keys now: for a token that came from the signer itself, whose key cannot be an invention.</summary>
    public Task FetchAsync() => FetchAsync(TimeSpan.Zero);

    // One at a time; who comes meanwhile waits for the same answer.
    private Task FetchAsync(TimeSpan interval)
    {
        lock (_lock)
        {
            if (!_fetching.IsCompleted || !IsOlderThan(interval))
            {
                return _fetching;
            }

            (_asked, _askedAt) = (true, time.GetTimestamp());
            return _fetching = FetchNowAsync();
        }
    }

    private async Task FetchNowAsync()
    {
        try
        {
            _keys = JsonWebKeyParser.Parse(await fetch());
            Volatile.Write(ref _fetchedAt, time.GetTimestamp());
            _failed = false;
        }
        catch (Exception ex) when (ex is System.Text.Json.JsonException or Protocol.RequestException or RelayConfigurationException)
        {
            _failed = true;
            LogFailed(ex.Message);
        }
    }

    private bool IsOlderThan(TimeSpan age) => !_asked || time.GetElapsedTime(Volatile.Read(ref _askedAt)) >= age;

    [LoggerMessage(Level = LogLevel.Warning, Message = "The keys of the sign-in service could not be fetched: {Reason}")]
    private partial void LogFailed(string reason);
}
