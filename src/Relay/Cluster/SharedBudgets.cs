using PocketCoder.Relay.Stores.Redis;

namespace PocketCoder.Relay.Cluster;

/// <summary>
/// What an account sends is counted at each node, and each node's count is told to the others: what they took together in the last four seconds is taken from
/// the account's budget here too. Only accounts that send much are told of.
/// </summary>
internal sealed class SharedBudgets(RedisConnection redis, LocalPeers here)
{
    // Longer than the time between two beats, so that each node looks at each window's end.
    private const long WindowMs = 4000;
    private const double WorthTelling = 64 * 1024;

    // Clocks of nodes that differ only make a node look at a window that is not over.
    private const string Tell = """
        if tonumber(ARGV[1]) > 0 then
            redis.call('INCRBY', KEYS[2], ARGV[1])
            redis.call('PEXPIRE', KEYS[2], 20000)
        end
        return redis.call('GET', KEYS[1])
        """;

    /// <summary>Tells what was taken here since it was last called, and takes what was taken elsewhere.</summary>
    public async Task TellAsync()
    {
        var window = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / WindowMs;
        foreach (var tenant in here.Tenants)
        {
            if (tenant.Share.Begin(window, tenant.Bytes.Taken, WorthTelling) is not ({ } mine, var before))
            {
                continue;
            }

            var total = await redis.RunAsync(Tell, [Key(tenant.UserId, window - 1), Key(tenant.UserId, window)], mine);
            if (before is { } own && !total.IsNull && (long)total - own is > 0 and var others)
            {
                tenant.Bytes.Take(others, isOwn: false);
            }
        }
    }

    private static StackExchange.Redis.RedisKey Key(string userId, long window) => RedisConnection.Key("bytes", $"{userId}:{window}");
}

/// <summary>What of an account's bytes this node has told already. Not thread-safe: the heartbeat's alone.</summary>
internal sealed class BudgetShare
{
    private double _told;
    private long _window, _inWindow;

    /// <summary>
    /// How much to tell for this window, and, once for each window, how much was told in the one before; null when there is nothing worth telling.
    /// </summary>
    public (long Mine, long? Before)? Begin(long window, double taken, double worth)
    {
        if (taken - _told < worth)
        {
            return null;
        }

        var mine = (long)(taken - _told);
        _told += mine;
        long? before = null;
        if (window != _window)
        {
            before = window == _window + 1 ? _inWindow : 0;
            (_window, _inWindow) = (window, 0);
        }

        _inWindow += mine;
        return (mine, before);
    }
}
