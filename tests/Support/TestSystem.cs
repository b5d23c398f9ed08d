using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using PocketCoder.Daemon;
using PocketCoder.Protocol;
using PocketCoder.Relay;

namespace PocketCoder.TestSupport;

/// <summary>A real relay and a real daemon on loopback, from their own composition roots, with the stand-in for Claude Code.</summary>
public sealed class TestSystem : IAsyncDisposable
{
    private static readonly string[] OtherAgents = ["gemini", "claude-acp"];
    private readonly TempDirectory _directory = new();
    private readonly Dictionary<string, string> _claudeEnvironment;
    private readonly bool _claudeInstalled;
    private Func<DaemonOptions, DaemonOptions> _configure = options => options;
    private string _claude = FakeClaude;
    private IReadOnlyDictionary<string, string> _agents = new Dictionary<string, string>();
    private TimeProvider _time = TimeProvider.System;
    private TimeProvider _relayTime = TimeProvider.System;

    private TestSystem(Dictionary<string, string> claudeEnvironment, bool claudeInstalled)
    {
        (_claudeEnvironment, _claudeInstalled) = (claudeEnvironment, claudeInstalled);
        Project = new TempProject(_directory["project"]);
    }

    public RelayHost Relay { get; private set; } = null!;

    public Daemon.Daemon Daemon { get; private set; } = null!;

    public DaemonPaths Paths => new(_directory["home"]);

    public TempProject Project { get; }

    public string ProjectId { get; private set; } = "";

    /// <summary>Claude Code's own directory, with the transcripts of its sessions.</summary>
    public string ClaudeStore => _directory["claude-store"];

    /// <summary>The script that starts Claude Code, where a test gave it an environment.</summary>
    public string ClaudePath => _directory["claude"];

    public string MachineKey => Daemon.MachineKey;

    /// <summary>The executable that ./test has built (POCKETCODER), which starts in a tenth of the time; else the one of this build.</summary>
    public static string Supervisor { get; } = Environment.GetEnvironmentVariable("POCKETCODER") ?? Built("Cli", "pocketcoder");

    public static string FakeClaude { get; } = Built("FakeClaude", "PocketCoder.FakeClaude");

    /// <param name="claudeEnvironment">Variables that the stand-in gets, such as FAKE_CLAUDE_CAPTURE.</param>
    /// <param name="time">The daemon's clock.</param>
    /// <param name="configure">Other options of the daemon.</param>
    /// <param name="agents">Paths of other agents, by their names; the variables are theirs too.</param>
    /// <param name="transcripts">Claude Code writes transcripts, into <see cref="ClaudeStore"/>.</param>
    /// <param name="claude">A real Claude Code instead of the stand-in.</param>
    public static async Task<TestSystem> StartAsync(
        Dictionary<string, string>? claudeEnvironment = null, bool claudeInstalled = true, TimeProvider? time = null, Func<DaemonOptions, DaemonOptions>? configure = null,
        IReadOnlyDictionary<string, string>? agents = null, string? claude = null, bool transcripts = false)
    {
        TestSystem system = new(claudeEnvironment ?? [], claudeInstalled)
        {
            _configure = configure ?? (options => options), _agents = agents ?? new Dictionary<string, string>(), _claude = claude ?? FakeClaude,
        };
        if (transcripts)
        {
            system._claudeEnvironment["CLAUDE_CONFIG_DIR"] = system.ClaudeStore;
        }

        if (time is not null)
        {
            // A daemon whose clock stands says no progress, so the relay must not grow impatient either.
            (system._time, system._relayTime) = (time, new FakeTimeProvider(DateTimeOffset.UtcNow));
        }

        await system.StartRelayAsync(0);
        await system.StartDaemonAsync();
        return system;
    }

