using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;
using PocketCoder.Daemon.Features.Agent;
using PocketCoder.Storage;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Daemon.Tests.Features;

/// <summary>How many agents there are, how long they stay, and what the machine says of all of them.</summary>
public sealed class AgentLifeTests
{
    [Fact]
    public async Task One_agent_more_than_the_machine_takes_waits_until_another_idles()
    {
        await using var system = await TestSystem.StartAsync(configure: options => options with { MaxAgents = 2 });
        await using var client = await system.ClientAsync();
        AgentCaller caller = new(system, client);
        var busy = await caller.BeginAsync("wait");
        var other = await caller.BeginAsync("wait");
        while (caller.Events.Count(e => AgentCaller.Type(e) == "text_delta") < 2)
        {
            await client.UntilTypeAsync("agent_event");
        }

        var third = await caller.BeginAsync("say third");
        var entry = await caller.EntryAsync(third);
        await caller.CancelAsync(other);
        await client.UntilAsync(m => (string?)m["payload"]?["text"] == "third");
        await client.UntilEventAsync("done");
        await caller.MessageAsync(other, "say again");
        await client.UntilAsync(m => (string?)m["payload"]?["text"] == "again");

        Assert.Equal(("idle", 1), ((string?)entry["state"], (int)entry["queued"]!));
        Assert.True((await system.Daemon.StatusAsync(CancellationToken.None)).Agents <= 2);
        await caller.CancelAsync(busy);
    }

    [Fact]
    public async Task Tasks_in_the_background_are_shown_and_keep_their_agent()
    {
        await using var system = await TestSystem.StartAsync(configure: options => options with { AgentWarmFor = TimeSpan.Zero, MaxAgents = 1 });
        await using var client = await system.ClientAsync();
        AgentCaller caller = new(system, client);
        var session = await caller.BeginAsync("background server watcher");
        var told = await client.UntilAsync(m => (int?)m["payload"]?["background"] == 2 && (string?)m["type"] == "agent_session_changed");
        await client.UntilEventAsync("done");
        var entry = await caller.EntryAsync(session);
        var agents = (await system.Daemon.StatusAsync(CancellationToken.None)).Agents;

        await caller.BeginAsync("say there is room beside them");
        await client.UntilAsync(m => (string?)m["payload"]?["text"] == "there is room beside them");
        await caller.MessageAsync(session, "background");
        await client.UntilAsync(m => (string?)m["type"] == "agent_event" && (int?)m["payload"]!["background"] == 0);
        await caller.BeginAsync("say and after them");
        await client.UntilAsync(m => (string?)m["payload"]?["text"] == "and after them");

        Assert.Equal(2, (int)told["payload"]!["background"]!);
        Assert.Equal(("idle", 2), ((string?)entry["state"], (int)entry["background"]!));
        Assert.Equal(1, agents);
        Assert.False((await caller.EntryAsync(session)).ContainsKey("background"));
    }

    [Fact]
    public async Task What_runs_in_the_background_is_stopped_from_the_phone()
    {
        await using var system = await TestSystem.StartAsync();
        await using var client = await system.ClientAsync();
        AgentCaller caller = new(system, client);
        var session = await caller.BeginAsync("background server watcher");
        await client.UntilEventAsync("done");

        var stopped = await caller.CancelAsync(session, background: true);
        await client.UntilAsync(m => (string?)m["type"] == "agent_event" && (int?)m["payload"]!["background"] == 0);
        var again = await caller.CancelAsync(session, background: true);

        Assert.True((bool)stopped["payload"]!["cancelled"]!);
        Assert.False((bool)again["payload"]!["cancelled"]!);
        Assert.False((await caller.EntryAsync(session)).ContainsKey("background"));
    }

