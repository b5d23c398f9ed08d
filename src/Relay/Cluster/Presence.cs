using PocketCoder.Relay.Stores.Redis;
using StackExchange.Redis;

namespace PocketCoder.Relay.Cluster;

/// <param name="Label">The machine's name.</param>
internal sealed record PresentMachine(string MachineKey, long Fence, string? Node, string Label);

/// <summary>Who is connected where, as all nodes see it: in Redis, beside what is kept there of machines.</summary>
internal sealed class Presence(RedisConnection redis, string self)
{
    /// <summary>A node that has not said so for this long is taken for dead.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(6);

    private const string Renew = "return redis.call('SET', KEYS[1], '1', 'PX', ARGV[1], 'GET')";

    private const string End = "return redis.call('DEL', KEYS[1])";

    private const string Alive = """
        local alive = {}
        for i, key in ipairs(KEYS) do alive[i] = redis.call('EXISTS', key) end
        return alive
        """;

    private const string NextFence = "return redis.call('INCR', KEYS[1])";

    // The counter may have been lost with the memory of a Redis; it never goes behind a number that is in use.
    private const string Join = """
        local fence = tonumber(ARGV[1])
        if tonumber(redis.call('GET', KEYS[2]) or 0) < fence then redis.call('SET', KEYS[2], ARGV[1]) end
        if tonumber(redis.call('HGET', KEYS[1], 'fence') or 0) > fence then return 0 end
        redis.call('HSET', KEYS[1], 'fence', ARGV[1], 'node', ARGV[2])
        return 1
        """;

    private const string Leave = """
        if redis.call('HGET', KEYS[1], 'fence') ~= ARGV[1] then return 0 end
        redis.call('HDEL', KEYS[1], 'node')
        return 1
        """;

    private const string Of = """
        local found = {}
        for _, key in ipairs(redis.call('SMEMBERS', KEYS[1])) do
            local m = redis.call('HMGET', 'pocketcoder:machine:' .. key, 'fence', 'node', 'label')
            local node = m[2] or ''
            if node ~= '' and redis.call('EXISTS', 'pocketcoder:node:' .. node) == 0 then node = '' end
            found[#found + 1] = { key, m[1] or '0', node, m[3] or '' }
        end
        return found
        """;

    // A field for each node and device; what a dead node left behind does not count.
    private const string Living = """
        local function living(key)
            local total, devices, alive = 0, {}, {}
            local fields = redis.call('HGETALL', key)
            for i = 1, #fields, 2 do
                local node, device = string.match(fields[i], '^([^|]*)|(.*)$')
                if alive[node] == nil then alive[node] = redis.call('EXISTS', 'pocketcoder:node:' .. node) end
                if alive[node] == 0 then
                    redis.call('HDEL', key, fields[i])
                else
                    total = total + fields[i + 1]
                    devices[#devices + 1] = device
                end
            end
            return total, devices
        end

        """;

    private const string Admit = Living + """
        local total = living(KEYS[1])
        if total >= tonumber(ARGV[2]) then return 0 end
        redis.call('HINCRBY', KEYS[1], ARGV[1], 1)
        return 1
        """;

    private const string Release = "if redis.call('HINCRBY', KEYS[1], ARGV[1], -1) <= 0 then redis.call('HDEL', KEYS[1], ARGV[1]) end return 1";

    private const string SetCount = "if ARGV[2] == '0' then redis.call('HDEL', KEYS[1], ARGV[1]) else redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) end return 1";

    private const string Devices = Living + """
        local _, devices = living(KEYS[1])
        return devices
        """;

    /// <summary>Says that this node is there; false when it was taken for dead meanwhile, or is new.</summary>
    public async Task<bool> RenewAsync() => !(await redis.RunAsync(Renew, [Node(self)], (long)Lease.TotalMilliseconds)).IsNull;

    public Task EndAsync() => redis.RunAsync(End, [Node(self)]);

    /// <summary>Those of these nodes that are not there any more.</summary>
    public async Task<IReadOnlyList<string>> DeadAsync(IReadOnlyList<string> nodes)
    {
        var alive = (int[])(await redis.RunAsync(Alive, [.. nodes.Select(Node)]))!;
        return [.. nodes.Where((_, i) => alive[i] == 0)];
    }

    public async Task<long> NextFenceAsync() => (long)await redis.RunAsync(NextFence, [Fence]);

    /// <summary>Notes that a machine is connected here; false when a newer connection of it is noted.</summary>
    public async Task<bool> TryJoinAsync(DaemonRegistration machine) =>
        (int)await redis.RunAsync(Join, [RedisMachines.Key(machine.MachineKey), Fence], machine.Fence, self) == 1;

    public Task LeaveAsync(DaemonRegistration machine) => redis.RunAsync(Leave, [RedisMachines.Key(machine.MachineKey)], machine.Fence);

    public async Task<IReadOnlyList<PresentMachine>> OfAsync(string userId)
    {
        var rows = (RedisResult[])(await redis.RunAsync(Of, [RedisConnection.Key("machines", userId)]))!;
        return
        [
            .. rows.Select(row => (RedisValue[])row!)
                .Select(row => new PresentMachine((string)row[0]!, (long)row[1], row[2].IsNullOrEmpty ? null : (string)row[2]!, (string)row[3]!)),
        ];
    }

    /// <summary>Counts a connection of the account; false when all nodes together have this many.</summary>
    public async Task<bool> TryAdmitAsync(string userId, string deviceId, int limit) => (int)await redis.RunAsync(Admit, [Sockets(userId)], Here(deviceId), limit) == 1;

    public Task ReleaseAsync(string userId, string deviceId) => redis.RunAsync(Release, [Sockets(userId)], Here(deviceId));

    /// <summary>How many there are here of a device, whatever was counted before.</summary>
    public Task SetCountAsync(string userId, string deviceId, int count) => redis.RunAsync(SetCount, [Sockets(userId)], Here(deviceId), count);

    public async Task<IReadOnlyCollection<string>> DevicesAsync(string userId) => (string[])(await redis.RunAsync(Devices, [Sockets(userId)]))!;

    private static RedisKey Fence => RedisConnection.Key("fence", "");

    private static RedisKey Node(string node) => RedisConnection.Key("node", node);

    private static RedisKey Sockets(string userId) => RedisConnection.Key("sockets", userId);

    private string Here(string deviceId) => $"{self}|{deviceId}";
}
