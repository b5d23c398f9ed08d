using System.Text.Json.Nodes;
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
        await caller.AskAsync("agent_prompt_response", new JsonObject { ["agentSessionId"] = one, ["promptId"] = (string)listed[0]!["prompt"]!["promptId"]!, ["decision"] = "deny" });
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
