using System.Text.Json.Nodes;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Daemon.Tests.Features;

/// <summary>Sessions of the real Claude Code, at the desk and on the phone in turns. POCKETCODER_TEST_CLAUDE and POCKETCODER_TEST_CLAUDE_197 name its newest and an older version.</summary>
[Collection(nameof(Alone))]
public sealed class RealTerminalTests
{
    private const string Hello = "[[scenario:text]]";

    private static string Claude(string variable)
    {
        var path = ScriptedModel.Claude(variable);
        Assert.SkipUnless(File.Exists("/usr/bin/script"), "There is no script(1) to make a terminal.");
        return path;
    }

    private static async Task<(TestSystem System, Dictionary<string, string> Environment)> StartAsync(string claude, ScriptedModel model)
    {
        var environment = await model.EnvironmentAsync();
        var system = await TestSystem.StartAsync(environment, transcripts: true, claude: claude);
        environment["CLAUDE_CONFIG_DIR"] = Directory.CreateDirectory(system.ClaudeStore).FullName;
        JsonObject trusted = new() { [system.Project.Path] = new JsonObject { ["hasTrustDialogAccepted"] = true, ["hasCompletedProjectOnboarding"] = true } };
        File.WriteAllText(Path.Combine(system.ClaudeStore, ".claude.json"), new JsonObject
        {
            ["hasCompletedOnboarding"] = true,
            ["theme"] = "dark",
            ["customApiKeyResponses"] = new JsonObject { ["approved"] = new JsonArray("not-a-real-key"), ["rejected"] = new JsonArray() },
            ["projects"] = trusted,
        }.ToJsonString());
        return (system, environment);
    }

    private static IEnumerable<string> Asked(TestClient client) => client.Seen
        .Where(m => (string?)m["payload"]?["type"] == "user").Select(m => ((string)m["payload"]!["content"]!).Replace($" {Hello}", "", StringComparison.Ordinal));

    [Theory]
    [InlineData("POCKETCODER_TEST_CLAUDE")]
    [InlineData("POCKETCODER_TEST_CLAUDE_197")]
    public async Task A_session_of_a_terminal_is_listed_followed_taken_over_continued_and_goes_back_to_the_desk(string variable)
    {
        var claude = Claude(variable);
        await using ScriptedModel model = new();
        var (system, environment) = await StartAsync(claude, model);
        await using var _ = system;
        await using var client = await system.ClientAsync();
        await using var terminal = RealTerminal.Start(claude, system.Project.Path, environment);
        JsonNode? entry = null;
        await terminal.TypeAsync($"at the desk {Hello}", async () => (entry =
            (await system.AskAsync(client, "agent_sessions_list", new JsonObject()))["payload"]!["sessions"]!.AsArray().FirstOrDefault(s => (bool?)s!["inTerminal"] == true)) is not null);
        var session = (string)entry!["agentSessionId"]!;
        JsonObject Of(string? content = null) => content is null
            ? new() { ["agentSessionId"] = session }
            : new() { ["agentSessionId"] = session, ["messageId"] = Guid.NewGuid().ToString(), ["content"] = $"{content} {Hello}" };

        // Followed live, and read-only.
        var attached = await system.AskAsync(client, "agent_session_attach", new JsonObject { ["agentSessionId"] = session, ["afterSeq"] = 0 });
        await terminal.UntilAsync(async () => { await system.AskAsync(client, "agent_sessions_list", new JsonObject()); return client.Seen.Any(m => (string?)m["payload"]?["type"] == "done"); });
        var refused = await system.AskAsync(client, "agent_message", Of("too early"));
        await terminal.TypeAsync($"again {Hello}", async () => { await system.AskAsync(client, "agent_sessions_list", new JsonObject()); return Asked(client).Contains("again"); });
        await terminal.UntilAsync(async () => { await system.AskAsync(client, "agent_sessions_list", new JsonObject()); return client.Seen.Count(m => (string?)m["payload"]?["type"] == "done") == 2; });

        // Taken over, and continued from the phone.
        var taken = await system.AskAsync(client, "agent_session_take_over", Of());
        await system.AskAsync(client, "agent_message", Of("from the phone"));
        await client.UntilEventAsync("done");

        // Back at the desk, and on the phone again.
        await using (var desk = RealTerminal.Start(claude, system.Project.Path, environment, $"--resume {session}"))
        {
            await desk.TypeAsync($"back at the desk {Hello}", async () => { await system.AskAsync(client, "agent_sessions_list", new JsonObject()); return Asked(client).Contains("back at the desk"); });
            await desk.UntilAsync(async () => { await system.AskAsync(client, "agent_sessions_list", new JsonObject()); return client.Seen.Count(m => (string?)m["payload"]?["type"] == "done") == 4; });
            await system.AskAsync(client, "agent_session_take_over", Of());
        }

        await system.AskAsync(client, "agent_message", Of("and the phone"));
        await client.UntilEventAsync("done");
        await using var reader = await system.ClientAsync();
        await system.AskAsync(reader, "agent_session_attach", new JsonObject { ["agentSessionId"] = session, ["afterSeq"] = 0 });

        Assert.True((bool)entry["inTerminal"]!);
        Assert.True((bool)attached["payload"]!["inTerminal"]!);
        Assert.Equal("in_terminal", (string?)refused["error"]!["details"]!["reason"]);
        Assert.True((bool)taken["payload"]!["takenOver"]!);
        string[] asked = ["at the desk", "again", "from the phone", "back at the desk", "and the phone"];
        Assert.Equal(asked, Asked(reader));
        Assert.Equal(5, reader.Seen.Count(m => (string?)m["payload"]?["type"] == "text"));
        Assert.Equal(5, reader.Seen.Count(m => (string?)m["payload"]?["type"] == "done"));
    }

    [Theory]
    [InlineData("POCKETCODER_TEST_CLAUDE")]
    [InlineData("POCKETCODER_TEST_CLAUDE_197")]
    public async Task A_session_of_the_phone_carries_its_title_and_a_fork_of_it_goes_its_own_way(string variable)
    {
        var claude = Claude(variable);
        await using ScriptedModel model = new();
        var (system, _) = await StartAsync(claude, model);
        await using var __ = system;
        await using var client = await system.ClientAsync();
        var session = await system.BeginAsync(client, $"--fix the login {Hello}");
        await client.UntilEventAsync("done");
        var fork = (string)(await system.AskAsync(client, "agent_session_fork", new JsonObject { ["agentSessionId"] = session }))["payload"]!["agentSessionId"]!;
        await system.AskAsync(client, "agent_message", new JsonObject { ["agentSessionId"] = fork, ["messageId"] = Guid.NewGuid().ToString(), ["content"] = $"my own way {Hello}" });
        await client.UntilEventAsync("done");
        await using var reader = await system.ClientAsync();
        await system.AskAsync(reader, "agent_session_attach", new JsonObject { ["agentSessionId"] = fork, ["afterSeq"] = 0 });
        var transcript = File.ReadAllText(Directory.GetFiles(system.ClaudeStore, session + ".jsonl", SearchOption.AllDirectories).Single());

        Assert.Contains($"\"customTitle\":\"--fix the login {Hello}\"", transcript, StringComparison.Ordinal);
        string[] asked = ["--fix the login", "my own way"];
        Assert.Equal(asked, Asked(reader));
        Assert.DoesNotContain("my own way", transcript, StringComparison.Ordinal);
        Assert.Equal(2, (await system.AskAsync(client, "agent_sessions_list", new JsonObject()))["payload"]!["sessions"]!.AsArray().Count);
    }
}
