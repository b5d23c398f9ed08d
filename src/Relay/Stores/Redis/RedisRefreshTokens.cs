using StackExchange.Redis;

namespace PocketCoder.Relay.Stores.Redis;

/// <summary>
/// A family is a hash: device, current and previous token, the attempt that led from one to the other, and when it ends. Whoever shows any other token that
/// begins with the family's secret shows a spent one.
/// </summary>
internal sealed class RedisRefreshTokens(RedisConnection redis, TimeProvider time) : IRefreshTokenStore
{
    private const string Knows = "return redis.call('EXISTS', KEYS[1], KEYS[2])";

    private const string Enrol = """
        redis.call('HSET', KEYS[1], 'user', ARGV[1], 'name', ARGV[3], 'created', ARGV[6], 'seen', ARGV[6], 'family', ARGV[4])
        if ARGV[3] == '' then redis.call('HDEL', KEYS[1], 'name') end
        redis.call('SADD', KEYS[2], ARGV[2])
        redis.call('HSET', KEYS[3], 'device', ARGV[2], 'current', ARGV[5], 'ends', ARGV[7])
        redis.call('PEXPIRE', KEYS[3], ARGV[7] - ARGV[6])
        return 1
        """;

    private const string Trade = RedisDevices.Revoke + """
        local device, current, previous, attempt, ends = unpack(redis.call('HMGET', KEYS[1], 'device', 'current', 'previous', 'attempt', 'ends'))
        local now = tonumber(ARGV[4])
        if not device or tonumber(ends) <= now then return nil end
        local key = 'pocketcoder:device:' .. device
        local user, revoked = unpack(redis.call('HMGET', key, 'user', 'revoked'))
        if not user or revoked then return nil end
        if ARGV[1] == current then
            ends = now + ARGV[5]
            redis.call('HSET', KEYS[1], 'previous', ARGV[1], 'ends', ends)
            redis.call('PEXPIRE', KEYS[1], ARGV[5])
        elseif ARGV[1] ~= previous or ARGV[3] == '' or ARGV[3] ~= attempt then
            revoke(device, now)
            return { device, user, 1 }
        end
        redis.call('HSET', KEYS[1], 'current', ARGV[2], 'attempt', ARGV[3])
        redis.call('HSET', key, 'seen', now)
        return { device, user, 0 }
        """;

    private const string Remember = """
        redis.call('HSETNX', KEYS[1], 'created', ARGV[3])
        redis.call('HSETNX', KEYS[1], 'user', ARGV[1])
        redis.call('HSET', KEYS[1], 'seen', ARGV[3])
        if redis.call('HEXISTS', KEYS[1], 'revoked') == 0 then redis.call('SADD', KEYS[2], ARGV[2]) end
        redis.call('SET', KEYS[3], ARGV[2], 'PX', ARGV[4])
        return 1
        """;

    private static readonly long Life = (long)Limits.RefreshToken.TotalMilliseconds;

    public async Task<bool> KnowsAsync(RefreshSecret token) => (int)await redis.RunAsync(Knows, [Family(token), Session(token)]) > 0;

    public Task EnrolAsync(string userId, string deviceId, string? name, RefreshSecret token) => redis.RunAsync(
        Enrol, [RedisDevices.Key(deviceId), Devices(userId), Family(token)],
        userId, deviceId, name ?? "", Convert.ToHexStringLower(token.Family), token.Hash, Now, Now + Life);

    public async Task<RefreshOutcome?> TradeAsync(RefreshSecret token, RefreshSecret next, string? attempt)
    {
        var outcome = await redis.RunAsync(Trade, [Family(token)], token.Hash, next.Hash, attempt ?? "", Now, Life);
        return outcome.IsNull ? null : (RedisValue[])outcome! is [var device, var user, var ended] ? new RefreshOutcome((string)device!, (string)user!, (int)ended == 1) : null;
    }

    public Task RememberAsync(string userId, string deviceId, RefreshSecret token) => redis.RunAsync(
        Remember, [RedisDevices.Key(deviceId), Devices(userId), Session(token)], userId, deviceId, Now, Life);

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    private static RedisKey Family(RefreshSecret token) => RedisConnection.Key("family", token.Family);

    private static RedisKey Session(RefreshSecret token) => RedisConnection.Key("session", token.Hash);

    private static RedisKey Devices(string userId) => RedisConnection.Key("devices", userId);
}
