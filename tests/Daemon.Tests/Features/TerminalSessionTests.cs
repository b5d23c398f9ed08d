using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Daemon.Tests.Features;

/// <summary>Sessions of the terminal at the front door, from transcripts that the real Claude Code wrote and with a stand-in that writes some.</summary>
public sealed class TerminalSessionTests : IAsyncLifetime
{
    private TestSystem _system = null!;
    private TestClient _client = null!;
    private Desk _desk = null!;

    public async ValueTask InitializeAsync()
    {
        _system = await TestSystem.StartAsync(transcripts: true);
        _client = await _system.ClientAsync();
        _desk = new Desk(_system);
    }

    public async ValueTask DisposeAsync()
    {
        _desk.Dispose();
        await _client.DisposeAsync();
        await _system.DisposeAsync();
    }

    private async Task<JsonArray> ListAsync(JsonObject? payload = null) =>
        (await _system.AskAsync(_client, "agent_sessions_list", payload ?? []))["payload"]!["sessions"]!.AsArray();

    private Task<JsonObject> AskAsync(string type, string session, string? content = null)
    {
        JsonObject payload = new() { ["agentSessionId"] = session };
        if (content is not null)
        {
            payload["messageId"] = Guid.NewGuid().ToString();
            payload["content"] = content;
        }

        return _system.AskAsync(_client, type, payload);
    }

    private async Task<(IReadOnlyList<JsonObject> Events, JsonObject Answer)> OpenAsync(string session)
    {
        await using var reader = await _system.ClientAsync();
        var answer = await _system.AskAsync(reader, "agent_session_attach", new JsonObject { ["agentSessionId"] = session, ["afterSeq"] = 0 });
        return (AgentCaller.EventsOf(reader), answer);
    }

    private static string Short(JsonObject happened) => (string?)happened["type"] switch
    {
        "user" => $"user {(string?)happened["content"]}",
        "text" => $"text {(string?)happened["text"]}",
        "status" => $"status {(string?)happened["detail"]}",
        var type => type!,
    };

    private static IEnumerable<string> Said(IEnumerable<JsonObject> events) => events.Select(Short).Where(e => e.StartsWith("user", StringComparison.Ordinal) || e.StartsWith("text", StringComparison.Ordinal));

    private string Talk(out string leaf)
    {
        var session = Guid.NewGuid().ToString();
        leaf = _desk.Write(session, "assistant", _desk.Write(session, "user", null, "first"), "one");
        return session;
    }

    [Fact]
    public async Task Sessions_of_terminals_are_listed_with_title_time_count_and_branch()
    {
        string[] captures = ["store-custom-title.jsonl", "store-ai-title.jsonl", "store-compacted.jsonl"];
        var ids = captures.Select(_desk.Put).ToList();
        var plain = Talk(out _);
        File.WriteAllText(_desk.TranscriptOf(Guid.NewGuid().ToString()), _desk.Captured("store-ai-title.jsonl").Replace(_system.Project.Path, "/elsewhere", StringComparison.Ordinal));

        var list = await ListAsync();

        Assert.Equal(["Named by flag", "Fake session title", "Three [[scenario:text]]", "first"], ids.Append(plain).Select(id => (string)list.Single(e => (string?)e!["agentSessionId"] == id)!["title"]!));
        Assert.Equal(4, list.Count);
        var entry = list.Single(e => (string?)e!["agentSessionId"] == plain)!;
        Assert.Equal(1, (int)entry["messageCount"]!);
        Assert.Equal("feature/x", (string?)entry["branch"]);
        Assert.Equal("terminal", (string?)entry["origin"]);
        Assert.Equal(DateTimeOffset.Parse("2026-11-22T17:22:02.422Z", null), (DateTimeOffset)entry["startedAt"]!);
        Assert.Equal(3, (int)list.Single(e => (string?)e!["agentSessionId"] == ids[2])!["messageCount"]!);
    }

    [Fact]
    public async Task Where_a_projects_transcripts_lie_is_kept()
    {
        Talk(out _);
        await ListAsync();

        using SqliteConnection database = new($"Data Source={_system.Paths.Database};Mode=ReadOnly;Pooling=False");
        database.Open();
        using var command = database.CreateCommand();
        command.CommandText = "SELECT claude_dir_path FROM claude_project_dirs";
        Assert.Equal(Path.GetDirectoryName(_desk.TranscriptOf("x")), (string?)command.ExecuteScalar());
    }

