namespace PocketCoder.Relay.Stores.Redis;

internal sealed class RedisAttempts(RedisConnection redis, TimeProvider time) : IAttemptStore
{
    private const string Count = """
        local count = redis.call('INCR', KEYS[1])
        redis.call('EXPIRE', KEYS[1], 120)
        return count
        """;

    public async Task<long> CountAsync(string what, string address) =>
        (long)await redis.RunAsync(Count, [RedisConnection.Key("attempts", $"{what}:{address}:{time.GetUtcNow().ToUnixTimeSeconds() / 60}")]);
}
