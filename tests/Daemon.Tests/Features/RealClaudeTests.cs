using System.Text.Json.Nodes;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Daemon.Tests.Features;

/// <summary>What only the real Claude Code can show, in its newest version and in the oldest that is supported.</summary>
[Collection(nameof(Alone))]
public sealed class RealClaudeTests
{
    private static string Steps(params string[] steps) => $"[[steps:[{string.Join(',', steps)}]]]";

    private static async Task WithAsync(string variable, Func<TestSystem, AgentCaller, Task> test)
    {
        var claude = ScriptedModel.Claude(variable);
        await using ScriptedModel model = new();
        await using var system = await TestSystem.StartAsync(await model.EnvironmentAsync(), transcripts: true, claude: claude);
        Directory.CreateDirectory(system.ClaudeStore);
        await using var client = await system.ClientAsync();
        await test(system, new AgentCaller(system, client));
    }

    private static Task<JsonObject> AllowAsync(AgentCaller caller, string session, JsonObject prompt) => caller.AskAsync(
        "agent_prompt_response", new JsonObject { ["agentSessionId"] = session, ["promptId"] = (string)prompt["promptId"]!, ["decision"] = "allow" });

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
}