    [Fact]
    public async Task The_list_goes_back_page_by_page_over_what_was_begun_here_and_there_and_names_each_once()
    {
        var there = Enumerable.Range(0, 4).Select(_ => Talk(out var _)).ToList();
        var here = await _system.BeginAsync(_client, "say hello");
        await _client.UntilEventAsync("done");

        List<string> seen = [];
        for (string? before = null; (await ListAsync(new JsonObject { ["limit"] = 2, ["before"] = before })) is { Count: > 0 } page; before = seen[^1])
        {
            seen.AddRange(page.Select(e => (string)e!["agentSessionId"]!));
        }

        Assert.Equal(there.Append(here).Order(), seen.Order());
    }

    [Fact]
    public async Task A_session_of_a_terminal_opens_with_its_whole_history_also_from_before_it_was_compacted()
    {
        var (events, answer) = await OpenAsync(_desk.Put("store-compacted.jsonl"));

        Assert.Equal(
            [
                "user One [[scenario:text]]", "text Hello from the fake model.", "done",
                "user Two [[scenario:write]]", "text I will create the file.", "file_create", "tool_result", "text File created.",
                "status The conversation was compacted", "done",
                "user Three [[scenario:text]]", "text Hello from the fake model.", "done",
            ],
            events.Select(Short));
        Assert.Equal(Enumerable.Range(1, events.Count), events.Select(e => (int)e["seq"]!));
        Assert.Equal("hello.txt", (string?)events.Single(e => (string?)e["type"] == "file_create")["path"]);
        Assert.StartsWith("2026-11-22", (string)events[0]["at"]!, StringComparison.Ordinal);
        Assert.Equal("idle", (string?)answer["payload"]!["state"]);
        Assert.Null(answer["payload"]!["inTerminal"]);
    }

    [Fact]
    public async Task A_sub_agents_work_comes_under_the_call_that_began_it()
    {
        var session = _desk.Put("store-subagent-main.jsonl");
        var folder = Directory.CreateDirectory(Path.Combine(Path.ChangeExtension(_desk.TranscriptOf(session), null), "subagents")).FullName;
        File.WriteAllText(Path.Combine(folder, "agent-a1.jsonl"), _desk.Captured("store-subagent-sidechain.jsonl"));
        File.WriteAllText(Path.Combine(folder, "agent-a1.meta.json"), _desk.Captured("store-subagent-sidechain.meta.json"));

        var (events, _) = await OpenAsync(session);

        var call = events.Single(e => (string?)e["name"] == "Agent" || (string?)e["name"] == "Task");
        var inner = events.Where(e => e["parentToolUseId"] is not null).ToList();
        Assert.All(inner, e => Assert.Equal((string?)call["toolUseId"], (string?)e["parentToolUseId"]));
        Assert.Equal(["text Inner text.", "tool_use", "tool_result", "text Inner report: 3 files."], inner.Select(Short));
        Assert.All(inner, e => Assert.True((long)e["seq"]! > (long)call["seq"]!));
    }

    [Fact]
    public async Task Tools_that_are_called_together_all_have_their_results()
    {
        var session = Guid.NewGuid().ToString();
        JsonObject Together(string tool) => new() { ["message"] = new JsonObject { ["id"] = "msg_1", ["role"] = "assistant", ["content"] = new JsonArray(new JsonObject { ["type"] = "tool_use", ["id"] = tool, ["name"] = "Bash", ["input"] = new JsonObject() }) } };
        JsonObject Result(string tool) => new() { ["toolUseResult"] = "x", ["message"] = new JsonObject { ["role"] = "user", ["content"] = new JsonArray(new JsonObject { ["type"] = "tool_result", ["tool_use_id"] = tool, ["content"] = tool }) } };
        var first = _desk.Write(session, "assistant", _desk.Write(session, "user", null, "go"), "", Together("t1"));
        var second = _desk.Write(session, "assistant", first, "", Together("t2"));
        var end = _desk.Write(session, "user", second, "", Result("t2"));
        _desk.Write(session, "user", first, "", Result("t1"));
        _desk.Write(session, "assistant", end, "both done");

        var (events, _) = await OpenAsync(session);

        Assert.Equal(["t1", "t1", "t2", "t2"], events.Where(e => e["toolUseId"] is not null).Select(e => (string)e["toolUseId"]!).Order());
        Assert.Equal("text both done", Short(events[^2]));
    }

