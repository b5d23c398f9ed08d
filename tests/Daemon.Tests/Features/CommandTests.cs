using System.Text;
using System.Text.Json.Nodes;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Daemon.Tests.Features;

public sealed class CommandTests : IAsyncLifetime
{
    private TestSystem _system = null!;
    private TestClient _client = null!;
    private CommandCaller _caller = null!;

    public async ValueTask InitializeAsync()
    {
        _system = await TestSystem.StartAsync();
        _client = await _system.ClientAsync();
        _caller = CallerOf(_client);
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _system.DisposeAsync();
    }

    private CommandCaller CallerOf(TestClient client) => new(client, _system.MachineKey, _system.ProjectId);

    private static (int? ExitCode, string? Signal, bool Truncated) ExitOf(JsonObject end) =>
        ((int?)end["payload"]!["exitCode"], (string?)end["payload"]!["signal"], (bool)end["payload"]!["truncated"]!);

    [Fact]
    public async Task A_command_runs_in_the_project_and_tells_its_start_its_output_and_its_end()
    {
        var request = await _caller.ExecAsync("pwd; echo bad >&2; exit 3");
        var end = await _caller.EndAsync(request);

        Assert.Equal("command_exit", (string?)end["type"]);
        Assert.Equal((3, null, false), ExitOf(end));
        Assert.True((long)end["payload"]!["durationMs"]! >= 0);
        Assert.Equal(_system.Project.Path + "\n", _caller.Printed(request, "stdoutChunk"));
        Assert.Equal("bad\n", _caller.Printed(request, "stderrChunk"));
        Assert.Equal("command_started", (string?)_client.Seen.First(m => (string?)m["requestId"] == request)["type"]);
    }

    [Theory]
    [InlineData("exit 137", 137, null)]
    [InlineData("kill -SEGV $$", null, "SIGSEGV")]
    [InlineData("cat", 0, null)] // nothing on stdin
    [InlineData("no-such-program-anywhere", 127, null)]
    public async Task An_end_is_an_exit_code_or_a_signal(string command, int? exitCode, string? signal)
    {
        Assert.Equal((exitCode, signal, false), ExitOf(await _caller.RunAsync(command)));
    }

    [Fact]
    public async Task Characters_stay_whole_and_a_byte_that_is_none_costs_one()
    {
        // The program waits between the bytes until the first ones must have been read.
        _system.Project.Write("bytes.sh", """
            printf 'a\303'; until [ -e go1 ]; do :; done
            printf '\244\360\237'; until [ -e go2 ]; do :; done
            printf '\230\200\377b\342\202'
            """);
        var request = await _caller.ExecAsync("sh bytes.sh");
        await _caller.PrintedAsync(request, "a");
        _system.Project.Write("go1", "");
        await _caller.PrintedAsync(request, "aä");
        _system.Project.Write("go2", "");
        await _caller.EndAsync(request);

        Assert.Equal("aä😀\ufffdb\ufffd", _caller.Printed(request));
    }

    [Theory]
    [InlineData(300 * 1024, false)]
    [InlineData((300 * 1024) + 1, true)]
    [InlineData(30_000_000, true)]
    public async Task Output_is_cut_at_300_KB_and_the_program_still_ends(int printed, bool truncated)
    {
        var request = await _caller.ExecAsync($"yes | head -c {printed}");
        var end = await _caller.EndAsync(request);

        Assert.Equal((0, null, truncated), ExitOf(end));
        Assert.Equal(Math.Min(printed, 300 * 1024), _caller.Printed(request).Length);
        Assert.All(_caller.Chunks(request), c => Assert.InRange(Encoding.UTF8.GetByteCount((string)c["stdoutChunk"]!), 1, 16 * 1024));
    }

    [Fact]
    public async Task The_history_has_the_end_also_of_what_was_cut()
    {
        await _caller.RunAsync("yes | head -c 1000000; echo the reason");

        var preview = (string)(await _caller.HistoryAsync())[0]["outputPreview"]!;

        Assert.EndsWith("y\nthe reason\n", preview, StringComparison.Ordinal);
        Assert.Equal(4096, preview.Length);
    }

    [Fact]
    public async Task Many_small_writes_become_few_messages()
    {
        var request = await _caller.ExecAsync("i=0; while [ $i -lt 20000 ]; do echo $i; i=$((i+1)); done");
        await _caller.EndAsync(request);

        Assert.Equal(string.Concat(Enumerable.Range(0, 20000).Select(i => $"{i}\n")), _caller.Printed(request));
        Assert.InRange(_caller.Chunks(request).Count(), 1, 200);
    }

