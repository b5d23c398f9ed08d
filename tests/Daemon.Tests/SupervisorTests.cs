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
        ["always on the move"] = "trap '' TERM; echo ready; sh move.sh 30000; sleep 1000; true",
        ["on the move with setsid"] = "trap '' TERM; echo ready; sh move-away.sh 30000; sleep 1000; true",
        ["bomb"] = "trap '' TERM; bomb() { for i in 1 2 3; do [ $1 -gt 0 ] && bomb $(($1-1)) & done; sleep 1000; true; }; echo ready; bomb 4",
    };

    private static readonly Dictionary<string, string> Scripts = new()
    {
        ["move.sh"] = "[ $1 -gt 0 ] && (sh move.sh $(($1-1)) &)",
        ["move-away.sh"] = "[ $1 -gt 0 ] && (setsid sh move-away.sh $(($1-1)) &)",
    };

    public static TheoryData<string> Names => [.. Shapes.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Nothing_is_left_after_a_cancel(string shape)
    {
        await using var system = await TestSystem.StartAsync();
        await using var client = await system.ClientAsync();
        var (caller, request, runId) = await BeginAsync(system, client, shape);

        await caller.CancelAsync(request);
        var end = await caller.EndAsync(request);

        Assert.Equal("command_exit", (string?)end["type"]);
        Assert.Matches("^SIG(TERM|KILL)$", (string?)end["payload"]!["signal"]);
        Assert.Empty(Marked.Processes(runId));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Nothing_is_left_after_a_timeout(string shape)
    {
        FakeTimeProvider time = new(DateTimeOffset.UtcNow);
        await using var system = await TestSystem.StartAsync(time: time);
        await using var client = await system.ClientAsync();
        var (caller, request, runId) = await BeginAsync(system, client, shape);

        time.Advance(TimeSpan.FromSeconds(120));
        var end = await caller.EndAsync(request);

        Assert.Equal("COMMAND_TIMEOUT", (string?)end["error"]!["code"]);
        Assert.Empty(Marked.Processes(runId));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Nothing_is_left_after_a_kill_9_of_the_daemon(string shape)
    {
        using TempDirectory directory = new();
        using DaemonProcess daemon = new(directory);
        await daemon.StartAsync();
        WriteScripts(daemon.Project);
        var caller = await daemon.CallerAsync();
        var request = await caller.ExecAsync(Shapes[shape]);
        var runId = await caller.StartedAsync(request);
        await caller.PrintedAsync(request, "ready");
        await caller.Client.DisposeAsync();

        await daemon.KillAsync();

        Assert.Equal(0, await Marked.WhenGoneAsync(runId));
    }

    [Fact]
    public async Task What_Process_Kill_leaves_alive_is_why_there_is_a_supervisor()
    {
        await using var system = await TestSystem.StartAsync();
        await using var client = await system.ClientAsync();
        Dictionary<string, (int Ours, int Naive)> left = [];
        foreach (var shape in Shapes.Keys)
        {
            var (caller, request, runId) = await BeginAsync(system, client, shape);
            await caller.CancelAsync(request);
            await caller.EndAsync(request);
            left[shape] = (Marked.Processes(runId).Count, await LeftByProcessKillAsync(shape, system.Project.Path));
        }

        output.WriteLine($"{"shape",-40} {"ours",5} {"Process.Kill(true)",20}");
        foreach (var (shape, (ours, naive)) in left)
        {
            output.WriteLine($"{shape,-40} {ours,5} {naive,20}");
        }

        Assert.All(left.Values, l => Assert.Equal(0, l.Ours));
        Assert.True(left.Values.Count(l => l.Naive > 0) >= 3, "Process.Kill must leave some alive, or these tests show nothing.");
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
        await caller.PrintedAsync(request, "done");
        if (signal == "-STOP")
        {
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
            readlink /proc/$$/fd/0; ls /proc/$$/fd | tr '\n' ' '; echo
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

    private static async Task<(CommandCaller Caller, string Request, string RunId)> BeginAsync(TestSystem system, TestClient client, string shape)
    {
        WriteScripts(system.Project.Path);
        CommandCaller caller = new(client, system.MachineKey, system.ProjectId);
        var request = await caller.ExecAsync(Shapes[shape]);
        var runId = await caller.StartedAsync(request);
        await caller.PrintedAsync(request, "ready");
        return (caller, request, runId);
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