    [Fact]
    public async Task A_session_goes_from_phone_to_desk_to_phone_and_nothing_is_lost_or_doubled()
    {
        var session = await _system.BeginAsync(_client, "say one");
        await _client.UntilEventAsync("done");
        _desk.Write(session, "assistant", _desk.Write(session, "user", _desk.LeafOf(session), "at the desk"), "two");
        await AskAsync("agent_message", session, "say three");
        await _client.UntilAsync(m => (string?)m["payload"]?["text"] == "three");
        await _client.UntilEventAsync("done");

        var (events, _) = await OpenAsync(session);

        Assert.Equal(["user say one", "text one", "user at the desk", "text two", "user say three", "text three"], Said(events));
        Assert.Equal(3, events.Count(e => (string?)e["type"] == "done"));
        Assert.Single(await ListAsync());

        // The agent that had been warm did not know what the desk said; the new one went on from there.
        var lines = File.ReadLines(_desk.TranscriptOf(session)).Select(l => JsonNode.Parse(l)!).Where(l => l["uuid"] is not null).ToList();
        Assert.Equal((string?)lines[3]["uuid"], (string?)lines[4]["parentUuid"]);
    }

    [Fact]
    public async Task A_message_that_waited_while_a_terminal_wrote_is_given_to_an_agent_that_knows_of_it()
    {
        var session = await _system.BeginAsync(_client, "wait");
        await _client.UntilEventAsync("text_delta");
        await AskAsync("agent_message", session, "say waited");
        await _client.UntilEventAsync("user");
        _desk.Write(session, "assistant", _desk.Write(session, "user", _desk.LeafOf(session), "meanwhile at the desk"), "done at the desk");
        var first = Marked.Processes(session);

        await AskAsync("agent_cancel", session);
        await _client.UntilAsync(m => (string?)m["payload"]?["text"] == "waited");
        var second = Marked.Processes(session);
        await _client.UntilEventAsync("done");

        var said = Said((await OpenAsync(session)).Events).ToList();
        Assert.Equal(["user wait", "user say waited", "text Waiting", "user meanwhile at the desk", "text done at the desk", "text waited"], said);
        Assert.Empty(first.Intersect(second));
    }

    [Fact]
    public async Task A_session_of_the_phone_tells_the_command_that_goes_on_with_it_at_the_desk()
    {
        var session = await _system.BeginAsync(_client, "say hello");
        await _client.UntilEventAsync("done");

        var command = (string?)(await AskAsync("agent_session_resume_command", session))["payload"]!["command"];
        var other = await AskAsync("agent_session_resume_command", "no such session");

        Assert.Equal($"cd '{_system.Project.Path}' && claude --resume {session}", command);
        Assert.Equal("NOT_FOUND", (string?)other["error"]!["code"]);
    }

    [Fact]
    public async Task What_was_rewound_in_the_terminal_is_said_and_then_the_new_way()
    {
        var session = Guid.NewGuid().ToString();
        var asked = _desk.Write(session, "user", null, "first");
        var answered = _desk.Write(session, "assistant", asked, "one");
        _desk.Write(session, "assistant", _desk.Write(session, "user", answered, "wrong"), "bad");
        await OpenAsync(session);
        _desk.Write(session, "assistant", _desk.Write(session, "user", answered, "right"), "good");

        var (events, _) = await OpenAsync(session);

        Assert.Equal(
            ["user first", "text one", "done", "user wrong", "text bad", "done", "status The conversation was rewound in the terminal", "user right", "text good", "done"],
            events.Select(Short));
    }

    [Fact]
    public async Task A_session_that_a_terminal_has_open_is_read_only_followed_live_and_free_when_the_terminal_ends()
    {
        var session = Talk(out var leaf);
        var terminal = _desk.Open(session, "busy");
        var entry = (await ListAsync()).Single()!;
        var attached = await _system.AskAsync(_client, "agent_session_attach", new JsonObject { ["agentSessionId"] = session, ["afterSeq"] = 0 });
        var refused = await AskAsync("agent_message", session, "say no");
        leaf = _desk.Write(session, "user", leaf, "typed at the desk");
        var typed = await _client.UntilEventAsync("user");
        _desk.Write(session, "assistant", leaf, "answered at the desk");
        var answered = await _client.UntilEventAsync("text");
        terminal.Kill();
        var free = await _client.UntilAsync(m => (string?)m["type"] == "agent_session_changed" && m["payload"]!["inTerminal"] is null);
        var done = _client.Seen.Last(m => (string?)m["payload"]?["type"] == "done");
        var accepted = await AskAsync("agent_message", session, "say from the phone");
        await _client.UntilAsync(m => (string?)m["payload"]?["text"] == "from the phone");

        Assert.True((bool)entry["inTerminal"]!);
        Assert.Equal("running", (string?)entry["state"]);
        Assert.True((bool)attached["payload"]!["inTerminal"]!);
        Assert.Equal("CONFLICT", (string?)refused["error"]!["code"]);
        Assert.Equal("in_terminal", (string?)refused["error"]!["details"]!["reason"]);
        Assert.Equal("typed at the desk", (string?)typed["content"]);
        Assert.Equal("answered at the desk", (string?)answered["text"]);
        Assert.Equal(session, (string?)free["payload"]!["agentSessionId"]);
        Assert.True((long)done["payload"]!["seq"]! > (long)answered["seq"]!);
        Assert.Equal("agent_message_response", (string?)accepted["type"]);
    }