    [Theory]
    [InlineData("""{"command":""}""", "INVALID_REQUEST")]
    [InlineData("""{"command":" \n "}""", "INVALID_REQUEST")]
    [InlineData("""{"command":"echo a\u0000b"}""", "INVALID_REQUEST")]
    [InlineData("""{}""", "INVALID_REQUEST")]
    [InlineData("""{"command":"true","timeoutMs":0}""", "INVALID_REQUEST")]
    [InlineData("""{"command":"true","timeoutMs":1800001}""", "INVALID_REQUEST")]
    public async Task What_is_no_command_is_refused(string payload, string code)
    {
        var answer = await _caller.AskAsync("command_exec", JsonNode.Parse(payload)!);

        Assert.Equal(code, (string?)answer["error"]!["code"]);
        Assert.Empty(await _caller.HistoryAsync());
    }

    [Fact]
    public async Task A_command_has_131_071_bytes_at_most()
    {
        // What one argument of the system holds.
        const int limit = 131_071;
        var longest = "echo " + string.Concat(Enumerable.Repeat("😀", (limit - 7) / 4)) + "ab";
        var request = await _caller.ExecAsync(longest);
        var most = await _caller.EndAsync(request);
        var tooMuch = await _caller.RunAsync(longest + "d");

        Assert.Equal(limit, Encoding.UTF8.GetByteCount(longest));
        Assert.Equal((0, null, false), ExitOf(most));
        Assert.Equal(longest["echo ".Length..] + "\n", _caller.Printed(request));
        Assert.Equal("INVALID_REQUEST", (string?)tooMuch["error"]!["code"]);
    }

    [Fact]
    public async Task A_ninth_command_is_busy_until_one_ends()
    {
        List<string> requests = [];
        for (var i = 0; i < 8; i++)
        {
            requests.Add(await _caller.ExecAsync("sleep 1000"));
            await _caller.StartedAsync(requests[i]);
        }

        Assert.Equal("DAEMON_BUSY", (string?)(await _caller.RunAsync("true"))["error"]!["code"]);
        Assert.True((bool)(await _caller.CancelAsync(requests[3]))["payload"]!["cancelled"]!);
        Assert.Equal((null, "SIGTERM", false), ExitOf(await _caller.EndAsync(requests[3])));
        Assert.Equal((0, null, false), ExitOf(await _caller.RunAsync("true")));
    }

    [Fact]
    public async Task Only_its_own_client_cancels_by_request_and_any_client_of_the_user_by_run()
    {
        await using var other = await _system.ClientAsync();
        var (mine, theirs) = (_caller, CallerOf(other));
        var request = await mine.ExecAsync("sleep 1000");
        var runId = await mine.StartedAsync(request);
        Directory.CreateDirectory(_system.Project["../second"]);
        var second = await _system.Daemon.AddProjectAsync(_system.Project["../second"], CancellationToken.None);
        CommandCaller elsewhere = new(other, _system.MachineKey, second.ProjectId);

        Assert.Equal("NOT_FOUND", (string?)(await theirs.CancelAsync(request))["error"]!["code"]);
        Assert.Equal("NOT_FOUND", (string?)(await elsewhere.AskAsync("command_cancel", new JsonObject { ["runId"] = runId }))["error"]!["code"]);
        Assert.Equal("NOT_FOUND", (string?)(await mine.CancelAsync("no-such-request"))["error"]!["code"]);
        Assert.Equal("INVALID_REQUEST", (string?)(await mine.AskAsync("command_cancel", new JsonObject()))["error"]!["code"]);
        Assert.True((bool)(await theirs.AskAsync("command_cancel", new JsonObject { ["runId"] = runId }))["payload"]!["cancelled"]!);
        Assert.Equal((null, "SIGTERM", false), ExitOf(await mine.EndAsync(request)));
        Assert.Equal("NOT_FOUND", (string?)(await mine.CancelAsync(request))["error"]!["code"]);
        Assert.Equal("cancelled", (string?)(await mine.HistoryAsync())[0]["state"]);
    }

    [Fact]
    public async Task A_cancel_at_the_moment_of_the_end_leaves_one_end_that_agrees_with_its_answer()
    {
        List<string> requests = [];
        for (var i = 0; i < 30; i++)
        {
            requests.Add(await _caller.ExecAsync($"for i in {string.Join(' ', Enumerable.Range(0, i * 40))}; do :; done"));
            await _caller.StartedAsync(requests[i]);
            var cancelled = (bool?)(await _caller.CancelAsync(requests[i]))["payload"]?["cancelled"] == true;
            var end = await _caller.EndAsync(requests[i]);

            Assert.Equal(cancelled ? (null, "SIGTERM", false) : (0, null, false), ExitOf(end));
        }

        // Whatever would have come twice has come now.
        await _caller.HistoryAsync();
        Assert.All(requests, request => Assert.Equal(1, _caller.Terminals(request)));
    }

