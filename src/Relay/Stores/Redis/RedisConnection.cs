using System.Net;
using PocketCoder.Relay.Identity;
using StackExchange.Redis;

namespace PocketCoder.Relay.Stores.Redis;

/// <summary>
/// The Redis of a cluster. Scripts make each change whole. What cannot be asked now fails at once, and what gets no answer within
/// <see cref="Patience"/>: nothing waits in a queue for a Redis that may come back.
/// </summary>
internal sealed class RedisConnection : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private const string Prefix = "pocketcoder:";
    private readonly ConnectionMultiplexer _redis;
    private readonly IDatabase _database;

    private RedisConnection(ConnectionMultiplexer redis)
    {
        (_redis, _database) = (redis, redis.GetDatabase());
        redis.ConnectionFailed += (_, _) => Lost?.Invoke();
        redis.ConnectionRestored += (_, _) => Restored?.Invoke();
    }

    public event Action? Lost, Restored;

    public bool IsConnected => _redis.IsConnected;

    public ISubscriber Bus => _redis.GetSubscriber();

    /// <exception cref="RelayConfigurationException">It does not answer, or the address is none.</exception>
    public static async Task<RedisConnection> OpenAsync(string url)
    {
        var options = OptionsOf(url);
        var where = options.EndPoints[0] is DnsEndPoint { Host: var host, Port: var port } ? $"{host}:{port}" : "";
        try
        {
            return new RedisConnection(await ConnectionMultiplexer.ConnectAsync(options));
        }
        catch (RedisConnectionException ex)
        {
            throw new RelayConfigurationException(ex.FailureType == ConnectionFailureType.AuthenticationFailure
                ? $"The Redis at {where} does not let this relay in. Its password is given with POCKETCODER_REDIS (redis://:PASSWORD@HOST:6379)."
                : $"The Redis at {where} does not answer. Is it running, and is the address right (--redis or POCKETCODER_REDIS)?");
        }
    }

    /// <summary>What is wrong with the address, for the operator; null: nothing.</summary>
    public static string? ProblemOf(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Scheme is "redis" or "rediss" && uri.Host.Length > 0 && uri.Query.Length == 0
        && (uri.AbsolutePath.Length <= 1 || int.TryParse(uri.AbsolutePath.AsSpan(1), out _))
            ? null
            : "--redis takes an address like redis://HOST:6379, redis://:PASSWORD@HOST:6379/0 or rediss://HOST:6380.";

    public static RedisKey Key(string kind, string name) => $"{Prefix}{kind}:{name}";

    public static RedisKey Key(string kind, byte[] hash) => Key(kind, Convert.ToHexStringLower(hash));

    /// <summary>A channel of this cluster: those of a Redis are not apart by database.</summary>
    public RedisChannel Channel(string kind, string name) => RedisChannel.Literal($"{Prefix}{_database.Database}:{kind}:{name}");

    /// <summary>Runs a Lua script. The keys it makes up itself begin as those that it gets do: this is one Redis, not a Redis Cluster.</summary>
    /// <exception cref="Protocol.RequestException"><see cref="Refusals.StoreUnavailable"/>.</exception>
    public async Task<RedisResult> RunAsync(string script, RedisKey[] keys, params RedisValue[] values)
    {
        try
        {
            return await _database.ScriptEvaluateAsync(script, keys, values);
        }
        catch (Exception ex) when (IsTrouble(ex))
        {
            throw Unavailable(ex);
        }
    }

    /// <exception cref="Protocol.RequestException"><see cref="Refusals.StoreUnavailable"/>.</exception>
    public async Task PublishAsync(RedisChannel channel, byte[] publication)
    {
        try
        {
            await Bus.PublishAsync(channel, publication);
        }
        catch (Exception ex) when (IsTrouble(ex))
        {
            throw Unavailable(ex);
        }
    }

    /// <summary>True for what says that Redis is not there, or not able, and not that we asked nonsense.</summary>
    public static bool IsTrouble(Exception ex) => ex is RedisException or TimeoutException or ObjectDisposedException or OperationCanceledException;

    /// <summary>What whoever asked is told of it.</summary>
    public static Protocol.RequestException Unavailable(Exception trouble) => new(Refusals.StoreUnavailable.Code, Refusals.StoreUnavailable.Message, inner: trouble);

    public async ValueTask DisposeAsync() => await _redis.DisposeAsync();

    private static ConfigurationOptions OptionsOf(string url)
    {
        if (ProblemOf(url) is { } problem)
        {
            throw new RelayConfigurationException(problem);
        }

        Uri uri = new(url);
        ConfigurationOptions options = new()
        {
            EndPoints = { new DnsEndPoint(uri.IdnHost, uri.Port > 0 ? uri.Port : 6379) },
            Ssl = uri.Scheme == "rediss",
            ClientName = "pocketcoder",
            Protocol = RedisProtocol.Resp2,
            DefaultDatabase = uri.AbsolutePath.Length > 1 ? int.Parse(uri.AbsolutePath.AsSpan(1), System.Globalization.CultureInfo.InvariantCulture) : 0,
            AbortOnConnectFail = true,
            BacklogPolicy = BacklogPolicy.FailFast,
            ConnectTimeout = (int)Patience.TotalMilliseconds,
            AsyncTimeout = (int)Patience.TotalMilliseconds,
            SyncTimeout = (int)Patience.TotalMilliseconds,
            KeepAlive = 2,
            ReconnectRetryPolicy = new LinearRetry(500),
        };
        if (uri.UserInfo.Split(':', 2) is [var user, var password])
        {
            options.User = user.Length > 0 ? Uri.UnescapeDataString(user) : null;
            options.Password = Uri.UnescapeDataString(password);
        }

        return options;
    }
}
