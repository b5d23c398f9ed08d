namespace PocketCoder.Relay.Stores.Redis;

internal sealed class RedisOneTime(RedisConnection redis, TimeProvider time) : IOneTimeStore
{
    private const string Put = "return redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])";
    private const string Take = "return redis.call('GETDEL', KEYS[1])";
    private const string Use = "return redis.call('SET', KEYS[1], '', 'PX', ARGV[1], 'NX') and 1 or 0";

    public Task PutAsync(byte[] hash, string value, DateTimeOffset expiresAt) => redis.RunAsync(Put, [RedisConnection.Key("once", hash)], value, LifeOf(expiresAt));

    public async Task<string?> TakeAsync(byte[] hash) => (string?)await redis.RunAsync(Take, [RedisConnection.Key("once", hash)]);

    public async Task<bool> UseAsync(byte[] hash, DateTimeOffset expiresAt) => (int)await redis.RunAsync(Use, [RedisConnection.Key("used", hash)], LifeOf(expiresAt)) == 1;

    private long LifeOf(DateTimeOffset expiresAt) => Math.Max(1, (long)(expiresAt - time.GetUtcNow()).TotalMilliseconds);
}
