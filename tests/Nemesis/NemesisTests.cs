using System.Globalization;
using PocketCoder.Nemesis.Checks;
using PocketCoder.Nemesis.Faults;
using PocketCoder.Nemesis.Planted;
using Xunit;

namespace PocketCoder.Nemesis;

/// <summary>The whole of it: the real relay, the real daemon, clients that work, and the nemesis. NEMESIS_SEED repeats what a run decided.</summary>
public sealed class NemesisTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Nothing_is_lost_doubled_or_run_twice_whatever_is_cut_or_killed()
    {
        var result = await RunAsync(new RunOptions(Seed(), TimeSpan.FromSeconds(40)));

        Assert.True(result.IsGood, result.ToString());
        Assert.True(result.Acknowledged > 10 && result.Faults.Values.Sum() > 3, "A run in which little happens shows little.");
    }

    private async Task<Result> RunAsync(RunOptions options)
    {
        var result = await Run.ExecuteAsync(options);
        output.WriteLine(result.ToString());
        return result;
    }

    private static int Seed() => int.TryParse(Environment.GetEnvironmentVariable("NEMESIS_SEED"), CultureInfo.InvariantCulture, out var seed) ? seed : Random.Shared.Next();
}

/// <summary>The checker is worth what it catches: daemons with a known bug.</summary>
public sealed class PlantedBugTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task An_event_that_is_sent_before_it_is_on_disk_is_caught_when_it_is_lost()
    {
        var broken = await BrokenAsync(PlantedBugs.SendBeforeCommit, FaultKind.KillDaemon, times: 4);

        Assert.Contains(Rule.MessageLost, broken);
        Assert.True(broken.Contains(Rule.EventLost) || broken.Contains(Rule.EventReplaced), "What a client saw is not in the log.");
    }

    [Fact]
    public async Task A_message_that_is_not_known_again_is_caught_when_it_runs_twice()
    {
        var broken = await BrokenAsync(PlantedBugs.NoDeduplication, FaultKind.CutClient, times: 12);

        Assert.Contains(Rule.RunTwice, broken);
        Assert.Contains(Rule.MessageDoubled, broken);
    }

    [Fact]
    public async Task A_number_that_is_given_twice_is_caught() =>
        Assert.Contains(Rule.EventReplaced, await BrokenAsync(PlantedBugs.ReusedSeq, FaultKind.KillDaemon, times: 3));

    private async Task<HashSet<Rule>> BrokenAsync(string bug, FaultKind fault, int times)
    {
        var result = await Run.ExecuteAsync(new RunOptions(Random.Shared.Next(), Longest) { PlantedBug = bug, Faults = [fault], EnoughFaults = times });
        output.WriteLine(result.ToString());
        Assert.Empty(result.Survivors);
        return [.. result.Violations.Select(v => v.Rule)];
    }
}
