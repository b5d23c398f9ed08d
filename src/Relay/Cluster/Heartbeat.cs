using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using PocketCoder.Protocol;
using PocketCoder.Relay.Stores;
using PocketCoder.Relay.Stores.Redis;

namespace PocketCoder.Relay.Cluster;

/// <summary>
/// Says every two seconds that this node is there, and looks whether the others are. After anything that may have lost what was said between nodes it puts
/// right what Redis and the others know of this node, and what this one knows of them.
/// </summary>
internal sealed partial class Heartbeat : IAsyncDisposable
{
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(2);

    // However much is lost: clients that look anew make work of their own.
    private static readonly TimeSpan BetweenHeals = TimeSpan.FromSeconds(1);

    private readonly RedisConnection _redis;
    private readonly Presence _presence;
    private readonly LocalPeers _here;
    private readonly Statuses _statuses;
    private readonly IDeviceStore _devices;
    private readonly string _self;
    private readonly Func<string[]> _others;
    private readonly Action<string> _nodeGone;
    private readonly Action<DaemonRegistration, bool> _say;
    private readonly Func<Tenant, Task> _read;
    private readonly SharedBudgets _budgets;
    private readonly ILogger _logger;
    private readonly ConcurrentQueue<Func<Task>> _unsaid = new();
    private readonly ConcurrentDictionary<(string UserId, string DeviceId), bool> _miscounted = new();
    private readonly ConcurrentDictionary<DaemonRegistration, bool> _unheard = new();
    private readonly SemaphoreSlim _soon = new(0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _beating;
    private volatile bool _doubt;

    public Heartbeat(
        RedisConnection redis, Presence presence, LocalPeers here, Statuses statuses, IDeviceStore devices, string self,
        Func<string[]> others, Action<string> nodeGone, Action<DaemonRegistration, bool> say, Func<Tenant, Task> read, ILogger logger)
    {
        (_redis, _presence, _here, _statuses, _devices, _self, _others, _nodeGone, _say, _read, _logger) = (redis, presence, here, statuses, devices, self, others, nodeGone, say, read, logger);
        _budgets = new SharedBudgets(redis, here);
        redis.Restored += Doubt;
        _beating = Task.Run(BeatAllAsync);
    }

    /// <summary>Something may have been lost: it is put right soon.</summary>
    public void Doubt()
    {
        _doubt = true;
        if (_soon.CurrentCount == 0)
        {
            _soon.Release();
        }
    }

    /// <summary>What this machine said was not heard by all of its account's clients: they are told to look anew.</summary>
    public void Unheard(DaemonRegistration machine) => _unheard[machine] = true;

    /// <summary>How many connections a device has here may be counted wrongly.</summary>
    public void Miscounted(string userId, string deviceId)
    {
        _miscounted[(userId, deviceId)] = true;
        _doubt = true;
    }

    /// <summary>Says something now, or when Redis is back.</summary>
    public async Task SayAsync(Func<Task> say)
    {
        try
        {
            await say();
        }
        catch (RequestException)
        {
            _unsaid.Enqueue(say);
            _doubt = true;
        }
    }

    /// <summary>Reads anew where the machines of these accounts are.</summary>
    public void Reread(IReadOnlyList<Tenant> tenants) => _ = RereadAsync(tenants);

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
    }

    private async Task RereadAsync(IReadOnlyList<Tenant> tenants)
    {
        try
        {
            await ManyAtOnce(tenants.Distinct(), _read);
        }
        catch (RequestException)
        {
            Doubt();
        }
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
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
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
        if (!await _presence.RenewAsync())
        {
            // Taken for dead, it has lost what it had said of itself.
            _doubt = true;
        }

        if (_others() is { Length: > 0 } others)
        {
            foreach (var dead in await _presence.DeadAsync(others))
            {
                _nodeGone(dead);
            }
        }

        await _budgets.TellAsync();
        foreach (var machine in _unheard.Keys)
        {
            if (_unheard.TryRemove(machine, out _) && _here.Stands(machine.MachineKey, machine.Fence))
            {
                _say(machine, true);
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

            await Task.Delay(BetweenHeals, _stop.Token);
        }
    }

    private async Task HealAsync()
    {
        while (_unsaid.TryPeek(out var say))
        {
            await say();
            _unsaid.TryDequeue(out _);
        }

        await CountAsync();
        await ManyAtOnce(_here.All, peer => peer.Registration is DaemonRegistration machine ? AnnounceAsync(peer, machine) : Task.CompletedTask);
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

    private Task CountAsync()
    {
        foreach (var peer in _here.All)
        {
            if (peer is { AdmittedDevice: { } deviceId, Registration: { } present })
            {
                _miscounted[(present.UserId, deviceId)] = true;
            }
        }

        return ManyAtOnce(_miscounted.Keys, async device =>
        {
            int count;
            do
            {
                count = CountOf(device);
                await _presence.SetCountAsync(device.UserId, device.DeviceId, count);
            }
            while (count != CountOf(device));

            _miscounted.TryRemove(device, out _);
        });

        int CountOf((string UserId, string DeviceId) device) => _here.Of(device.UserId).Count(peer => peer.AdmittedDevice == device.DeviceId);
    }

    private async Task AnnounceAsync(Peer peer, DaemonRegistration machine)
    {
        if (!await _presence.TryJoinAsync(machine))
        {
            peer.Close(CloseCode.Replaced, Switchboard.Replaced);
            return;
        }

        _say(machine, true);
        if (!_here.Stands(machine.MachineKey, machine.Fence))
        {
            // It has left meanwhile, and may have said so before this.
            await _presence.LeaveAsync(machine);
            _say(machine, false);
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

        await _read(tenant);

        // What they said while this node was deaf is lost.
        foreach (var place in tenant.Places.All.Where(place => place.Node is { } node && node != _self))
        {
            _statuses.Heard(tenant.UserId, place, Notice.Doubt);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Redis does not answer. Who is connected to this node is served; other nodes cannot be reached, and nobody can register")]
    private partial void LogAway();

    [LoggerMessage(Level = LogLevel.Warning, Message = "Redis answers again")]
    private partial void LogBack();

    [LoggerMessage(Level = LogLevel.Error, Message = "The heartbeat of this node failed")]
    private partial void LogFailed(Exception exception);
}
