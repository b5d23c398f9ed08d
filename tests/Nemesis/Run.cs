using System.Text.Json;
using System.Text.Json.Nodes;
using PocketCoder.Nemesis.Checks;
using PocketCoder.Nemesis.Faults;
using PocketCoder.Nemesis.History;
using PocketCoder.Nemesis.Processes;
using PocketCoder.Nemesis.Workload;

namespace PocketCoder.Nemesis;

/// <summary>How long, decided by which number, with which faults, on which daemon (null: the real one).</summary>
internal sealed record RunOptions(int Seed, TimeSpan Duration)
{
    public IReadOnlyList<FaultKind> Faults { get; init; } = Enum.GetValues<FaultKind>();

    /// <summary>After so many the run ends, also before its time.</summary>
    public int EnoughFaults { get; init; } = int.MaxValue;

    public string? PlantedBug { get; init; }

    public int Clients { get; init; } = 4;
}

/// <summary>A run from start to end: a system of its own, clients at work, the nemesis; then peace, and what there is to be seen.</summary>
internal static class Run
{
    // For what was asked in the worst moment; far more than it takes.
    private static readonly TimeSpan SettlePatience = TimeSpan.FromSeconds(45);

    public static async Task<Result> ExecuteAsync(RunOptions options)
    {
        await using var system = await Apart.StartAsync(options.PlantedBug);
        Recorder recorder = new();
        var world = new Surroundings(system.Url, await PairAsync(system), system.MachineKey, system.ProjectId, recorder);
        FaultInjector nemesis = new(options.Seed, options.Faults, system, recorder);
        List<Client> clients = [.. Enumerable.Range(1, options.Clients).Select(number => new Client(number, unchecked((options.Seed * 31) + number), world))];

        using CancellationTokenSource end = new(options.Duration);
        using CancellationTokenSource giveUp = new(options.Duration + SettlePatience);
        await Task.WhenAll([StrikeAsync(), .. clients.Select(client => client.RunAsync(end.Token, giveUp.Token))]);

        recorder.Add(new Fault("none any more"));
        var outcome = await OutcomeAsync(system, world);
        var survivors = await system.StopAsync();
        Recording recording = new(recorder.Entries(), outcome with { Ledger = system.Ledger() });
        return new Result(options, recording, Checker.Check(recording), world.Operations, nemesis.Counts, survivors, [.. system.DaemonLog()]);

        async Task StrikeAsync()
        {
            await nemesis.RunAsync(options.EnoughFaults, end.Token);
            await end.CancelAsync();
        }
    }

    private static async Task<string> PairAsync(Apart system)
    {
        await using var link = await Link.ConnectAsync(system.Url, (_, _) => { });
        return (await link.AskAsync("auth_exchange", new JsonObject { ["code"] = await system.CodeAsync() })).GetProperty("access_token").GetString()!;
    }

    private static async Task<Outcome> OutcomeAsync(Apart system, Surroundings world)
    {
        FreshClient fresh = new(world);
        var states = await fresh.SettleAsync(SettlePatience);
        Dictionary<string, IReadOnlyList<LoggedEvent>> logs = [];
        foreach (var session in states.Keys.Union(world.Sessions.Keys))
        {
            logs[session] = await fresh.ReadAsync(session);
        }

        return new Outcome(logs, states, system.Ledger());
    }
}
