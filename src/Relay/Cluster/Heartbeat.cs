using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using PocketCoder.Protocol;
using PocketCoder.Relay.Routing;
using PocketCoder.Relay.Stores;
using PocketCoder.Relay.Stores.Redis;

namespace PocketCoder.Relay.Cluster;

/// <summary>What could not be said while Redis was away: how many connections a device has here, and that a machine has left.</summary>
internal sealed record Unsaid(string UserId, string DeviceId, DaemonRegistration? Left = null);

/// <summary>
/// Says every two seconds that this node is there, and looks whether the others are. After anything that may have lost what was said between nodes it puts
/// right what Redis and the others know of this node, and what this one knows of them.
/// </summary>
internal sealed partial class Heartbeat : IAsyncDisposable
{
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(2);

    private readonly RedisConnection _redis;
    private readonly Presence _presence;
    private readonly LocalPeers _here;
    private readonly Statuses _statuses;
    private readonly IDeviceStore _devices;
    private readonly string _self;
    private readonly Func<string[]> _others;
    private readonly Action<string> _nodeGone;
    private readonly Action<DaemonRegistration, bool, bool> _say;
    private readonly ILogger _logger;
    private readonly ConcurrentQueue<Unsaid> _unsaid = new();
    private readonly SemaphoreSlim _soon = new(0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _beating;
    private volatile bool _doubt;

    public Heartbeat(
        RedisConnection redis, Presence presence, LocalPeers here, Statuses statuses, IDeviceStore devices, string self,
        Func<string[]> others, Action<string> nodeGone, Action<DaemonRegistration, bool, bool> say, ILogger logger)
    {
        (_redis, _presence, _here, _statuses, _devices, _self, _others, _nodeGone, _say, _logger) = (redis, presence, here, statuses, devices, self, others, nodeGone, say, logger);
        redis.Restored += Doubt;
        _beating = Task.Run(BeatAllAsync);
    }

    /// <summary>Something may have been lost: it is put right soon.</summary>
    public void Doubt()
    {
        _doubt = true;
        _soon.Release();
    }

    /// <summary>Says something now, or when Redis is back.</summary>
    public async Task TryAsync(Func<Task> say, Unsaid orLater)
    {
        try
        {
            await say();
        }
        catch (RequestException)
        {
            _unsaid.Enqueue(orLater);
            _doubt = true;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _redis.Restored -= Doubt;
        await _stop.CancelAsync();
        await _beating;
        try
        {
            await _presence.EndAsync();
        }
        catch (RequestException)
        {
            // Then its lease ends by itself.
        }

        _stop.Dispose();
        _soon.Dispose();
    }

    private async Task BeatAllAsync()
    {
        var isHealthy = true;
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await _soon.WaitAsync(Beat, _stop.Token);
                await BeatOnceAsync();
                if (!isHealthy)
                {
                    LogBack();
                }

                isHealthy = true;
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (RequestException)
            {
                if (isHealthy)
                {
                    LogAway();
                }

                isHealthy = false;
            }
            catch (Exception ex)
            {
                LogFailed(ex);
            }
        }
    }

    private async Task BeatOnceAsync()
    {
        // Taken for dead, it has lost what it had said of itself.
        _doubt |= !await _presence.RenewAsync();
        if (_others() is { Length: > 0 } others)
        {
            foreach (var dead in await _presence.DeadAsync(others))
            {
                _nodeGone(dead);
            }
        }

        if (_doubt)
        {
            _doubt = false;
            try
            {
                await HealAsync();
            }
            catch
            {
                _doubt = true;
                throw;
            }
        }
    }

    private async Task HealAsync()
    {
        await SayUnsaidAsync();
        await ManyAtOnce(_here.All, async peer =>
        {
            if (peer.Registration is DaemonRegistration machine)
            {
                await AnnounceAsync(peer, machine);
            }
        });
        await ManyAtOnce(_here.Tenants, LookAnewAsync);

        // A revocation may have been missed.
        await ManyAtOnce(_here.All, async peer =>
        {
            if (peer.Registration is { } present && await _devices.IsBarredAsync(present.UserId, present.DeviceId))
            {
                peer.Close(CloseCode.NotAuthenticated, "revoked");
            }
        });
    }

    private static Task ManyAtOnce<T>(IEnumerable<T> all, Func<T, Task> each) =>
        Parallel.ForEachAsync(all, new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (one, _) => await each(one));

    private async Task SayUnsaidAsync()
    {
        HashSet<(string UserId, string DeviceId)> devices = [.. _here.All.Select(peer => peer.Registration).OfType<Registration>().Select(r => (r.UserId, r.DeviceId))];
        while (_unsaid.TryPeek(out var unsaid))
        {
            if (unsaid.Left is { } left)
            {
                await _presence.LeaveAsync(left);
                _say(left, false, false);
            }

            devices.Add((unsaid.UserId, unsaid.DeviceId));
            _unsaid.TryDequeue(out _);
        }

        await ManyAtOnce(devices, device => _presence.SetCountAsync(
            device.UserId, device.DeviceId, _here.Of(device.UserId).Count(peer => peer.IsAdmitted && peer.Registration?.DeviceId == device.DeviceId)));
    }

    private async Task AnnounceAsync(Peer peer, DaemonRegistration machine)
    {
        if (await _presence.TryJoinAsync(machine))
        {
            _say(machine, true, true);
        }
        else
        {
            peer.Close(CloseCode.Replaced, Switchboard.Replaced);
        }
    }

    private async Task LookAnewAsync(Tenant tenant)
    {
        if (tenant.Bus is null)
        {
            return;
        }

        if (!await tenant.Bus.Channel.IsHeardAsync())
        {
            // Not listening to it again yet; what is read now would be overtaken unheard.
            throw Refusals.StoreUnavailable.ToException();
        }

        var noted = tenant.Places.Noted;
        foreach (var machine in await _presence.OfAsync(tenant.UserId))
        {
            Place place = new(machine.MachineKey, machine.Label, machine.Fence, machine.Node);
            _statuses.Read(tenant, place, noted);
            if (place.Node is { } node && node != _self && tenant.Places.Find(place.MachineKey) == place)
            {
                _statuses.Heard(tenant.UserId, place, isNews: true);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Redis does not answer. Who is connected to this node is served; other nodes cannot be reached, and nobody can register")]
    private partial void LogAway();

    [LoggerMessage(Level = LogLevel.Warning, Message = "Redis answers again")]
    private partial void LogBack();

    [LoggerMessage(Level = LogLevel.Error, Message = "The heartbeat of this node failed")]
    private partial void LogFailed(Exception exception);
}
