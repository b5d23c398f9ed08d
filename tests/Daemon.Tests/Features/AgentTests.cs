using System.Text.Json.Nodes;
using PocketCoder.TestSupport;
using Xunit;
using static PocketCoder.Daemon.Tests.Features.AgentCaller;

namespace PocketCoder.Daemon.Tests.Features;

/// <summary>The agent bridge with a stand-in for Claude Code, where faults are wanted. The real one is driven in tests/EndToEnd.</summary>
public sealed class AgentTests : IAsyncLifetime
{
    private TestSystem _system = null!;
    private TestClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _system = await TestSystem.StartAsync();
        _client = await _system.ClientAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _system.DisposeAsync();
    }

    private AgentCaller Caller => new(_system, _client);

    private Task<JsonObject> MessageAsync(string session, string content, string? messageId = null) => Caller.MessageAsync(session, content, messageId);

    private Task<JsonObject> AnswerAsync(TestClient client, string session, JsonObject prompt, string decision, JsonObject? more = null) =>
        new AgentCaller(_system, client).AnswerAsync(session, prompt, decision, more);

    private Task<List<JsonObject>> HistoryAsync(string session, long afterSeq = 0) => Caller.HistoryAsync(session, afterSeq);

    [Fact]
    public async Task A_prompt_is_answered_with_text_that_streams_and_one_done()
    {
        var session = await _system.BeginAsync(_client, "say one two three");
        var done = await _client.UntilEventAsync("done");
        var events = EventsOf(_client);

        Assert.Equal(["user", "status", "init", "text_delta", "text_delta", "text_delta", "text", "done"], events.Select(Type));
        Assert.Equal("one two three", string.Concat(events.Where(e => Type(e) == "text_delta").Select(e => (string)e["delta"]!)));
        Assert.Equal("one two three", (string?)events.Single(e => Type(e) == "text")["text"]);
        Assert.False((bool)done["isError"]!);
        Assert.All(events, e => Assert.Equal(session, (string?)e["agentSessionId"]));
        Assert.Equal(Enumerable.Range(1, 5).Select(i => (long?)i), events.Where(e => Type(e) != "text_delta").Select(e => (long?)e["seq"]));
        Assert.DoesNotContain("seq", events.First(e => Type(e) == "text_delta"));
    }

    [Fact]
    public async Task The_answer_to_a_request_comes_before_the_events_it_causes()
    {
        await _system.BeginAsync(_client, "say hello");
        await _client.UntilEventAsync("done");

        var types = _client.Seen.Select(m => (string?)m["type"]).ToList();
        Assert.True(types.IndexOf("agent_session_new_response") < types.IndexOf("agent_event"));
    }

    [Fact]
    public async Task A_warm_agent_takes_the_next_message_and_the_list_tells_of_the_session()
    {
        var session = await _system.BeginAsync(_client, "say first\nsecond line");
        await _client.UntilEventAsync("done");
        var answer = await MessageAsync(session, "say again");
        await _client.UntilEventAsync("done");

        var entry = (await _system.AskAsync(_client, "agent_sessions_list", new JsonObject()))["payload"]!["sessions"]!.AsArray().Single()!;
        Assert.Equal("""{"queued":false,"position":0}""", answer["payload"]!.ToJsonString());
        Assert.Equal("say first", (string?)entry["title"]);
        Assert.Equal("idle", (string?)entry["state"]);
        Assert.Equal(2, (int)entry["messageCount"]!);
        Assert.Equal(1, (await _system.Daemon.StatusAsync(CancellationToken.None)).Agents);
    }

    [Theory]
    [InlineData("allow", "Allowed.", "allowed")]
    [InlineData("deny", "Denied.", "denied")]
    public async Task A_permission_is_asked_answered_once_and_closed_for_everybody(string decision, string said, string outcome)
    {
        await using var other = await _system.ClientAsync();
        var session = await _system.BeginAsync(_client, "ask-permission");
        var prompt = await _client.UntilEventAsync("prompt");
        await _system.AskAsync(other, "agent_session_attach", new JsonObject { ["agentSessionId"] = session, ["afterSeq"] = (long)prompt["seq"]! });
        var again = EventsOf(other).Single(e => Type(e) == "prompt");

        var answer = await AnswerAsync(other, session, prompt, decision);
        var late = await AnswerAsync(_client, session, prompt, "allow");
        await _client.FirstEventAsync("done");
        await other.FirstEventAsync("done");

        Assert.Equal(prompt.ToJsonString(), again.ToJsonString());
        Assert.True((bool)answer["payload"]!["accepted"]!);
        Assert.Equal("NOT_FOUND", (string?)late["error"]!["code"]);
        Assert.Equal(said, (string?)EventsOf(_client).Last(e => Type(e) == "text")["text"]);
        Assert.All([_client, other], c => Assert.Equal(outcome, (string?)EventsOf(c).Single(e => Type(e) == "prompt_resolved")["outcome"]));
        Assert.Equal(other.ClientId, (string?)EventsOf(_client).Single(e => Type(e) == "prompt_resolved")["by"]);
    }

    [Fact]
    public async Task An_answer_counts_only_for_the_exact_prompt_and_the_suggestions_it_has()
    {
        var session = await _system.BeginAsync(_client, "ask-permission");
        var prompt = await _client.UntilEventAsync("prompt");
        var foreign = await AnswerAsync(_client, session, new JsonObject { ["promptId"] = "pr_other" }, "allow");
        var outOfRange = await AnswerAsync(_client, session, prompt, "allow", new JsonObject { ["suggestions"] = new JsonArray(99) });
        var state = (await _system.AskAsync(_client, "agent_sessions_list", new JsonObject()))["payload"]!["sessions"]![0]!;

        Assert.Equal("NOT_FOUND", (string?)foreign["error"]!["code"]);
        Assert.Equal("INVALID_REQUEST", (string?)outOfRange["error"]!["code"]);
        Assert.Equal("waiting", (string?)state["state"]);
        Assert.True((bool)(await AnswerAsync(_client, session, prompt, "deny"))["payload"]!["accepted"]!);
    }

    [Fact]
    public async Task Fifty_messages_wait_in_order_and_the_next_is_refused()
    {
        var session = await _system.BeginAsync(_client, "wait");
        await _client.UntilEventAsync("init");
        List<JsonObject> answers = [];
        for (var i = 1; i <= 51; i++)
        {
            answers.Add(await MessageAsync(session, $"say {i}"));
        }

        await _system.AskAsync(_client, "agent_cancel", new JsonObject { ["agentSessionId"] = session });
        for (var i = 0; i <= 50; i++)
        {
            await _client.UntilEventAsync("done");
        }

        Assert.Equal(Enumerable.Range(1, 50), answers.Take(50).Select(a => (int)a["payload"]!["position"]!));
        Assert.Equal("DAEMON_BUSY", (string?)answers[50]["error"]!["code"]);
        var events = await HistoryAsync(session);
        Assert.Equal(Enumerable.Range(1, 50).Select(i => $"{i}"), events.Where(e => Type(e) == "text").Select(e => (string)e["text"]!).Where(t => t != "Waiting"));
        Assert.Equal(51, events.Count(e => Type(e) == "done"));
        Assert.Equal(Enumerable.Range(1, events.Count).Select(i => (long)i), events.Select(e => (long)e["seq"]!));
    }

    [Fact]
    public async Task The_same_message_again_gets_the_same_answer_and_runs_once()
    {
        var id = Guid.NewGuid().ToString();
        var others = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => _system.ClientAsync()));
        var again = await Task.WhenAll(others.Select(other => _system.BeginAsync(other, "say hello", id)));
        var session = await _system.BeginAsync(_client, "say hello", id);
        await Task.WhenAll(others.Select(other => other.DisposeAsync().AsTask()));
        await _client.UntilAsync(m => (string?)m["type"] == "agent_session_changed" && (string?)m["payload"]!["state"] == "idle");
        await _system.Daemon.DisposeAsync();
        await _system.StartDaemonAsync();
        await _client.UntilAsync(m => (string?)m["type"] == "daemon_status" && (bool)m["payload"]!["connected"]!);
        var afterRestart = await _system.BeginAsync(_client, "say hello", id);

        await _client.AskAsync("ping", null);
        Assert.Contains(EventsOf(_client), e => Type(e) == "done");
        Assert.All(again.Append(afterRestart), other => Assert.Equal(session, other));
        Assert.Single(await HistoryAsync(session), e => Type(e) == "user");
        Assert.Single(await HistoryAsync(session), e => Type(e) == "done");
    }

    [Fact]
    public async Task A_stop_ends_the_turn_and_the_session_goes_on()
    {
        var session = await _system.BeginAsync(_client, "wait");
        await _client.UntilEventAsync("text_delta");

        var answer = await _system.AskAsync(_client, "agent_cancel", new JsonObject { ["agentSessionId"] = session });
        var done = await _client.UntilEventAsync("done");
        await MessageAsync(session, "say still here");
        await _client.UntilEventAsync("done");
        var idle = await _system.AskAsync(_client, "agent_cancel", new JsonObject { ["agentSessionId"] = session });

        Assert.True((bool)answer["payload"]!["cancelled"]!);
        Assert.True((bool)done["cancelled"]!);
        Assert.False((bool)done["isError"]!);
        Assert.Equal("still here", (string?)EventsOf(_client).Last(e => Type(e) == "text")["text"]);
        Assert.False((bool)idle["payload"]!["cancelled"]!);
    }

    [Fact]
    public async Task An_agent_that_does_not_stop_is_ended_by_force()
    {
        var session = await _system.BeginAsync(_client, "hang");
        await _client.UntilEventAsync("init");

        await _system.AskAsync(_client, "agent_cancel", new JsonObject { ["agentSessionId"] = session });
        var done = await _client.UntilEventAsync("done");

        Assert.True((bool)done["cancelled"]!);
        await MessageAsync(session, "say back");
        await _client.UntilAsync(m => (string?)m["payload"]?["text"] == "back");
    }

    [Fact]
    public async Task An_agent_that_dies_ends_its_turn_as_interrupted_and_the_next_message_starts_another()
    {
        var session = await _system.BeginAsync(_client, "die");
        var done = await _client.UntilEventAsync("done");
        await MessageAsync(session, "say alive");
        await _client.UntilEventAsync("done");

        Assert.True((bool)done["isError"]!);
        Assert.True((bool)done["interrupted"]!);
        Assert.Equal(2, (await HistoryAsync(session)).Count(e => Type(e) == "done"));
    }

    [Fact]
    public async Task A_daemon_that_stops_closes_turn_and_prompt_and_runs_what_waited_after_its_start()
    {
        var session = await _system.BeginAsync(_client, "ask-permission");
        var prompt = await _client.UntilEventAsync("prompt");
        await MessageAsync(session, "say waited");
        await _system.Daemon.DisposeAsync();

        await _system.StartDaemonAsync();
        await _client.UntilAsync(m => (string?)m["type"] == "daemon_status" && (bool)m["payload"]!["connected"]!);
        await _system.AskAsync(_client, "agent_session_attach", new JsonObject { ["agentSessionId"] = session, ["afterSeq"] = 0 });
        await _client.UntilAsync(m => (string?)m["payload"]?["text"] == "waited");
        await _client.UntilEventAsync("done");
        var late = await AnswerAsync(_client, session, prompt, "allow");

        var events = await HistoryAsync(session);
        Assert.Equal("withdrawn", (string?)events.Single(e => Type(e) == "prompt_resolved")["outcome"]);
        Assert.Equal([true, null], events.Where(e => Type(e) == "done").Select(e => (bool?)e["interrupted"]));
        Assert.Single(events, e => Type(e) == "prompt");
        Assert.Equal("NOT_FOUND", (string?)late["error"]!["code"]);
        Assert.Equal(Enumerable.Range(1, events.Count).Select(i => (long)i), events.Select(e => (long)e["seq"]!));
    }

    [Fact]
    public async Task A_client_that_was_away_gets_what_it_missed_once_and_in_order()
    {
        var session = await _system.BeginAsync(_client, "flood 300");
        var cursor = (long)(await _client.UntilEventAsync("text"))["seq"]!;
        await _client.UntilEventAsync("done");

        var missed = await HistoryAsync(session, cursor);

        Assert.Equal(Enumerable.Range(1, 304 - (int)cursor).Select(i => cursor + i), missed.Where(e => Type(e) != "text_delta").Select(e => (long)e["seq"]!));
        Assert.Empty(await HistoryAsync(session, 304));
    }

    [Fact]
    public async Task A_client_that_attaches_in_mid_answer_gets_the_text_so_far()
    {
        var session = await _system.BeginAsync(_client, "wait");
        await _client.UntilEventAsync("text_delta");

        var late = await HistoryAsync(session);
        await _system.AskAsync(_client, "agent_cancel", new JsonObject { ["agentSessionId"] = session });

        var soFar = Assert.Single(late, e => Type(e) == "text_delta");
        Assert.Equal(("Waiting", true), ((string?)soFar["delta"], (bool?)soFar["whole"]));
    }

    [Theory]
    [InlineData("garbage")]
    [InlineData("big 3000000")]
    public async Task Odd_lines_do_not_stop_the_turn(string prompt)
    {
        var session = await _system.BeginAsync(_client, prompt);
        var done = await _client.UntilEventAsync("done");

        Assert.False((bool)done["isError"]!);
        Assert.Contains(await HistoryAsync(session), e => Type(e) == "text");
    }

    [Fact]
    public async Task What_the_agent_began_ends_with_it_however_it_was_detached()
    {
        await _system.BeginAsync(_client, "child");
        var text = (string)(await _client.UntilEventAsync("text"))["text"]!;
        var pid = int.Parse(text.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);
        Assert.NotEqual(0, ProcessIdentity.StartTime(pid));

        await _system.Daemon.DisposeAsync();

        Assert.Equal(0, ProcessIdentity.StartTime(pid));
    }

    [Fact]
    public async Task Mode_and_model_are_changed_kept_and_refused_when_unknown()
    {
        var session = await _system.BeginAsync(_client, "say hi");
        await _client.UntilEventAsync("done");

        var set = await _system.AskAsync(_client, "agent_set_mode", new JsonObject { ["agentSessionId"] = session, ["permissionMode"] = "plan", ["model"] = "opus" });
        var kept = await _system.AskAsync(_client, "agent_set_mode", new JsonObject { ["agentSessionId"] = session });

        Assert.Equal("""{"permissionMode":"plan","model":"opus"}""", set["payload"]!.ToJsonString());
        Assert.Equal("""{"permissionMode":"plan","model":"opus"}""", kept["payload"]!.ToJsonString());
    }

    [Fact]
    public async Task A_mode_that_was_set_is_an_event_for_those_who_follow_and_those_who_come_later()
    {
        // No agent is left that could tell it by itself.
        var session = await _system.BeginAsync(_client, "die");
        await _client.UntilEventAsync("done");

        await _system.AskAsync(_client, "agent_set_mode", new JsonObject { ["agentSessionId"] = session, ["permissionMode"] = "plan" });
        var again = await _system.AskAsync(_client, "agent_set_mode", new JsonObject { ["agentSessionId"] = session, ["permissionMode"] = "plan" });

        Assert.Equal("plan", (string?)again["payload"]!["permissionMode"]);
        foreach (var events in new[] { EventsOf(_client), await HistoryAsync(session) })
        {
            var told = Assert.Single(events, e => Type(e) == "status" && e.ContainsKey("permissionMode"));
            Assert.Equal(("idle", "plan"), ((string?)told["state"], (string?)told["permissionMode"]));
        }
    }

    [Fact]
    public async Task Other_clients_hear_that_a_session_changed_and_not_what_was_said()
    {
        await using var other = await _system.ClientAsync();
        await _system.BeginAsync(_client, "ask-permission");

        var changed = await other.UntilAsync(m => (string?)m["type"] == "agent_session_changed" && (int)m["payload"]!["openPrompts"]! == 1);

        Assert.Equal("waiting", (string?)changed["payload"]!["state"]);
        Assert.DoesNotContain(other.Seen, m => (string?)m["type"] == "agent_event");
    }
}

public sealed class AgentUnavailableTests
{
    [Theory]
    [InlineData(false, "not_installed")]
    [InlineData(true, "not_logged_in")]
    public async Task Without_a_usable_agent_a_message_is_refused_with_what_to_do(bool installed, string reason)
    {
        await using var system = await TestSystem.StartAsync(new() { ["FAKE_CLAUDE_LOGGED_IN"] = "0" }, installed);
        await using var client = await system.ClientAsync();

        var answer = await system.AskAsync(client, "agent_session_new", new JsonObject { ["messageId"] = Guid.NewGuid().ToString(), ["content"] = "hi" });

        Assert.Equal("AGENT_UNAVAILABLE", (string?)answer["error"]!["code"]);
        Assert.Equal(reason, (string?)answer["error"]!["details"]!["reason"]);
        Assert.Contains("on the machine", (string)answer["error"]!["details"]!["action"]!, StringComparison.Ordinal);
        Assert.Empty((await system.AskAsync(client, "agent_sessions_list", new JsonObject()))["payload"]!["sessions"]!.AsArray());
    }
}