    /// <param name="away">How long it was away, by a clock that was given.</param>
    public async Task StartRelayAsync(int port, TimeSpan away = default)
    {
        (_relayTime as FakeTimeProvider)?.Advance(away);
        Relay = await RelayHost.StartAsync(
            new RelayOptions { Listen = new Uri($"http://127.0.0.1:{port}"), DataDirectory = _directory["relay"], Time = _relayTime }, Silent, CancellationToken.None);
    }

    public async Task StartDaemonAsync()
    {
        Daemon = await PocketCoder.Daemon.Daemon.StartAsync(Options, Silent, CancellationToken.None) ?? throw new InvalidOperationException("Another daemon runs here.");
        await Daemon.Registered.WaitAsync(TestClient.Patience);
        ProjectId = (await Daemon.AddProjectAsync(Project.Path, CancellationToken.None)).ProjectId;
    }

    public DaemonOptions Options => _configure(new()
    {
        Paths = Paths,
        Gateway = Relay.LocalUrl,
        Supervisor = Supervisor,
        Claude = _claudeInstalled ? WithEnvironment("claude", _claude) : _directory["no-such-claude"],
        AgentPaths = OtherAgents.ToDictionary(name => name, name => _agents.TryGetValue(name, out var path) ? WithEnvironment(name, path) : _directory["no-such-agent"]),
        ClaudeStore = ClaudeStore,
        TokenFile = _directory["tokens.json"],
        Enrol = _ => Relay.EnrolLocalDaemonAsync("test"),
        Time = _time,
    });

    public async Task<TestClient> ClientAsync(params string[] features) => await TestClient.PairedAsync(Relay.LocalUrl, (await Relay.CreatePairingLinkAsync()).PairCode, features);

    /// <summary>Ends when this client can reach the daemon, which may have been so before it asked.</summary>
    public async Task ReachableAsync(TestClient client)
    {
        using PeriodicTimer look = new(TimeSpan.FromMilliseconds(20));
        using CancellationTokenSource limit = new(TestClient.Patience);
        while (!(await client.AskAsync("machines_list", null))["payload"]!["machines"]!.AsArray().Any(m => (string?)m!["machineKey"] == MachineKey && (bool)m["connected"]!))
        {
            await look.WaitForNextTickAsync(limit.Token);
        }
    }

    /// <summary>A request to the daemon about its project; the whole answer.</summary>
    public Task<JsonObject> AskAsync(TestClient client, string type, JsonNode payload) => client.AskAsync(type, payload, MachineKey, ProjectId);

    /// <summary>Begins a session; its id.</summary>
    /// <param name="agent">The agent's name; Claude Code when absent.</param>
    public async Task<string> BeginAsync(TestClient client, string prompt, string? messageId = null, string? agent = null)
    {
        var answer = await AskAsync(client, "agent_session_new", new JsonObject { ["messageId"] = messageId ?? Guid.NewGuid().ToString(), ["content"] = prompt, ["agent"] = agent });
        return (string?)answer["payload"]?["agentSessionId"] ?? throw new InvalidOperationException(answer.ToJsonString());
    }

    public async ValueTask DisposeAsync()
    {
        await Daemon.DisposeAsync();
        await Relay.DisposeAsync();
        _directory.Dispose();
    }

    private static void Silent(ILoggingBuilder logging) => logging.SetMinimumLevel(LogLevel.None);

    // Its settings are environment variables, and the test's own environment is shared by all tests.
    private string WithEnvironment(string name, string executable)
    {
        if (_claudeEnvironment.Count == 0)
        {
            return executable;
        }

        var script = _directory[name];
        File.WriteAllText(script, "#!/bin/sh\n" + string.Concat(_claudeEnvironment.Select(v => $"export {v.Key}='{v.Value}'\n")) + $"exec '{executable}' \"$@\"\n");
        File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return script;
    }

    private static string Built(string project, string file)
    {
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Name;
        return System.IO.Path.GetFullPath(System.IO.Path.Combine(AppContext.BaseDirectory, "..", "..", project, configuration, file));
    }
}
