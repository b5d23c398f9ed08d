using System.Diagnostics;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using PocketCoder.Daemon.Processes;
using PocketCoder.Daemon.Tests.Features;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Daemon.Tests;

/// <summary>No process outlives its run, whatever its shape and however the run ends.</summary>
public sealed class SupervisorTests(ITestOutputHelper output)
{
    // Each says "ready" when all of it stands. `true` at an end keeps the shell from becoming its last command.
    private static readonly Dictionary<string, string> Shapes = new()
    {
        ["plain child"] = "echo ready; exec sleep 1000",
        ["grandchild"] = "sh -c 'sleep 1000 & echo ready; wait'; true",
        ["double fork"] = "( (sleep 1000 &) & ); echo ready; sleep 1000; true",
        ["setsid"] = "setsid sh -c 'echo ready; sleep 1000; true' & wait",
        ["setsid and double fork"] = "setsid sh -c '(sleep 1000 &); echo ready'; sleep 1000; true",
        ["no environment, setsid and double fork"] = "env -i PC_TEST=$PC_RUN setsid sh -c '(sleep 1000 &); echo ready'; sleep 1000; true",
        ["ignores SIGTERM"] = "trap '' TERM; echo ready; sleep 1000; sleep 1000",
        ["holds the pipe"] = "(setsid sh -c 'trap \"\" TERM HUP; echo ready; sleep 1000; true' &); sleep 1000; true",
        ["background job"] = "sleep 1000 & sleep 1000 & echo ready; wait",
        ["pipeline"] = "yes | (echo ready >&2; cat) | (sleep 1000; cat >/dev/null)",
        ["stopped"] = "sleep 1000 & kill -STOP $!; echo ready; kill -STOP $$; true",
        ["always on the move"] = "trap '' TERM; sh move.sh 30000; sleep 1000; true",
        ["on the move with setsid"] = "trap '' TERM; sh move-away.sh 30000; sleep 1000; true",
        ["bomb"] = "trap '' TERM; bomb() { for i in 1 2 3; do [ $1 -gt 0 ] && bomb $(($1-1)) & done; [ $1 -gt 2 ] || echo ready; sleep 1000; true; }; bomb 4",
    };

    private static readonly Dictionary<string, string> Scripts = new()
    {
        ["move.sh"] = "[ $1 -ne 29900 ] || echo ready; [ $1 -gt 0 ] && (sh move.sh $(($1-1)) &)",
        ["move-away.sh"] = "[ $1 -ne 29900 ] || echo ready; [ $1 -gt 0 ] && (setsid sh move-away.sh $(($1-1)) &)",
    };

    private const int AtOnce = 7;

    // All shapes of one kind of end at once, for some take their whole grace; each test looks at its own.
    private static readonly Lazy<Task<Dictionary<string, Outcome>>> Cancelled = new(() => EndTogetherAsync(
        async (caller, requests, _) =>
        {
            foreach (var request in requests)
            {
                await caller.SendAsync("command_cancel", new JsonObject { ["requestId"] = request });
            }
        }));

    private static readonly Lazy<Task<Dictionary<string, Outcome>>> TimedOut = new(() => EndTogetherAsync(
        (_, _, time) =>
        {
            time.Advance(TimeSpan.FromSeconds(120));
            return Task.CompletedTask;
        }));

    private static readonly Lazy<Task<Dictionary<string, Outcome>>> DaemonKilled = new(KillDaemonsAsync);

    private sealed record Outcome(string End, int Left);