    [Fact]
    public async Task Claude_Code_that_was_removed_says_so_to_each_message_and_goes_on_when_it_is_back()
    {
        await using var system = await TestSystem.StartAsync(new() { ["INSTALLED"] = "1" });
        await using var client = await system.ClientAsync();
        AgentCaller caller = new(system, client);
        var session = await caller.BeginAsync("wait");
        await client.UntilEventAsync("text_delta");
        var waiting = Guid.NewGuid().ToString();
        await caller.MessageAsync(session, "say waited", waiting);

        File.Move(system.ClaudePath, system.ClaudePath + ".away");
        var refused = await caller.MessageAsync(session, "say refused");
        foreach (var pid in Marked.Processes(session))
        {
            using var process = System.Diagnostics.Process.GetProcessById(pid);
            process.Kill();
        }

        var error = await client.UntilEventAsync("error");
        var done = await client.UntilAsync(m => (string?)m["payload"]?["type"] == "done" && (string?)m["payload"]!["messageId"] == waiting);
        File.Move(system.ClaudePath + ".away", system.ClaudePath);
        await caller.MessageAsync(session, "say back again");
        await client.UntilAsync(m => (string?)m["payload"]?["text"] == "back again");

        Assert.Equal(("AGENT_UNAVAILABLE", "not_installed"), ((string?)refused["error"]!["code"], (string?)refused["error"]!["details"]!["reason"]));
        Assert.Equal("not_installed", (string?)error["code"]);
        Assert.Contains("npm install -g @anthropic-ai/claude-code", (string)error["action"]!, StringComparison.Ordinal);
        Assert.True((bool)done["payload"]!["isError"]!);
        Assert.DoesNotContain(caller.Events, e => (string?)e["content"] == "say refused");
    }

    [Fact]
    public async Task Nothing_that_the_agent_says_is_lost_while_it_cannot_be_saved()
    {
        await using var system = await TestSystem.StartAsync(configure: options => options with { OpenAgentStore = (database, epoch) => new FullForAWhile(database, epoch) });
        await using var client = await system.ClientAsync();
        AgentCaller caller = new(system, client);

        var session = await caller.BeginAsync("flood 300");
        await client.UntilEventAsync("done");

        var events = await caller.HistoryAsync(session);
        Assert.Equal(Enumerable.Range(1, 300).Select(i => $"Block {i}"), events.Where(e => AgentCaller.Type(e) == "text").Select(e => (string?)e["text"]));
        Assert.Equal(Enumerable.Range(1, events.Count), events.Select(e => (int)e["seq"]!));
        Assert.Equal("done", AgentCaller.Type(events[^1]));
        Assert.Equal(events.Select(e => e.ToJsonString()), caller.Events.Where(e => e.ContainsKey("seq")).Select(e => e.ToJsonString()));
    }

    /// <summary>The first two saves of what the agent said fail, as on a full disk.</summary>
    private sealed class FullForAWhile(Database database, LogEpoch epoch) : AgentStore(database, epoch)
    {
        private int _failures;

        public override Task SaveAsync(SessionRecord session, DateTimeOffset at, IReadOnlyList<(long Seq, byte[] Json)> events, Action<SqliteConnection>? also) =>
            events.Any(e => Encoding.UTF8.GetString(e.Json).Contains("Block ", StringComparison.Ordinal)) && _failures++ < 2
                ? throw new SqliteException("database or disk is full", 13)
                : base.SaveAsync(session, at, events, also);
    }

    [Fact]
    public async Task All_that_waits_for_a_person_is_counted_and_listed_over_all_projects()
    {
        await using var system = await TestSystem.StartAsync();
        await using var client = await system.ClientAsync();
        AgentCaller caller = new(system, client);
        Directory.CreateDirectory(system.Project["../second"]);
        var second = await system.Daemon.AddProjectAsync(system.Project["../second"], CancellationToken.None);
        var one = await caller.BeginAsync("ask-permission");
        await client.UntilEventAsync("prompt");
        await client.AskAsync("agent_session_new", new JsonObject { ["messageId"] = Guid.NewGuid().ToString(), ["content"] = "ask-permission" }, system.MachineKey, second.ProjectId);

        await client.UntilAsync(m => (string?)m["type"] == "agent_session_changed" && (int)m["payload"]!["machineOpenPrompts"]! == 2);
        var listed = (await client.AskAsync("agent_prompts_list", new JsonObject(), system.MachineKey))["payload"]!["prompts"]!.AsArray();
        await caller.AnswerAsync(one, listed[0]!["prompt"]!.AsObject(), "deny");
        await client.UntilAsync(m => (string?)m["type"] == "agent_session_changed" && (int)m["payload"]!["machineOpenPrompts"]! == 1);
        var left = (await client.AskAsync("agent_prompts_list", new JsonObject(), system.MachineKey))["payload"]!["prompts"]!.AsArray();

        Assert.Equal([(system.ProjectId, "ask-permission"), (second.ProjectId, "ask-permission")], listed.Select(p => ((string)p!["projectId"]!, (string)p["title"]!)));
        Assert.Equal("Write", (string?)listed[0]!["prompt"]!["toolName"]);
        Assert.Equal(second.ProjectId, (string?)Assert.Single(left)!["projectId"]);
    }

