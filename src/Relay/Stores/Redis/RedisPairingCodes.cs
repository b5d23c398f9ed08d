using StackExchange.Redis;

namespace PocketCoder.Relay.Stores.Redis;

internal sealed class RedisPairingCodes(RedisConnection redis, TimeProvider time) : IPairingCodeStore
{
    private const string Add = """
        redis.call('HSET', KEYS[1], 'user', ARGV[1], 'maker', ARGV[2], 'ends', ARGV[3])
        redis.call('PEXPIRE', KEYS[1], ARGV[4])
        redis.call('LPUSH', KEYS[2], KEYS[1])
        redis.call('PEXPIRE', KEYS[2], ARGV[4])
        while redis.call('LLEN', KEYS[2]) > tonumber(ARGV[5]) do redis.call('DEL', redis.call('RPOP', KEYS[2])) end
        return 1
        """;

    private const string Take = """
        local user, maker, ends = unpack(redis.call('HMGET', KEYS[1], 'user', 'maker', 'ends'))
        redis.call('DEL', KEYS[1])
        if not user or tonumber(ends) <= tonumber(ARGV[1]) then return nil end
        redis.call('LREM', 'pocketcoder:codes:' .. user, 1, KEYS[1])
        if maker ~= '' then
            local key = 'pocketcoder:device:' .. maker
            if redis.call('EXISTS', key) == 0 or redis.call('HEXISTS', key, 'revoked') == 1 then return nil end
        end
        return user
        """;

    public Task AddAsync(byte[] hash, string userId, string? maker, DateTimeOffset expiresAt) => redis.RunAsync(
        Add, [Key(hash), RedisConnection.Key("codes", userId)],
        userId, maker ?? "", expiresAt.ToUnixTimeMilliseconds(), (long)(expiresAt - time.GetUtcNow()).TotalMilliseconds, Limits.PairingCodesPerUser);

    public async Task<string?> TakeAsync(byte[] hash) => (string?)await redis.RunAsync(Take, [Key(hash)], time.GetUtcNow().ToUnixTimeMilliseconds());

    private static RedisKey Key(byte[] hash) => RedisConnection.Key("code", hash);
}