    public static TheoryData<string> Names => [.. Shapes.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Nothing_is_left_after_a_cancel(string shape)
    {
        var outcome = (await Cancelled.Value)[shape];

        Assert.Matches("^SIG(TERM|KILL)$", outcome.End);
        Assert.Equal(0, outcome.Left);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Nothing_is_left_after_a_timeout(string shape) => Assert.Equal(new Outcome("COMMAND_TIMEOUT", 0), (await TimedOut.Value)[shape]);

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Nothing_is_left_after_a_kill_9_of_the_daemon(string shape) => Assert.Equal(0, (await DaemonKilled.Value)[shape].Left);

    [Fact]
    public async Task What_Process_Kill_leaves_alive_is_why_there_is_a_supervisor()
    {
        using TempDirectory directory = new();
        WriteScripts(directory.Path);
        var ours = await Cancelled.Value;
        Dictionary<string, int> naive = [];
        foreach (var shape in Shapes.Keys)
        {
            naive[shape] = await LeftByProcessKillAsync(shape, directory.Path);
        }

        output.WriteLine($"{"shape",-40} {"ours",5} {"Process.Kill(true)",20}");
        foreach (var shape in Shapes.Keys)
        {
            output.WriteLine($"{shape,-40} {ours[shape].Left,5} {naive[shape],20}");
        }

        Assert.All(ours.Values, o => Assert.Equal(0, o.Left));
        Assert.True(naive.Values.Count(left => left > 0) >= 3, "Process.Kill must leave some alive, or these tests show nothing.");
    }

    [Fact]
    public async Task What_a_command_leaves_in_the_background_ends_with_it()
    {
        await using var system = await TestSystem.StartAsync();
        await using var client = await system.ClientAsync();
        CommandCaller caller = new(client, system.MachineKey, system.ProjectId);
        var request = await caller.ExecAsync("sleep 1000 & (setsid sleep 1000 &); echo gone; exit 7");
        var runId = await caller.StartedAsync(request);

        var end = await caller.EndAsync(request);

        Assert.Equal(7, (int?)end["payload"]!["exitCode"]);
        Assert.Equal("gone\n", caller.Printed(request));
        Assert.Empty(Marked.Processes(runId));
    }

    [Theory]
    [InlineData("-KILL")]
    [InlineData("-STOP")]
    public async Task A_command_that_does_away_with_its_supervisor_ends_all_the_same(string signal)
    {
        await using var system = await TestSystem.StartAsync();
        await using var client = await system.ClientAsync();
        CommandCaller caller = new(client, system.MachineKey, system.ProjectId);
        var request = await caller.ExecAsync($"setsid sleep 1000 & kill {signal} $PPID; echo done; sleep 1000; true");
        var runId = await caller.StartedAsync(request);
        if (signal == "-STOP")
        {
            await caller.PrintedAsync(request, "done");

            // Killed after the grace and the patience with a supervisor, which are the machine's own time.
            await caller.CancelAsync(request);
            await client.UntilAsync(m => (string?)m["type"] == "progress");
        }

        var end = await caller.EndAsync(request);

        Assert.Equal("command_exit", (string?)end["type"]);
        Assert.Empty(Marked.Processes(runId));
    }

    [Fact]
    public async Task A_child_has_three_streams_limits_of_its_own_and_nothing_of_the_daemons_settings()
    {
        Environment.SetEnvironmentVariable("POCKETCODER_TEST_SECRET", "x");
        await using var system = await TestSystem.StartAsync();
        await using var client = await system.ClientAsync();
        CommandCaller caller = new(client, system.MachineKey, system.ProjectId);

        var request = await caller.ExecAsync("""
            readlink /proc/$$/fd/0; for i in $(seq 0 300); do [ -e /proc/$$/fd/$i ] && printf "$i "; done; echo
            ulimit -Hc; nice; cat /proc/self/oom_score_adj
            cat /proc/$PPID/oom_score_adj; ps -o ni= -p $PPID | tr -d ' '
            env | grep -c ^POCKETCODER_; env | grep ^PC_RUN
            """);
        var runId = await caller.StartedAsync(request);
        await caller.EndAsync(request);

        var lines = caller.Printed(request).Split('\n');
        Assert.Equal(["/dev/null", "0 1 2 ", "0", "5", "500", "0", "0", "0"], lines[..8]);
        Assert.EndsWith("-" + runId, lines[8], StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_dead_daemon_and_a_dead_supervisor_left_behind_is_ended_at_the_next_start()
    {
        using TempDirectory directory = new();
        using DaemonProcess daemon = new(directory);
        await daemon.StartAsync();
        var caller = await daemon.CallerAsync();
        var request = await caller.ExecAsync("(setsid sleep 1000 &); echo $PPID ready; sleep 1000; true");
        var runId = await caller.StartedAsync(request);
        await caller.PrintedAsync(request, "ready");
        await caller.Client.DisposeAsync();
        using var supervisor = Process.GetProcessById(int.Parse(caller.Printed(request).Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture));
        using var stranger = Process.Start(new ProcessStartInfo("sleep", ["1000"]) { Environment = { ["PC_RUN"] = "0123456789abcdef-" + runId } })!;

        // Stopped first, so that it cannot do its work when the daemon is gone.
        Signal(supervisor.Id, "-STOP");
        await daemon.KillAsync();
        Signal(supervisor.Id, "-KILL");
        Assert.NotEmpty(Marked.Processes(runId).Except([stranger.Id]));
        await daemon.StartAsync();

        try
        {
            Assert.Equal([stranger.Id], Marked.Processes(runId));
            var again = await daemon.CallerAsync();
            Assert.Equal(("interrupted", runId), ((string?)(await again.HistoryAsync())[0]["state"], (string?)(await again.HistoryAsync())[0]["runId"]));
            await again.Client.DisposeAsync();
        }
        finally
        {
            stranger.Kill();
        }
    }

    // How each ended, and how many of its processes there were when its end was told.
    private static async Task<Dictionary<string, Outcome>> EndTogetherAsync(Func<CommandCaller, IEnumerable<string>, FakeTimeProvider, Task> end)
    {
        FakeTimeProvider time = new(DateTimeOffset.UtcNow);
        await using var system = await TestSystem.StartAsync(time: time);
        await using var client = await system.ClientAsync();
        WriteScripts(system.Project.Path);
        CommandCaller caller = new(client, system.MachineKey, system.ProjectId);
        Dictionary<string, Outcome> outcomes = [];
        foreach (var batch in Shapes.Keys.Chunk(AtOnce))
        {
            var runs = await BeginAsync(caller, batch);
            await end(caller, runs.Keys, time);
            for (var i = 0; i < batch.Length; i++)
            {
                var told = await client.UntilAsync(m => (string?)m["type"] is "command_exit" or "error" && runs.ContainsKey((string)m["requestId"]!));
                var (shape, runId) = runs[(string)told["requestId"]!];
                outcomes[shape] = new Outcome((string?)told["payload"]?["signal"] ?? (string)told["error"]!["code"]!, Marked.Processes(runId).Count);
            }
        }

        return outcomes;
    }

    private static async Task<Dictionary<string, Outcome>> KillDaemonsAsync()
    {
        Dictionary<string, Outcome> outcomes = [];
        foreach (var batch in Shapes.Keys.Chunk(AtOnce))
        {
            using TempDirectory directory = new();
            using DaemonProcess daemon = new(directory);
            await daemon.StartAsync();
            WriteScripts(daemon.Project);
            var caller = await daemon.CallerAsync();
            var runs = await BeginAsync(caller, batch);
            await caller.Client.DisposeAsync();

            await daemon.KillAsync();
            foreach (var (shape, runId) in runs.Values)
            {
                outcomes[shape] = new Outcome("", await Marked.WhenGoneAsync(runId));
            }
        }

        return outcomes;
    }

    // By their requests, when all of each stands.
    private static async Task<Dictionary<string, (string Shape, string RunId)>> BeginAsync(CommandCaller caller, IEnumerable<string> shapes)
    {
        Dictionary<string, (string, string)> runs = [];
        foreach (var shape in shapes)
        {
            var request = await caller.ExecAsync(Shapes[shape]);
            runs[request] = (shape, await caller.StartedAsync(request));
            await caller.PrintedAsync(request, "ready");
        }

        return runs;
    }

    // The naive way, as a program without a supervisor would do it.
    private static async Task<int> LeftByProcessKillAsync(string shape, string directory)
    {
        var mark = Guid.NewGuid().ToString();
        using var process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", Shapes[shape] + "; true"])
        {
            WorkingDirectory = directory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["PC_RUN"] = mark },
        })!;
        var ready = await Task.WhenAny(process.StandardOutput.ReadLineAsync(), process.StandardError.ReadLineAsync()).WaitAsync(TestClient.Patience);
        Assert.Equal("ready", await ready);

        process.Kill(entireProcessTree: true);
        var left = await Marked.WhenGoneAsync(mark, TimeSpan.FromSeconds(1));
        ProcessTree.End(() => [.. Marked.Processes(mark)], wholeGroups: false);
        return left;
    }

    private static void WriteScripts(string project)
    {
        foreach (var (name, script) in Scripts)
        {
            File.WriteAllText(Path.Combine(project, name), script + "\n");
        }
    }

    private static void Signal(int pid, string signal)
    {
        using var kill = Process.Start("kill", [signal, $"{pid}"]);
        kill.WaitForExit();
    }
}
