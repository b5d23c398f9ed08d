using System.Diagnostics;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using PocketCoder.Daemon;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Relay.Tests.Cluster;

/// <summary>A real daemon and patient clients behind a balancer, while nodes die and are replaced.</summary>
public sealed class FailoverTests : IAsyncLifetime
{
    private readonly TempDirectory _directory = new();
    private readonly Balancer _balancer = new();
    private readonly NodeProcess[] _nodes = new NodeProcess[3];
    private TestRedis _redis = null!;
    private TestRelay _console = null!;
    private Daemon.Daemon _daemon = null!;
    private string _projectId = "", _token = "";

    public async ValueTask InitializeAsync()
    {
        _redis = await TestRedis.StartAsync();

        // Only to enrol and to pair at; nobody is connected to it.
        _console = await TestRelay.StartAsync(redis: _redis.Url);
        for (var i = 0; i < _nodes.Length; i++)
        {
            _nodes[i] = await NodeProcess.StartAsync(_redis.Url);
        }

        _balancer.Nodes = [.. _nodes.Select(node => node.Port)];
        DaemonOptions options = new()
        {
            Paths = new DaemonPaths(_directory["home"]),
            Gateway = _balancer.Url,
            Supervisor = TestSystem.Supervisor,
            Claude = TestSystem.FakeClaude,
            ClaudeStore = _directory["claude-store"],
            TokenFile = _directory["tokens.json"],
            Enrol = _ => _console.Host.EnrolLocalDaemonAsync("test"),
        };
        _daemon = (await Daemon.Daemon.StartAsync(options, static logging => logging.SetMinimumLevel(LogLevel.None), CancellationToken.None))!;
        await _daemon.Registered.WaitAsync(TestClient.Patience);
        _projectId = (await _daemon.AddProjectAsync(new TempProject(_directory["project"]).Path, CancellationToken.None)).ProjectId;
        _token = (string)(await _console.TokensAsync())["access_token"]!;
    }

    public async ValueTask DisposeAsync()
    {
        await _daemon.DisposeAsync();
        await _balancer.DisposeAsync();
        foreach (var node in _nodes)
        {
            node.Dispose();
        }

        await _console.DisposeAsync();
        await _redis.DisposeAsync();
        _directory.Dispose();
    }

    private PatientClient Client() => new(_balancer.Url, _token, _daemon.MachineKey, _projectId);

    private static JsonObject Message(string text) => new() { ["messageId"] = Guid.NewGuid().ToString(), ["content"] = text };

    [Fact]
    public async Task A_node_that_is_killed_costs_a_moment_and_every_request_that_is_asked_again_succeeds_once()
    {
        await using var client = Client();
        var begun = await client.AskAsync("agent_session_new", Message("begin"));
        var session = (string)begun["payload"]!["agentSessionId"]!;

        // The first connection was the daemon's, the second the client's.
        foreach (var victim in (int[])[0, 1])
        {
            var message = Message($"after the end of node {victim}");
            message["agentSessionId"] = session;
            _nodes[victim].Kill();
            var killed = Stopwatch.StartNew();
            var first = await client.AskAsync("agent_message", message);
            TestContext.Current.TestOutputHelper?.WriteLine($"Asked again and answered {killed.Elapsed.TotalSeconds:0.0} s after the end of node {victim}.");
            await RetriedAsync(client);
            var again = await client.AskAsync("agent_message", message);

            Assert.Equal(("agent_message_response", "agent_message_response"), ((string)first["type"]!, (string)again["type"]!));
            _nodes[victim].Dispose();
            _nodes[victim] = await NodeProcess.StartAsync(_redis.Url, _nodes[victim].Port);
        }

        Assert.Equal(["begin", "after the end of node 0", "after the end of node 1"], await SaidAsync(session, 3));
        Assert.True(client.Retries > 0);
    }

    // What may be asked again at any time is answered too.
    private static async Task RetriedAsync(PatientClient client)
    {
        foreach (var (type, payload) in new (string, JsonObject)[]
        {
            ("projects_list", []), ("fs_list", new JsonObject { ["path"] = "." }), ("agent_sessions_list", []), ("command_history", []), ("git_status", []),
        })
        {
            var answer = await client.AskAsync(type, payload);
            Assert.True((string?)answer["type"] == type + "_response" || (string?)answer["error"]?["code"] == "GIT_NOT_INITIALIZED", answer.ToJsonString());
        }
    }

    [Fact]
    public async Task A_rolling_restart_under_load_loses_nothing_and_doubles_nothing()
    {
        var clients = Enumerable.Range(0, 4).Select(_ => Client()).ToList();
        var session = (string)(await clients[0].AskAsync("agent_session_new", Message("begin")))["payload"]!["agentSessionId"]!;
        using CancellationTokenSource enough = new();
        var said = clients.Select((client, i) => SayAsync(client, session, $"client {i}", enough.Token)).ToList();

        for (var i = 0; i < _nodes.Length; i++)
        {
            await _nodes[i].StopAsync();
            _nodes[i].Dispose();
            _nodes[i] = await NodeProcess.StartAsync(_redis.Url, _nodes[i].Port);
        }

        await enough.CancelAsync();
        var expected = (await Task.WhenAll(said)).SelectMany(texts => texts).Append("begin").Order(StringComparer.Ordinal).ToList();

        Assert.Equal(expected, (await SaidAsync(session, expected.Count)).Order(StringComparer.Ordinal));
        foreach (var client in clients)
        {
            await client.DisposeAsync();
        }
    }

    private static async Task<List<string>> SayAsync(PatientClient client, string session, string who, CancellationToken enough)
    {
        List<string> said = [];
        do
        {
            var message = Message($"{who}: {said.Count}");
            message["agentSessionId"] = session;
            var answer = await client.AskAsync("agent_message", message);
            if ((string?)answer["error"]?["code"] != "DAEMON_BUSY")
            {
                Assert.Equal("agent_message_response", (string?)answer["type"]);
                said.Add((string)message["content"]!);
            }
        }
        while (!enough.IsCancellationRequested);

        return said;
    }

    // What was said, as a client sees it that comes new to the session.
    private async Task<List<string>> SaidAsync(string session, int count)
    {
        await using var client = await TestClient.ConnectAsync(_balancer.Url);
        await client.RegisterAsync(_token);
        Assert.Null((await client.AskAsync("agent_session_attach", new JsonObject { ["agentSessionId"] = session, ["afterSeq"] = 0 }, _daemon.MachineKey, _projectId))["error"]);
        List<string> Texts() =>
        [
            .. client.Seen.Where(m => (string?)m["type"] == "agent_event").Select(m => m["payload"]!).Where(e => (string?)e["type"] == "user").Select(e => (string)e["content"]!),
        ];
        while (Texts().Count < count)
        {
            await client.UntilTypeAsync("agent_event");
        }

        return Texts();
    }
}
