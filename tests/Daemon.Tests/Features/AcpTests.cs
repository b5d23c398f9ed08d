using System.Text.Json.Nodes;
using PocketCoder.TestSupport;
using Xunit;
using static PocketCoder.Daemon.Tests.Features.AgentCaller;

namespace PocketCoder.Daemon.Tests.Features;

/// <summary>Agents that speak ACP, with a stand-in where faults are wanted.</summary>
public sealed class AcpTests : IAsyncDisposable
{
    private TestSystem _system = null!;
    private TestClient _client = null!;

    private async Task StartAsync(string can = "images,modes", bool installed = true)
    {
        _system = await TestSystem.StartAsync(new() { ["FAKE_ACP"] = can }, agents: installed ? new Dictionary<string, string> { ["gemini"] = TestSystem.FakeClaude } : null);
        _client = await _system.ClientAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _system.DisposeAsync();
    }

    private Task<string> BeginAsync(string prompt) => _system.BeginAsync(_client, prompt, agent: "gemini");

    /// <summary>The events of a turn that this prompt begins.</summary>
    private async Task<List<JsonObject>> TurnAsync(string prompt)
    {
        await BeginAsync(prompt);
        await _client.UntilEventAsync("done");
        return Events;
    }

    private AgentCaller Caller => new(_system, _client);

    private List<JsonObject> Events => Caller.Events;

    private Task<JsonObject> AskAsync(string session, string type, JsonObject payload)
    {
        payload["agentSessionId"] = session;
        return _system.AskAsync(_client, type, payload);
    }

    private Task<JsonObject> MessageAsync(string session, string content, JsonObject? more = null)
    {
        var payload = more ?? [];
        payload["messageId"] = Guid.NewGuid().ToString();
        payload["content"] = content;
        return AskAsync(session, "agent_message", payload);
    }

    private Task<JsonObject> AnswerAsync(string session, JsonObject prompt, string decision, JsonObject? more = null) =>
        Caller.AnswerAsync(session, prompt, decision, more);

    private async Task RestartAsync()
    {
        await _system.Daemon.DisposeAsync();
        await _system.StartDaemonAsync();
        await _system.ReachableAsync(_client);
    }

