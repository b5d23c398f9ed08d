using System.Collections.Concurrent;
using PocketCoder.Nemesis.History;
using PocketCoder.Nemesis.Processes;

namespace PocketCoder.Nemesis.Faults;

/// <summary>The nemesis: at moments and in an order that its seed decides it does what networks, machines and people do. When it ends everything is up again.</summary>
internal sealed class FaultInjector(int seed, IReadOnlyList<FaultKind> kinds, Apart system, Recorder recorder)
{
    private readonly Random _random = new(seed);

    /// <summary>How often each was done.</summary>
    public ConcurrentDictionary<FaultKind, int> Counts { get; } = new();

    public async Task RunAsync(CancellationToken stop)
    {
        while (true)
        {
            await Task.Delay(_random.Next(200, 1200), stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (stop.IsCancellationRequested)
            {
                return;
            }

            var kind = kinds[_random.Next(kinds.Count)];
            Counts.AddOrUpdate(kind, 1, (_, count) => count + 1);
            await DoAsync(kind);
            recorder.Add(new Fault(kind.ToString(), "over"));
        }
    }

    private async Task DoAsync(FaultKind kind)
    {
        var time = TimeSpan.FromMilliseconds(_random.Next(20, 700));
        var any = _random.Next(1000);
        recorder.Add(new Fault(kind.ToString(), $"{time.TotalMilliseconds} ms"));
        switch (kind)
        {
            case FaultKind.CutClient:
                system.ClientWire.CutOne(any);
                break;
            case FaultKind.CutClients:
                system.ClientWire.CutAll();
                break;
            case FaultKind.CutDaemon:
                system.DaemonWire.CutAll();
                break;
            case FaultKind.HoldClients:
                await HoldAsync(system.ClientWire, time);
                break;
            case FaultKind.HoldDaemon:
                await HoldAsync(system.DaemonWire, time);
                break;
            case FaultKind.RefuseClients:
                await RefuseAsync(system.ClientWire, time);
                break;
            case FaultKind.RefuseDaemon:
                await RefuseAsync(system.DaemonWire, time);
                break;
            case FaultKind.KillRelay:
                await system.Relay.KillAsync();
                await Task.Delay(time / 2);
                await system.StartRelayAsync();
                break;
            case FaultKind.KillDaemon:
                await system.Daemon.KillAsync();
                await Task.Delay(time / 2);
                await system.StartDaemonAsync();
                break;
            case FaultKind.PauseRelay:
                await Signals.PauseAsync(system.Relay.Pid, time);
                break;
            case FaultKind.PauseDaemon:
                await Signals.PauseAsync(system.Daemon.Pid, time);
                break;
            case FaultKind.KillAgent when Agent(any) is { } agent:
                Signals.Kill(agent);
                break;
            case FaultKind.PauseAgent when Agent(any) is { } agent:
                await Signals.PauseAsync(agent, time);
                break;
        }
    }

    private int? Agent(int any) => system.Agents() is { Count: > 0 } agents ? agents[any % agents.Count] : null;

    private static async Task HoldAsync(Proxy wire, TimeSpan time)
    {
        wire.Hold();
        await Task.Delay(time);
        wire.Release();
    }

    private static async Task RefuseAsync(Proxy wire, TimeSpan time)
    {
        wire.Refuses = true;
        wire.CutAll();
        await Task.Delay(time);
        wire.Refuses = false;
    }
}
