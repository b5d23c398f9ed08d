using StackExchange.Redis;

namespace PocketCoder.Relay.Stores.Redis;

/// <summary>A device is a hash (user, name, machine, created, seen, revoked, family); a user's are a set of ids.</summary>
internal sealed class RedisDevices(RedisConnection redis, TimeProvider time) : IDeviceStore
{
    /// <summary>For scripts: ends a device (its id) at a time.</summary>
    public const string Revoke = """
        local function revoke(device, now)
            local key = 'pocketcoder:device:' .. device
            local user, family = unpack(redis.call('HMGET', key, 'user', 'family'))
            redis.call('HSET', key, 'revoked', now)
            redis.call('HDEL', key, 'family')
            if family then redis.call('DEL', 'pocketcoder:family:' .. family) end
            if user then redis.call('SREM', 'pocketcoder:devices:' .. user, device) end
        end

        """;

    private const string State = "return redis.call('HMGET', KEYS[1], 'user', 'revoked')";

    private const string Seen = """
        local user, revoked = unpack(redis.call('HMGET', KEYS[1], 'user', 'revoked'))
        if user and user ~= ARGV[1] then return 0 end
        redis.call('HSETNX', KEYS[1], 'created', ARGV[3])
        redis.call('HSET', KEYS[1], 'user', ARGV[1], 'seen', ARGV[3], 'machine', ARGV[5])
        if ARGV[4] ~= '' then redis.call('HSET', KEYS[1], 'name', ARGV[4]) end
        if not revoked then redis.call('SADD', KEYS[2], ARGV[2]) end
        return 1
        """;

    private const string Of = """
        local found = {}
        for _, device in ipairs(redis.call('SMEMBERS', KEYS[1])) do
            local d = redis.call('HMGET', 'pocketcoder:device:' .. device, 'created', 'seen', 'name', 'machine')
            found[#found + 1] = { device, d[1] or '0', d[2] or '0', d[3] or '', d[4] or '' }
        end
        return found
        """;

    private const string RevokeOwn = Revoke + """
        local user, revoked = unpack(redis.call('HMGET', KEYS[1], 'user', 'revoked'))
        if user ~= ARGV[1] or revoked then return 0 end
        revoke(ARGV[2], ARGV[3])
        return 1
        """;

    // A family of ours, or a session whose tokens somebody else issues.
    private const string RevokeByToken = Revoke + """
        local device = redis.call('HGET', KEYS[1], 'device') or redis.call('GET', KEYS[2])
        if device then revoke(device, ARGV[1]) end
        return device
        """;

    public async Task<bool> IsActiveAsync(string userId, string deviceId) => await StateAsync(deviceId) is ({ } user, false) && user == userId;

    public async Task<bool> IsBarredAsync(string userId, string deviceId) => await StateAsync(deviceId) is ({ } user, var revoked) && (revoked || user != userId);

    public Task SeenAsync(string userId, string deviceId, string? name, string? machineKey) => redis.RunAsync(
        Seen, [Key(deviceId), RedisConnection.Key("devices", userId)], userId, deviceId, time.GetUtcNow().ToUnixTimeMilliseconds(), name ?? "", machineKey ?? "");

    public async Task<IReadOnlyList<StoredDevice>> OfAsync(string userId)
    {
        var rows = (RedisResult[])(await redis.RunAsync(Of, [RedisConnection.Key("devices", userId)]))!;
        return
        [
            .. rows.Select(row => (RedisValue[])row!)
                .Select(row => new StoredDevice((string)row[0]!, TimeOf(row[1]), TimeOf(row[2]), TextOf(row[3]), TextOf(row[4])))
                .OrderByDescending(device => device.LastSeenAt).ThenBy(device => device.DeviceId, StringComparer.Ordinal),
        ];
    }

    public async Task<bool> RevokeAsync(string userId, string deviceId) =>
        (int)await redis.RunAsync(RevokeOwn, [Key(deviceId)], userId, deviceId, time.GetUtcNow().ToUnixTimeMilliseconds()) == 1;

    public async Task<string?> RevokeByTokenAsync(RefreshSecret token) => (string?)await redis.RunAsync(
        RevokeByToken, [RedisConnection.Key("family", token.Family), RedisConnection.Key("session", token.Hash)], time.GetUtcNow().ToUnixTimeMilliseconds());

    internal static DateTimeOffset TimeOf(RedisValue milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds((long)milliseconds);

    internal static RedisKey Key(string deviceId) => RedisConnection.Key("device", deviceId);

    private static string? TextOf(RedisValue value) => value.IsNullOrEmpty ? null : (string?)value;

    private async Task<(string? UserId, bool Revoked)> StateAsync(string deviceId)
    {
        var fields = (RedisValue[])(await redis.RunAsync(State, [Key(deviceId)]))!;
        return ((string?)fields[0], !fields[1].IsNull);
    }
}