    [Fact]
    public async Task The_agents_that_are_installed_are_offered_and_the_others_say_what_to_do()
    {
        await StartAsync();

        var agents = (await _client.AskAsync("agents_list", new JsonObject(), _system.MachineKey))["payload"]!["agents"]!.AsArray();
        var missing = await _system.AskAsync(_client, "agent_session_new", new JsonObject { ["messageId"] = Guid.NewGuid().ToString(), ["content"] = "hi", ["agent"] = "claude-acp" });

        Assert.Equal([("claude", true), ("gemini", true), ("claude-acp", false)], agents.Select(a => ((string)a!["agent"]!, (bool)a["available"]!)));
        Assert.Contains("npm install -g @agentclientprotocol/claude-agent-acp", (string)agents[2]!["action"]!, StringComparison.Ordinal);
        Assert.Equal("AGENT_UNAVAILABLE", (string?)missing["error"]!["code"]);
        Assert.Equal("not_installed", (string?)missing["error"]!["details"]!["reason"]);
        Assert.Contains("npm install -g", (string)missing["error"]!["details"]!["action"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_prompt_is_answered_with_text_that_streams_and_one_done()
    {
        await StartAsync();
        var events = await TurnAsync("say one two three");

        Assert.Equal(["user", "status", "init", "text_delta", "text_delta", "text_delta", "text", "done"], events.Select(Type));
        Assert.Equal("one two three", string.Concat(events.Where(e => Type(e) == "text_delta").Select(e => (string)e["delta"]!)));
        var text = events.Single(e => Type(e) == "text");
        Assert.Equal("one two three", (string?)text["text"]);
        Assert.All(events.Where(e => Type(e) == "text_delta"), delta => Assert.Equal((string?)text["messageId"], (string?)delta["messageId"]));
        Assert.Equal("1.2.3", (string?)events.Single(e => Type(e) == "init")["agentVersion"]);
        var done = events[^1];
        Assert.False((bool)done["isError"]!);
        Assert.Equal((10, 5, 0.25m), ((int)done["usage"]!["inputTokens"]!, (int)done["usage"]!["outputTokens"]!, (decimal)done["costUsd"]!));
    }

    [Fact]
    public async Task Thoughts_plans_and_tools_are_told_as_what_they_are()
    {
        await StartAsync();
        var session = await BeginAsync("think aloud");
        await _client.UntilEventAsync("done");
        await MessageAsync(session, "work");
        await _client.UntilEventAsync("done");
        var events = Events;

        Assert.Equal("Hm, well.", (string?)Assert.Single(events, e => Type(e) == "thinking")["text"]);
        var work = events.SkipWhile(e => Type(e) != "done").Skip(1).Select(Type).Where(t => t is not ("user" or "status" or "init" or "text_delta"));
        Assert.Equal(["todo", "tool_use", "tool_result", "file_create", "tool_result", "file_edit", "tool_use", "text", "tool_result", "tool_result", "done"], work);
        var todo = events.Single(e => Type(e) == "todo")["items"]!.AsArray();
        Assert.Equal([("1", "Look", "completed"), ("2", "Write", "in_progress")], todo.Select(i => ((string)i!["id"]!, (string)i["content"]!, (string)i["state"]!)));
        var tool = events.First(e => Type(e) == "tool_use");
        Assert.Equal(("Execute", "ls"), ((string)tool["name"]!, (string)tool["input"]!["command"]!));
        var results = events.Where(e => Type(e) == "tool_result").ToList();
        Assert.Equal([("t1", "a.txt", false), ("t2", "disk full", true)], results.Take(2).Select(r => ((string)r["toolUseId"]!, (string)r["content"]!, (bool)r["isError"]!)));
        Assert.Equal(["t3", "t4"], results.Skip(2).Select(r => (string)r["toolUseId"]!));
        Assert.Equal(("b.txt", "new"), events.Where(e => Type(e) == "file_create").Select(e => ((string)e["path"]!, (string)e["content"]!)).Single());
        var edit = events.Single(e => Type(e) == "file_edit");
        Assert.Equal(("a.txt", "old", "new"), ((string)edit["path"]!, (string)edit["edits"]![0]!["oldText"]!, (string)edit["edits"]![0]!["newText"]!));
    }

    [Theory]
    [InlineData("ask", "allow", null, "Chose allow_once-1.", "allowed")]
    [InlineData("ask", "allow", 0, "Chose allow_always-0.", "allowed")]
    [InlineData("ask", "deny", null, "Chose reject_once-2.", "denied")]
    [InlineData("ask allow_always reject_always", "deny", null, "Chose cancelled.", "denied")]
    [InlineData("ask allow_always reject_once", "allow", null, "Chose reject_once-1.", "allowed")]
    public async Task A_permission_is_asked_and_the_answer_is_the_option_that_it_stands_for(string ask, string decision, int? suggestion, string said, string outcome)
    {
        await StartAsync();
        var session = await BeginAsync(ask);
        var prompt = await _client.UntilEventAsync("prompt");
        var answer = await AnswerAsync(session, prompt, decision, suggestion is { } index ? new JsonObject { ["suggestions"] = new JsonArray(index) } : null);
        await _client.UntilEventAsync("done");

        Assert.True((bool)answer["payload"]!["accepted"]!);
        Assert.Equal(("permission", "rm -r build", "rm -r build", "t9"), ((string)prompt["kind"]!, (string)prompt["title"]!, (string)prompt["input"]!["command"]!, (string)prompt["toolUseId"]!));
        Assert.Equal(ask.Contains("allow_always", StringComparison.Ordinal) || ask == "ask" ? ["Do allow_always"] : [], prompt["suggestions"]!.AsArray().Select(s => (string)s!["label"]!));
        Assert.Equal(said, (string?)Events.Single(e => Type(e) == "text")["text"]);
        Assert.Equal(outcome, (string?)Events.Single(e => Type(e) == "prompt_resolved")["outcome"]);

        // An "allow" that no option stands for is not made into one for ever, and the person hears of it.
        Assert.Equal(said.Contains("reject_once-1", StringComparison.Ordinal), Events.Exists(e => Type(e) == "error" && (string?)e["code"] == "not_carried"));
    }

    [Fact]
    public async Task An_input_that_was_changed_is_not_run_as_it_was()
    {
        await StartAsync();
        var session = await BeginAsync("ask");
        var prompt = await _client.UntilEventAsync("prompt");
        await AnswerAsync(session, prompt, "allow", new JsonObject { ["updatedInput"] = new JsonObject { ["command"] = "rm -r other" } });
        await _client.UntilEventAsync("done");

        Assert.Equal("Chose reject_once-2.", (string?)Events.Single(e => Type(e) == "text")["text"]);
        Assert.Contains(Events, e => Type(e) == "error" && (string?)e["code"] == "not_carried");
    }

    [Theory]
    [InlineData("wait", "text_delta")]
    [InlineData("ask-and-wait", "prompt")]
    [InlineData("hang", "text_delta")]
    public async Task A_stop_ends_the_turn_and_closes_what_it_asked_and_the_session_goes_on(string prompt, string until)
    {
        await StartAsync();
        var session = await BeginAsync(prompt);
        await _client.UntilEventAsync(until);

        var answer = await AskAsync(session, "agent_cancel", []);
        var done = await _client.UntilEventAsync("done");
        await MessageAsync(session, "say still here");
        await _client.UntilEventAsync("done");

        Assert.True((bool)answer["payload"]!["cancelled"]!);
        Assert.True((bool)done["cancelled"]!);
        Assert.False((bool)done["isError"]!);
        Assert.Equal("still here", (string?)Events.Last(e => Type(e) == "text")["text"]);
        Assert.Equal(until == "prompt" ? ["withdrawn"] : [], Events.Where(e => Type(e) == "prompt_resolved").Select(e => (string?)e["outcome"]));
        Assert.Equal(2, Events.Count(e => Type(e) == "done"));
    }

    [Fact]
    public async Task An_agent_that_does_not_come_up_can_be_stopped()
    {
        await StartAsync("silent");
        var session = await BeginAsync("say hi");
        await AskAsync(session, "agent_cancel", []);

        Assert.True((bool)(await _client.UntilEventAsync("done"))["cancelled"]!);
    }

    [Theory]
    [InlineData("resume", "remembers")]
    [InlineData("load,modes", "remembers")]
    [InlineData("modes", "new")]
    public async Task After_a_restart_the_agent_remembers_or_says_that_it_cannot(string can, string memory)
    {
        await StartAsync(can);
        var session = await BeginAsync("say hello");
        await _client.UntilEventAsync("done");
        await RestartAsync();
        _client.Forget();
        await MessageAsync(session, "settings");
        await _client.UntilEventAsync("done");

        // What an agent tells again while it loads is not said twice.
        Assert.Equal([$"default small 0 {memory}"], Events.Where(e => Type(e) == "text").Select(e => (string)e["text"]!));
        Assert.Equal(memory == "new", Events.Exists(e => Type(e) == "error" && (string?)e["code"] == "not_resumed"));
        Assert.Single(Events, e => Type(e) == "done");
    }

    [Fact]
    public async Task Modes_and_models_are_the_agents_own_and_refused_where_it_has_none()
    {
        await StartAsync("modes,models");
        var session = await BeginAsync("settings");
        await _client.UntilEventAsync("done");
        var set = await AskAsync(session, "agent_set_mode", new JsonObject { ["permissionMode"] = "acceptEdits", ["model"] = "large" });
        var unknown = await AskAsync(session, "agent_set_mode", new JsonObject { ["permissionMode"] = "dontAsk" });
        var refused = await AskAsync(session, "agent_set_mode", new JsonObject { ["model"] = "none" });
        await MessageAsync(session, "settings");
        await _client.UntilEventAsync("done");
        await RestartAsync();
        await MessageAsync(session, "settings");
        await _client.UntilEventAsync("done");

        Assert.Equal("""{"permissionMode":"acceptEdits","model":"large"}""", set["payload"]!.ToJsonString());
        Assert.Contains("does not offer the mode dontAsk", (string)unknown["error"]!["message"]!, StringComparison.Ordinal);
        Assert.Contains("No such model", (string)refused["error"]!["message"]!, StringComparison.Ordinal);

        // The agent's own name of acceptEdits.
        Assert.Equal(["default small 0 new", "autoEdit large 0 new", "autoEdit large 0 new"], Events.Where(e => Type(e) == "text").Select(e => (string)e["text"]!));
    }

    [Theory]
    [InlineData("permissionMode", "plan", "does not offer the mode plan")]
    [InlineData("model", "large", "does not let its model be chosen")]
    public async Task A_setting_that_the_agent_cannot_take_ends_the_turn_and_nothing_runs(string setting, string value, string reason)
    {
        await StartAsync("none");
        await _system.AskAsync(_client, "agent_session_new", new JsonObject { ["messageId"] = Guid.NewGuid().ToString(), ["content"] = "say hi", ["agent"] = "gemini", [setting] = value });
        var done = await _client.UntilEventAsync("done");

        Assert.True((bool)done["isError"]!);
        Assert.Contains(reason, (string)done["result"]!, StringComparison.Ordinal);
        Assert.DoesNotContain(Events, e => Type(e) == "text");
    }

    [Theory]
    [InlineData("images", "default small 1 new", false)]
    [InlineData("none", null, true)]
    public async Task An_image_goes_to_an_agent_that_looks_at_images(string can, string? said, bool isError)
    {
        await StartAsync(can);
        await _system.AskAsync(_client, "agent_session_new", new JsonObject
        {
            ["messageId"] = Guid.NewGuid().ToString(),
            ["content"] = "settings",
            ["agent"] = "gemini",
            ["images"] = new JsonArray(new JsonObject { ["mediaType"] = "image/png", ["data"] = "iVBORw0KGgo=" }),
        });
        var done = await _client.UntilEventAsync("done");

        Assert.Equal(isError, (bool)done["isError"]!);
        Assert.Equal(said, (string?)Events.SingleOrDefault(e => Type(e) == "text")?["text"]);
        Assert.Equal(isError, Events.Exists(e => Type(e) == "error" && ((string)e["message"]!).Contains("cannot look at images", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("die", "It broke.", true)]
    [InlineData("fail", "Internal error: The model is on holiday.", false)]
    [InlineData("stop refusal", "The agent does not go on with this.", false)]
    [InlineData("stop max_tokens", "The answer is as long as the model may write.", false)]
    public async Task A_turn_that_fails_says_why_and_the_next_one_runs(string prompt, string result, bool interrupted)
    {
        await StartAsync();
        var session = await BeginAsync(prompt);
        var done = await _client.UntilEventAsync("done");
        await MessageAsync(session, "say back");
        var next = await _client.UntilEventAsync("done");

        Assert.True((bool)done["isError"]!);
        Assert.Equal(result, (string?)done["result"]);
        Assert.Equal(interrupted ? true : null, (bool?)done["interrupted"]);
        Assert.False((bool)next["isError"]!);
        Assert.Equal("back", (string?)Events.Last(e => Type(e) == "text")["text"]);
    }

    [Fact]
    public async Task An_agent_that_nobody_logged_in_says_what_to_do_on_the_machine()
    {
        await StartAsync("login");
        var done = (await TurnAsync("say hi"))[^1];

        var error = Events.Single(e => Type(e) == "error");
        Assert.Equal("not_logged_in", (string?)error["code"]);
        Assert.Contains("on the machine", (string)error["action"]!, StringComparison.Ordinal);
        Assert.True((bool)done["isError"]!);
    }

    [Theory]
    [InlineData("odd", "Refused with -32601.")]
    [InlineData("big 300000", null)]
    public async Task Odd_lines_do_not_stop_the_turn_and_nothing_is_given_to_the_agent_that_it_was_not_promised(string prompt, string? said)
    {
        await StartAsync();
        var events = await TurnAsync(prompt);

        Assert.False((bool)events[^1]["isError"]!);
        var text = (string)events.Single(e => Type(e) == "text")["text"]!;
        Assert.Equal(said ?? new string('x', 300000), text);
    }

    [Fact]
    public async Task The_commands_of_an_agent_are_those_it_named_in_this_project()
    {
        await StartAsync();
        var before = await _system.AskAsync(_client, "agent_commands", new JsonObject { ["agent"] = "gemini" });
        await TurnAsync("say hi");
        var after = await _system.AskAsync(_client, "agent_commands", new JsonObject { ["agent"] = "gemini" });

        Assert.Empty(before["payload"]!["commands"]!.AsArray());
        Assert.Equal("""[{"name":"init","description":"Look around","argumentHint":"where"}]""", after["payload"]!["commands"]!.ToJsonString());
    }
}
