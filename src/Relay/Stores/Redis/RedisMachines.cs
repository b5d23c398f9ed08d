using PocketCoder.Protocol;
using StackExchange.Redis;

namespace PocketCoder.Relay.Stores.Redis;

/// <summary>A machine is a hash (user, label, hostname, platform, version, seen, and where it is connected: node, fence); a user's are a set of keys.</summary>
internal sealed class RedisMachines(RedisConnection redis, TimeProvider time) : IMachineStore
{
    private const string Claim = """
        if redis.call('HSETNX', KEYS[1], 'user', ARGV[1]) == 1 then
            redis.call('SADD', KEYS[2], ARGV[2])
            redis.call('HSET', KEYS[1], 'label', ARGV[3], 'hostname', ARGV[4], 'platform', ARGV[5], 'version', ARGV[6], 'seen', ARGV[7])
        end
        return redis.call('HGET', KEYS[1], 'user')
        """;

    private const string Seen = "return redis.call('HSET', KEYS[1], 'label', ARGV[1], 'hostname', ARGV[2], 'platform', ARGV[3], 'version', ARGV[4], 'seen', ARGV[5])";

    private const string Left = "return redis.call('HSET', KEYS[1], 'seen', ARGV[1])";

    private const string Of = """
        local found = {}
        for _, key in ipairs(redis.call('SMEMBERS', KEYS[1])) do
            local m = redis.call('HMGET', 'pocketcoder:machine:' .. key, 'label', 'hostname', 'platform', 'seen', 'version')
            found[#found + 1] = { key, m[1] or '', m[2] or '', m[3] or '', m[4] or '0', m[5] or '' }
        end
        return found
        """;

    public async Task<bool> ClaimAsync(string machineKey, string userId, MachineInfo machine) => (string?)await redis.RunAsync(
        Claim, [Key(machineKey), RedisConnection.Key("machines", userId)],
        userId, machineKey, machine.Label, machine.Hostname, machine.Platform, machine.DaemonVersion, Now) == userId;

    public Task SeenAsync(string machineKey, MachineInfo machine) =>
        redis.RunAsync(Seen, [Key(machineKey)], machine.Label, machine.Hostname, machine.Platform, machine.DaemonVersion, Now);

    public async Task LeftAsync(string machineKey)
    {
        try
        {
            await redis.RunAsync(Left, [Key(machineKey)], Now);
        }
        catch (RequestException)
        {
            // Then it is shown as last seen when it came.
        }
    }

    public async Task<IReadOnlyList<StoredMachine>> OfAsync(string userId)
    {
        var rows = (RedisResult[])(await redis.RunAsync(Of, [RedisConnection.Key("machines", userId)]))!;
        return
        [
            .. rows.Select(row => (RedisValue[])row!)
                .Select(row => new StoredMachine((string)row[0]!, (string)row[1]!, (string)row[2]!, (string)row[3]!, RedisDevices.TimeOf(row[4]), (string)row[5]!))
                .OrderBy(machine => machine.Label, StringComparer.Ordinal).ThenBy(machine => machine.MachineKey, StringComparer.Ordinal),
        ];
    }

    internal static RedisKey Key(string machineKey) => RedisConnection.Key("machine", machineKey);

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();
}