    [Fact]
    public async Task A_command_goes_on_without_its_relay_and_can_be_followed_again()
    {
        var request = await _caller.ExecAsync("echo before; until [ -e go ]; do :; done; echo after; exit 5");
        var runId = await _caller.StartedAsync(request);
        await _caller.PrintedAsync(request, "before");
        var port = _system.Relay.LocalUrl.Port;

        await _system.Relay.DisposeAsync();
        await _system.StartRelayAsync(port);
        await using var phone = await _system.ClientAsync();
        await _system.ReachableAsync(phone);
        var caller = CallerOf(phone);
        var attached = await caller.SendAsync("command_attach", new JsonObject { ["runId"] = runId });
        await caller.PrintedAsync(attached, "before");
        _system.Project.Write("go", "");
        var end = await caller.EndAsync(attached);
        var again = await caller.SendAsync("command_attach", new JsonObject { ["runId"] = runId });
        await caller.EndAsync(again);

        Assert.Equal((5, null, false), ExitOf(end));
        Assert.Equal("before\nafter\n", caller.Printed(attached));
        Assert.Equal("before\nafter\n", caller.Printed(again));
        Assert.Equal("before\nafter\n", (string?)(await caller.HistoryAsync())[0]["outputPreview"]);
        Assert.Equal("NOT_FOUND", (string?)(await caller.AskAsync("command_attach", new JsonObject { ["runId"] = "no-such-run" }))["error"]!["code"]);
    }

    [Fact]
    public async Task A_command_goes_on_without_the_client_that_asked()
    {
        var gone = await _system.ClientAsync();
        var caller = CallerOf(gone);
        var request = await caller.ExecAsync("until [ -e go ]; do :; done; echo done");
        var runId = await caller.StartedAsync(request);
        await gone.CloseAsync();
        await gone.DisposeAsync();
        var attached = await _caller.SendAsync("command_attach", new JsonObject { ["runId"] = runId });
        await _caller.StartedAsync(attached);

        _system.Project.Write("go", "");

        Assert.Equal((0, null, false), ExitOf(await _caller.EndAsync(attached)));
        Assert.Equal("done\n", _caller.Printed(attached));
    }

    [Fact]
    public async Task A_stopping_daemon_ends_its_commands_with_one_end_each()
    {
        // Many at once, and many who follow: the last end must be on its way before the link goes.
        List<(string Request, string RunId)> runs = [];
        for (var i = 0; i < 8; i++)
        {
            var request = await _caller.ExecAsync("sleep 1000");
            runs.Add((request, await _caller.StartedAsync(request)));
        }

        List<string> followers = [];
        for (var i = 0; i < 40; i++)
        {
            followers.Add(await _caller.SendAsync("command_attach", new JsonObject { ["runId"] = runs[i % runs.Count].RunId }));
            await _caller.StartedAsync(followers[i]);
        }

        await _system.Daemon.DisposeAsync();

        foreach (var request in runs.Select(run => run.Request).Concat(followers))
        {
            Assert.Equal((null, "SIGTERM", false), ExitOf(await _caller.EndAsync(request)));
        }

        await _system.StartDaemonAsync();
        await _system.ReachableAsync(_client);
        Assert.All(runs, run => Assert.Empty(Marked.Processes(run.RunId)));
        Assert.All(await _caller.HistoryAsync(), run => Assert.Equal("interrupted", (string?)run["state"]));
        Assert.All(runs, run => Assert.Equal(1, _caller.Terminals(run.Request)));
    }

    [Fact]
    public async Task Nothing_runs_on_in_a_project_that_was_removed()
    {
        var request = await _caller.ExecAsync("sleep 1000");
        var runId = await _caller.StartedAsync(request);

        await _system.Daemon.RemoveProjectAsync(_system.ProjectId, CancellationToken.None);

        Assert.Equal((null, "SIGTERM", false), ExitOf(await _caller.EndAsync(request)));
        Assert.Empty(Marked.Processes(runId));
        Assert.Equal("PROJECT_NOT_FOUND", (string?)(await _caller.RunAsync("true"))["error"]!["code"]);
    }

    [Fact]
    public async Task A_project_whose_directory_is_gone_says_so()
    {
        Directory.Delete(_system.Project.Path, recursive: true);

        Assert.Equal("FILE_NOT_FOUND", (string?)(await _caller.RunAsync("true"))["error"]!["code"]);
    }

    [Fact]
    public async Task The_history_goes_back_page_by_page()
    {
        for (var i = 0; i < 5; i++)
        {
            await _caller.RunAsync($"echo {i}; exit {i}");
        }

        var running = await _caller.ExecAsync("sleep 1000");
        await _caller.StartedAsync(running);
        var first = await _caller.HistoryAsync(new JsonObject { ["limit"] = 3 });
        var second = await _caller.HistoryAsync(new JsonObject { ["limit"] = 3, ["before"] = (string?)first[2]["runId"] });

        Assert.Equal(["running", "exited", "exited"], first.Select(r => (string?)r["state"]));
        Assert.Null((string?)first[0]["endedAt"]);
        Assert.Equal([4, 3], first.Skip(1).Select(r => (int)r["exitCode"]!));
        Assert.Equal(["2\n", "1\n", "0\n"], second.Select(r => (string?)r["outputPreview"]));
        Assert.Equal("INVALID_REQUEST", (string?)(await _caller.AskAsync("command_history", new JsonObject { ["limit"] = 101 }))["error"]!["code"]);
    }
}
