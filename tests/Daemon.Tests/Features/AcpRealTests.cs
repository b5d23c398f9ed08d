using System.Text.Json.Nodes;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Daemon.Tests.Features;

/// <summary>A real ACP agent (scripts/install-acp) that drives the real Claude Code, with a scripted model behind it.</summary>
public sealed class AcpRealTests : IAsyncLifetime
{
    private static readonly string? Adapter = Environment.GetEnvironmentVariable("POCKETCODER_TEST_ACP");

    private readonly TempDirectory _home = new();
    private ScriptedModel? _model;
    private TestSystem _system = null!;
    private TestClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipWhen(string.IsNullOrEmpty(Adapter), "POCKETCODER_TEST_ACP names no claude-agent-acp (scripts/install-acp installs one).");
        var claude = ScriptedModel.Claude("POCKETCODER_TEST_CLAUDE");
        _model = new ScriptedModel();
        var environment = await _model.EnvironmentAsync();
        (environment["HOME"], environment["CLAUDE_CONFIG_DIR"]) = (_home.Path, _home["claude"]);

        // What a container says of itself would make the adapter ask for what Claude Code refuses to root.
        environment["IS_SANDBOX"] = "";
        _system = await TestSystem.StartAsync(
            environment,
            agents: new Dictionary<string, string> { ["claude-acp"] = Adapter! },
            claude: claude);
        _client = await _system.ClientAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_model is { } model)
        {
            await _client.DisposeAsync();
            await _system.DisposeAsync();
            await model.DisposeAsync();
        }

        _home.Dispose();
    }

    private List<JsonObject> Events => [.. _client.Seen.Where(m => (string?)m["type"] == "agent_event").Select(m => m["payload"]!.AsObject())];

    private static string? Type(JsonObject happened) => (string?)happened["type"];

    private string LastText => (string)Events.Last(e => Type(e) == "text")["text"]!;

    private Task<string> BeginAsync(string prompt) => _system.BeginAsync(_client, prompt, agent: "claude-acp");

    private Task<JsonObject> MessageAsync(string session, string content) => _system.AskAsync(
        _client, "agent_message", new JsonObject { ["agentSessionId"] = session, ["messageId"] = Guid.NewGuid().ToString(), ["content"] = content });

    [Fact]
    public async Task A_prompt_streams_and_ends_once_and_after_a_restart_the_agent_remembers()
    {
        var session = await BeginAsync("text");
        var done = await _client.UntilEventAsync("done");
        var events = Events;
        await _system.Daemon.DisposeAsync();
        await _system.StartDaemonAsync();
        await _system.ReachableAsync(_client);
        await MessageAsync(session, "memory");
        await _client.UntilEventAsync("done");

        Assert.False((bool)done["isError"]!);
        Assert.Equal(["Hello from the scripted model."], events.Where(e => Type(e) == "text").Select(e => (string)e["text"]!));
        Assert.Equal("Hello from the scripted model.", string.Concat(events.Where(e => Type(e) == "text_delta").Select(e => (string)e["delta"]!)));
        Assert.True(events.Count(e => Type(e) == "text_delta") > 1);
        Assert.True((int)done["usage"]!["outputTokens"]! > 0);
        Assert.Equal("You first told me: text", LastText);
        Assert.DoesNotContain(Events, e => Type(e) == "error");
        Assert.Equal(2, Events.Count(e => Type(e) == "done"));
    }

    [Theory]
    [InlineData("allow", "The file is written.", true)]
    [InlineData("deny", "I did not write the file.", false)]
    public async Task A_permission_is_asked_on_the_phone_and_the_answer_counts(string decision, string said, bool written)
    {
        var session = await BeginAsync("write");
        var prompt = await _client.UntilEventAsync("prompt");
        Assert.False(File.Exists(Path.Combine(_system.Project.Path, "hello.txt")));
        await _system.AskAsync(_client, "agent_prompt_response", new JsonObject { ["agentSessionId"] = session, ["promptId"] = (string)prompt["promptId"]!, ["decision"] = decision });
        await _client.UntilEventAsync("done");

        Assert.Equal(("Write", "hello\nworld\n"), ((string)prompt["toolName"]!, (string)prompt["input"]!["content"]!));
        Assert.NotEmpty(prompt["suggestions"]!.AsArray());
        Assert.Equal(written, File.Exists(Path.Combine(_system.Project.Path, "hello.txt")));
        Assert.Equal("hello.txt", (string?)Events.Single(e => Type(e) == "file_create")["path"]);
        Assert.Equal(!written, (bool)Events.Single(e => Type(e) == "tool_result")["isError"]!);
        Assert.Equal(said, LastText);
    }

    [Fact]
    public async Task A_stop_ends_the_turn_and_the_session_goes_on()
    {
        var session = await BeginAsync("How does the server start?");
        await _client.UntilEventAsync("text_delta");
        await _system.AskAsync(_client, "agent_cancel", new JsonObject { ["agentSessionId"] = session });
        var done = await _client.UntilEventAsync("done");
        await MessageAsync(session, "text");
        var next = await _client.UntilEventAsync("done");

        Assert.True((bool)done["cancelled"]!);
        Assert.False((bool)next["isError"]!);
        Assert.Equal("Hello from the scripted model.", LastText);
    }
}
