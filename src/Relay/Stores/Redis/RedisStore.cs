using StackExchange.Redis;

namespace PocketCoder.Relay.Stores.Redis;

/// <summary>The store that the nodes of a cluster share. It is as durable as that Redis is: see docs/scaling.md for what it has to write down.</summary>
internal sealed class RedisStore(RedisConnection redis, TimeProvider time) : IRelayStore
{
    private const string Owner = """
        redis.call('SET', KEYS[1], ARGV[1], 'NX')
        return redis.call('GET', KEYS[1])
        """;

    private const string Check = "return redis.call('SET', KEYS[1], ARGV[1])";

    public ISigningKeyStore SigningKeys { get; } = new RedisSigningKeys(redis);

    public IDeviceStore Devices { get; } = new RedisDevices(redis, time);

    public IRefreshTokenStore RefreshTokens { get; } = new RedisRefreshTokens(redis, time);

    public IPairingCodeStore PairingCodes { get; } = new RedisPairingCodes(redis, time);

    public IMachineStore Machines { get; } = new RedisMachines(redis, time);

    public IOneTimeStore OneTime { get; } = new RedisOneTime(redis, time);

    public IAttemptStore Attempts { get; } = new RedisAttempts(redis, time);

    public async Task<string> OwnerAsync(string candidate) => (string)(await redis.RunAsync(Owner, [RedisConnection.Key("owner", "")], candidate))!;

    public Task CheckAsync() => redis.RunAsync(Check, [RedisConnection.Key("check", "")], time.GetUtcNow().ToUnixTimeMilliseconds());

    public ValueTask DisposeAsync() => redis.DisposeAsync();
}