    [Theory]
    [InlineData("sleep 600")]
    [InlineData("sh -c 'trap \"\" TERM; while :; do sleep 1; done'")]
    public async Task Taking_over_ends_the_terminal_and_the_phone_goes_on(string script)
    {
        var session = Talk(out _);
        var terminal = _desk.Open(session, script: script);
        var taken = await AskAsync("agent_session_take_over", session);
        var again = await AskAsync("agent_session_take_over", session);
        var message = await AskAsync("agent_message", session, "say mine now");

        await terminal.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TestClient.Patience, TestContext.Current.CancellationToken);
        Assert.True((bool)taken["payload"]!["takenOver"]!);
        Assert.False((bool)again["payload"]!["takenOver"]!);
        Assert.Equal("agent_message_response", (string?)message["type"]);
    }

    [Fact]
    public async Task A_record_whose_process_is_another_by_now_is_no_terminal_and_nothing_is_ended()
    {
        var session = Talk(out _);
        var process = _desk.Open(session);
        var record = Directory.GetFiles(Path.Combine(_system.ClaudeStore, "sessions")).Single();
        var json = JsonNode.Parse(File.ReadAllText(record))!;
        json["procStart"] = "1";
        File.WriteAllText(record, json.ToJsonString());

        var taken = await AskAsync("agent_session_take_over", session);

        Assert.False((bool)taken["payload"]!["takenOver"]!);
        Assert.False(process.HasExited);
    }

    [Fact]
    public async Task A_fork_begins_with_the_history_goes_on_by_itself_and_leaves_the_original_alone()
    {
        var session = Talk(out _);
        var original = File.ReadAllText(_desk.TranscriptOf(session));
        _desk.Open(session);
        var fork = (string)(await AskAsync("agent_session_fork", session))["payload"]!["agentSessionId"]!;
        var (past, _) = await OpenAsync(fork);
        await AskAsync("agent_message", fork, "say on my own");
        await _client.UntilEventAsync("done");

        var (events, answer) = await OpenAsync(fork);

        Assert.Equal(["user first", "text one"], Said(past));
        Assert.Equal(["user first", "text one", "user say on my own", "text on my own"], Said(events));
        Assert.Null(answer["payload"]!["inTerminal"]);
        Assert.Equal(original, File.ReadAllText(_desk.TranscriptOf(session)));
        Assert.Equal(5, File.ReadLines(_desk.TranscriptOf(fork)).Count());
    }

    [Fact]
    public async Task After_a_restart_only_what_is_new_is_taken_in()
    {
        var session = Talk(out var leaf);
        await OpenAsync(session);
        await _system.Daemon.DisposeAsync();
        _desk.Write(session, "assistant", _desk.Write(session, "user", leaf, "second"), "two");
        await _system.StartDaemonAsync();
        await _system.ReachableAsync(_client);

        var (events, _) = await OpenAsync(session);

        Assert.Equal(["user first", "text one", "done", "user second", "text two", "done"], events.Select(Short));
    }

    [Fact]
    public async Task A_long_history_with_cut_lines_comes_whole()
    {
        const int turns = 1500;
        var session = Guid.NewGuid().ToString();
        string? leaf = null;
        for (var i = 0; i < turns; i++)
        {
            leaf = _desk.Write(session, "assistant", _desk.Write(session, "user", leaf, $"ask {i}"), $"answer {i}");
            _desk.Append(session, """{"type":"assistant","uuid":"cut""");
        }

        var (events, _) = await OpenAsync(session);

        Assert.Equal(Enumerable.Range(0, turns).SelectMany(i => new[] { $"user ask {i}", $"text answer {i}", "done" }), events.Select(Short));
    }

    [Fact]
    public async Task An_id_that_no_transcript_of_the_project_has_is_not_found()
    {
        var unknown = await AskAsync("agent_session_fork", Guid.NewGuid().ToString());
        var path = await AskAsync("agent_session_fork", "../../../etc/passwd");

        Assert.Equal("NOT_FOUND", (string?)unknown["error"]!["code"]);
        Assert.Equal("NOT_FOUND", (string?)path["error"]!["code"]);
    }
}
