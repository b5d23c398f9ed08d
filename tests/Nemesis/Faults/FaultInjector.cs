using System.Collections.Concurrent;
using PocketCoder.Nemesis.History;
using PocketCoder.Nemesis.Processes;

namespace PocketCoder.Nemesis.Faults;

/// <summary>The nemesis: at moments and in an order that its seed decides it does what networks, machines and people do. When it ends everything is up again.</summary>
internal sealed class FaultInjector(int seed, IReadOnlyList<FaultKind> kinds, Apart system, Recorder recorder)
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(4);
    private readonly Random _random = new(seed);

    /// <summary>How often each was done.</summary>
    public ConcurrentDictionary<FaultKind, int> Counts { get; } = new();

    /// <summary>Ends when it is told to stop or has done enough.</summary>
    public async Task RunAsync(int enough, CancellationToken stop)
    {
        for (var done = 0; done < enough; done++)
        {
            await LullAsync(_random.Next(50, 900), _random.Next(4) == 0 ? 0 : _random.Next(1, 12), stop);
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

    // A system that is struck again before it does anything shows little, which is not to hang on the speed of the machine. Sometimes it is struck all the same.
    private async Task LullAsync(int milliseconds, int messages, CancellationToken stop)
    {
        var enough = recorder.Acknowledgements + messages;
        await Task.Delay(milliseconds, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        for (var until = DateTime.UtcNow + Longest; recorder.Acknowledgements < enough && DateTime.UtcNow < until && !stop.IsCancellationRequested;)
        {
            await Task.Delay(10, CancellationToken.None);
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