    [Fact]
    public async Task An_agent_whose_process_dies_takes_its_open_prompt_with_it()
    {
        await using var system = await TestSystem.StartAsync();
        await using var client = await system.ClientAsync();
        AgentCaller caller = new(system, client);
        var session = await caller.BeginAsync("ask-permission");
        await client.UntilEventAsync("prompt");

        foreach (var pid in Marked.Processes(session))
        {
            using var process = System.Diagnostics.Process.GetProcessById(pid);
            process.Kill();
        }

        var closed = await client.UntilEventAsync("prompt_resolved");
        var done = await client.UntilEventAsync("done");

        Assert.Equal("withdrawn", (string?)closed["outcome"]);
        Assert.True((bool)done["interrupted"]!);
        Assert.Empty((await client.AskAsync("agent_prompts_list", new JsonObject(), system.MachineKey))["payload"]!["prompts"]!.AsArray());
    }

    [Fact]
    public async Task The_agents_of_the_machine_and_their_commands_are_listed_with_the_projects_own()
    {
        await using var system = await TestSystem.StartAsync();
        await using var client = await system.ClientAsync();
        AgentCaller caller = new(system, client);
        system.Project.Write(".claude/commands/team/review.md", "---\ndescription: Reads the changes\nargument-hint: <branch>\n---\nReview $ARGUMENTS");
        system.Project.Write(".claude/skills/tidy/SKILL.md", "# Tidies up\nDo it.");

        var agents = (await client.AskAsync("agents_list", new JsonObject(), system.MachineKey))["payload"]!["agents"]!.AsArray();
        var commands = (await caller.AskAsync("agent_commands", new JsonObject()))["payload"]!["commands"]!.AsArray();
        var unknown = await caller.AskAsync("agent_commands", new JsonObject { ["agent"] = "no-such-agent" });

        Assert.Equal("""{"agent":"claude","name":"Claude Code","available":true,"version":"2.1.330"}""", agents[0]!.ToJsonString());
        Assert.Equal(
            ["""{"name":"compact","description":"Shorten the conversation"}""", """{"name":"team:review","description":"Reads the changes","argumentHint":"<branch>"}""", """{"name":"tidy","description":"Tidies up"}"""],
            commands.Select(c => System.Text.RegularExpressions.Regex.Unescape(c!.ToJsonString())));
        Assert.Equal("INVALID_REQUEST", (string?)unknown["error"]!["code"]);
    }

    [Theory]
    [InlineData("image/png", "iVBORw0KGgo=", null)]
    [InlineData("image/png", "/9j/4AAQ", "INVALID_REQUEST")]
    [InlineData("image/svg+xml", "PHN2Zz4=", "INVALID_REQUEST")]
    [InlineData("image/png", "not base64", "INVALID_REQUEST")]
    public async Task An_image_is_what_it_says(string type, string data, string? code)
    {
        await using var system = await TestSystem.StartAsync();
        await using var client = await system.ClientAsync();

        var answer = await system.AskAsync(client, "agent_session_new", new JsonObject
        {
            ["messageId"] = Guid.NewGuid().ToString(), ["content"] = "say seen", ["images"] = new JsonArray(new JsonObject { ["mediaType"] = type, ["data"] = data }),
        });

        Assert.Equal(code, (string?)answer["error"]?["code"]);
    }
}
