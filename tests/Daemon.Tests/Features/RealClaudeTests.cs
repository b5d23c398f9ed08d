using System.Text.Json.Nodes;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Daemon.Tests.Features;

/// <summary>What only the real Claude Code can show, in its newest version and in the oldest that is supported.</summary>
public sealed class RealClaudeTests
{
    private static string Steps(params string[] steps) => $"[[steps:[{string.Join(',', steps)}]]]";

    private static async Task WithAsync(string variable, Func<TestSystem, AgentCaller, Task> test, Func<DaemonOptions, DaemonOptions>? configure = null)
    {
        var claude = ScriptedModel.Claude(variable);
        await using ScriptedModel model = new();
        await using var system = await TestSystem.StartAsync(await model.EnvironmentAsync(), transcripts: true, claude: claude, configure: configure);
        Directory.CreateDirectory(system.ClaudeStore);
        await using var client = await system.ClientAsync();
        await test(system, new AgentCaller(system, client));
    }

    private static Task<JsonObject> AllowAsync(AgentCaller caller, string session, JsonObject prompt) => caller.AnswerAsync(session, prompt, "allow");

    [Theory]
    [InlineData("POCKETCODER_TEST_CLAUDE")]
    [InlineData("POCKETCODER_TEST_CLAUDE_197")]
    public Task A_message_sent_into_a_turn_is_taken_in_after_its_tool(string variable) => WithAsync(variable, async (system, caller) =>
    {
        var (first, steered) = (Guid.NewGuid().ToString(), Guid.NewGuid().ToString());
        var session = await caller.BeginAsync($$"""write it {{Steps("""{"blocks":[{"tool":"Write","input":{"file_path":"{{cwd}}/a.txt","content":"a"}}]}""", """{"text":"Written."}""")}}""", first);
        var prompt = await caller.Client.UntilEventAsync("prompt");
        var answer = await caller.MessageAsync(session, "by the way", steered, steer: true);
        await AllowAsync(caller, session, prompt);
        var done = await caller.Client.UntilEventAsync("done");
        await caller.MessageAsync(session, $"and on {Steps("""{"text":"On."}""")}");
        await caller.Client.UntilAsync(m => (string?)m["payload"]?["text"] == "On.");

        Assert.True((bool)answer["payload"]!["steered"]!);
        Assert.Equal(first, (string?)done["messageId"]);
        Assert.Equal([steered], done["steered"]!.AsArray().Select(id => (string?)id));
        Assert.True(File.Exists(system.Project["a.txt"]));
    });

    [Theory]
    [InlineData("POCKETCODER_TEST_CLAUDE")]
    [InlineData("POCKETCODER_TEST_CLAUDE_197")]
    public Task Commands_are_listed_and_nothing_that_the_project_names_is_run(string variable) => WithAsync(variable, async (system, caller) =>
    {
        var fired = system.Project["../fired"];
        system.Project.Write(".claude/commands/greet.md", "---\ndescription: Greets\n---\nSay hello");
        system.Project.Write(".claude/settings.json", """
            {"apiKeyHelper":"touch FIRED","awsAuthRefresh":"touch FIRED","env":{"CLAUDE_CODE_USE_BEDROCK":"1"},
             "hooks":{"SessionStart":[{"hooks":[{"type":"command","command":"touch FIRED"}]}]}}
            """.Replace("FIRED", fired, StringComparison.Ordinal));
        system.Project.Write(".mcp.json", """{"mcpServers":{"x":{"command":"touch","args":["FIRED"]}}}""".Replace("FIRED", fired, StringComparison.Ordinal));

        var names = (await caller.AskAsync("agent_commands", new JsonObject()))["payload"]!["commands"]!.AsArray().Select(c => (string)c!["name"]!).ToList();

        Assert.Contains("greet", names);
        Assert.Contains("compact", names);
        Assert.False(File.Exists(fired));
    });

    [Theory]
    [InlineData("POCKETCODER_TEST_CLAUDE")]
    [InlineData("POCKETCODER_TEST_CLAUDE_197")]
    public Task A_cleared_session_goes_on_under_its_id_and_stands_in_the_list_once(string variable) => WithAsync(variable, async (_, caller) =>
    {
        var session = await caller.BeginAsync($"one {Steps("""{"text":"One."}""")}");
        await caller.Client.UntilEventAsync("done");
        await caller.MessageAsync(session, "/clear");
        await caller.Client.UntilEventAsync("done");
        await caller.MessageAsync(session, $"two {Steps("""{"text":"Two."}""")}");
        await caller.Client.UntilAsync(m => (string?)m["payload"]?["text"] == "Two.");
        await caller.Client.UntilEventAsync("done");

        var events = await caller.HistoryAsync(session);
        var list = (await caller.AskAsync("agent_sessions_list", new JsonObject()))["payload"]!["sessions"]!.AsArray();
        Assert.Equal(["One.", "Two."], events.Where(e => AgentCaller.Type(e) == "text").Select(e => (string?)e["text"]).Where(t => t is "One." or "Two."));
        Assert.Equal(3, events.Count(e => AgentCaller.Type(e) == "done"));
        Assert.Contains(list, s => (string?)s!["agentSessionId"] == session);
    });

    [Theory]
    [InlineData("POCKETCODER_TEST_CLAUDE")]
    [InlineData("POCKETCODER_TEST_CLAUDE_197")]
    public Task Its_list_of_what_is_to_be_done_is_told_as_it_is_now(string variable) => WithAsync(variable, async (_, caller) =>
    {
        await caller.BeginAsync("plan it " + Steps(
            """{"blocks":[{"tool":"TaskCreate","input":{"subject":"Write code","description":"Write the code","activeForm":"Writing"}}]}""",
            """{"blocks":[{"tool":"TaskUpdate","input":{"taskId":"1","status":"in_progress"}}]}""",
            """{"text":"Planned."}"""));
        await caller.Client.UntilEventAsync("done");

        var last = caller.Events.Last(e => AgentCaller.Type(e) == "todo");
        Assert.Equal("""[{"id":"1","content":"Write code","state":"in_progress"}]""", last["items"]!.ToJsonString());
    });

    [Theory]
    [InlineData("POCKETCODER_TEST_CLAUDE")]
    public Task A_command_in_the_background_is_shown_and_ends_with_the_daemon(string variable) => WithAsync(variable, async (system, caller) =>
    {
        var session = await caller.BeginAsync("serve " + Steps(
            """{"blocks":[{"tool":"Bash","input":{"command":"touch up; sleep 1000","description":"Serve","run_in_background":true}}]}""", """{"text":"Serving."}"""));
        await AllowAsync(caller, session, await caller.Client.UntilEventAsync("prompt"));
        var task = await caller.Client.UntilEventAsync("task");
        await caller.Client.UntilEventAsync("done");
        var entry = await caller.EntryAsync(session);

        await system.Daemon.DisposeAsync();

        Assert.Equal(("command", "running", "Serve"), ((string?)task["kind"], (string?)task["state"], (string?)task["description"]));
        Assert.Equal(("idle", 1), ((string?)entry["state"], (int)entry["background"]!));
        Assert.Empty(Marked.Processes(session));
    });

    [Theory]
    [InlineData("POCKETCODER_TEST_CLAUDE")]
    public Task A_command_in_the_background_is_stopped_from_the_phone(string variable) => WithAsync(variable, async (system, caller) =>
    {
        var session = await caller.BeginAsync("serve " + Steps(
            """{"blocks":[{"tool":"Bash","input":{"command":"exec sleep 98765","description":"Serve","run_in_background":true}}]}""", """{"text":"Serving."}"""));
        await AllowAsync(caller, session, await caller.Client.UntilEventAsync("prompt"));
        await caller.Client.UntilEventAsync("done");

        await caller.CancelAsync(session, background: true);
        var task = await caller.Client.UntilAsync(m => (string?)m["payload"]?["type"] == "task" && (string?)m["payload"]!["state"] == "stopped");
        await caller.Client.UntilAsync(m => (string?)m["type"] == "agent_event" && (int?)m["payload"]!["background"] == 0);

        Assert.Equal("Serve", (string?)task["payload"]!["description"]);
        Assert.False((await caller.EntryAsync(session)).ContainsKey("background"));
    });

    [Theory]
    [InlineData("POCKETCODER_TEST_CLAUDE")]
    [InlineData("POCKETCODER_TEST_CLAUDE_197")]
    public Task A_sub_agent_asks_for_its_permission_as_the_conversation_does(string variable) => WithAsync(variable, async (system, caller) =>
    {
        var session = await caller.BeginAsync("delegate " + Steps(
            """{"blocks":[{"tool":"Agent","input":{"description":"Write it","prompt":"[[scenario:write]]","subagent_type":"general-purpose","run_in_background":false}}]}""",
            """{"text":"Delegated."}"""));

        var prompt = await caller.Client.UntilEventAsync("prompt");
        await AllowAsync(caller, session, prompt);
        await caller.Client.UntilAsync(m => (string?)m["payload"]?["text"] == "Delegated.");
        await caller.Client.UntilEventAsync("done");

        var began = caller.Events.Single(e => AgentCaller.Type(e) == "tool_use" && (string?)e["name"] is "Agent" or "Task");
        Assert.Equal("Write", (string?)prompt["toolName"]);
        Assert.Equal((string?)began["toolUseId"], (string?)prompt["parentToolUseId"]);
        Assert.Equal("hello\nworld\n", File.ReadAllText(system.Project["hello.txt"]));
    });

    [Theory]
    [InlineData("POCKETCODER_TEST_CLAUDE", "POCKETCODER_TEST_CLAUDE_197")]
    [InlineData("POCKETCODER_TEST_CLAUDE_197", "POCKETCODER_TEST_CLAUDE")]
    public Task Another_version_put_in_its_place_takes_over_when_the_running_one_has_ended(string variable, string other) => WithAsync(variable, async (system, caller) =>
    {
        var session = await caller.BeginAsync($"one {Steps("""{"text":"One."}""")}");
        var before = await caller.Client.UntilEventAsync("init");
        await caller.Client.UntilEventAsync("done");

        var script = await File.ReadAllTextAsync(system.ClaudePath);
        await File.WriteAllTextAsync(system.ClaudePath, script.Replace(ScriptedModel.Claude(variable), ScriptedModel.Claude(other), StringComparison.Ordinal));
        Assert.Equal(0, await Marked.WhenGoneAsync(session));

        await caller.MessageAsync(session, $"two {Steps("""{"text":"Two."}""")}");
        var after = await caller.Client.UntilEventAsync("init");
        await caller.Client.UntilAsync(m => (string?)m["payload"]?["text"] == "Two.");
        var agents = (await caller.Client.AskAsync("agents_list", new JsonObject(), system.MachineKey))["payload"]!["agents"]!.AsArray();

        Assert.NotEqual((string?)before["agentVersion"], (string?)after["agentVersion"]);
        Assert.Equal((string?)after["agentVersion"], (string?)agents[0]!["version"]);
    }, options => options with { AgentWarmFor = TimeSpan.Zero });

    [Theory]
    [InlineData("POCKETCODER_TEST_CLAUDE")]
    [InlineData("POCKETCODER_TEST_CLAUDE_197")]
    public Task A_login_that_is_lost_is_said_with_what_to_do_and_the_session_goes_on_after_it(string variable) => WithAsync(variable, async (system, caller) =>
    {
        var session = await caller.BeginAsync($"one {Steps("""{"text":"One."}""")}");
        await caller.Client.UntilEventAsync("done");
        await caller.MessageAsync(session, $"two {Steps("""{"error":{"status":403,"type":"permission_error","message":"This login has ended"}}""")}");
        var error = await caller.Client.UntilEventAsync("error");
        var done = await caller.Client.UntilEventAsync("done");
        await caller.MessageAsync(session, $"three {Steps("""{"text":"Three."}""")}");
        await caller.Client.UntilAsync(m => (string?)m["payload"]?["text"] == "Three.");

        Assert.Equal("not_logged_in", (string?)error["code"]);
        Assert.Contains("/login", (string)error["action"]!, StringComparison.Ordinal);
        Assert.True((bool)done["isError"]!);
    });
}
