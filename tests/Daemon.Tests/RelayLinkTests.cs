using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using PocketCoder.Daemon.Relay;
using PocketCoder.Daemon.Tests.Features;
using PocketCoder.Protocol;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Daemon.Tests;

/// <summary>What the daemon says of its link is what is so.</summary>
public sealed class RelayLinkTests
{
    [Fact]
    public async Task A_relay_that_takes_but_does_not_answer_is_not_called_connected_a_minute_later()
    {
        await using var behind = await BehindWire.StartAsync();
        var (daemon, hole, time) = (behind.Daemon, behind.Wire, behind.Time);
        var before = await daemon.StatusAsync(CancellationToken.None);

        hole.Swallow();
        time.Advance(TimeSpan.FromSeconds(59));
        var within = await daemon.StatusAsync(CancellationToken.None);
        time.Advance(TimeSpan.FromSeconds(2));
        var after = await daemon.StatusAsync(CancellationToken.None);

        Assert.True(before.Relay.Connected);
        Assert.NotNull(within.Relay.LastHeartbeatAt);
        Assert.False(after.Relay.Connected);
        Assert.True(after.LoggedIn);
    }

    [Fact]
    public async Task A_link_that_a_change_of_the_network_broke_is_given_up_within_seconds()
    {
        await using var behind = await BehindWire.StartAsync();
        var (daemon, hole, time) = (behind.Daemon, behind.Wire, behind.Time);
        async Task<bool> ConnectedAsync() => (await daemon.StatusAsync(CancellationToken.None)).Relay.Connected;

        await daemon.NetworkChangedAsync();
        var before = await ConnectedAsync();
        hole.Swallow();
        var looking = daemon.NetworkChangedAsync();
        time.Advance(TimeSpan.FromSeconds(6));
        await looking;

        Assert.True(before);
        await WaitFor.TrueAsync(async () => !await ConnectedAsync());
    }

    [Fact]
    public async Task A_network_that_is_back_is_tried_at_once()
    {
        FakeTimeProvider time = new(DateTimeOffset.UtcNow);
        await using var system = await TestSystem.StartAsync(time: time);
        var port = system.Relay.LocalUrl.Port;
        async Task<bool> ConnectedAsync() => (await system.Daemon.StatusAsync(CancellationToken.None)).Relay.Connected;
        await system.Relay.DisposeAsync();
        await WaitFor.TrueAsync(async () => !await ConnectedAsync());
        await system.StartRelayAsync(port);

        await system.Daemon.NetworkChangedAsync();

        await WaitFor.TrueAsync(ConnectedAsync);
    }

    [Fact]
    public async Task A_project_is_added_and_removed_though_the_relay_does_not_answer()
    {
        await using var behind = await BehindWire.StartAsync();
        var (daemon, hole, time) = (behind.Daemon, behind.Wire, behind.Time);
        using TempDirectory project = new();

        hole.Swallow();
        var added = await PassingAsync(time, daemon.AddProjectAsync(project.Path, CancellationToken.None));
        var between = await daemon.StatusAsync(CancellationToken.None);
        var removed = await PassingAsync(time, daemon.RemoveProjectAsync(added.ProjectId, CancellationToken.None));
        var after = await daemon.StatusAsync(CancellationToken.None);

        Assert.Contains(between.Projects, p => p.ProjectId == added.ProjectId);
        Assert.True(removed);
        Assert.DoesNotContain(after.Projects, p => p.ProjectId == added.ProjectId);
    }

    [Fact]
    public async Task Many_who_want_to_register_at_once_do_not_disturb_each_other()
    {
        using TempDirectory directory = new();
        await using var daemon = (await Daemon.StartAsync(
            new DaemonOptions { Paths = new DaemonPaths(directory["home"]), Gateway = new Uri("http://127.0.0.1:9"), Supervisor = TestSystem.Supervisor, Claude = TestSystem.FakeClaude },
            logging => logging.SetMinimumLevel(LogLevel.None), CancellationToken.None))!;

        await Parallel.ForAsync(0, 2000, async (_, stop) => await daemon.ReRegisterAsync(stop));

        Assert.False((await daemon.StatusAsync(CancellationToken.None)).Relay.Connected);
    }

    [Fact]
    public async Task A_daemon_that_stops_refuses_what_comes_in_meanwhile()
    {
        await using var system = await TestSystem.StartAsync();
        await using var client = await system.ClientAsync();
        await system.BeginAsync(client, "hang");
        await client.UntilEventAsync("init");

        // Its end takes a while, for the agent hears nothing.
        var stopping = system.Daemon.DisposeAsync().AsTask();
        var answer = await system.AskAsync(client, "fs_list", new JsonObject { ["path"] = "" });
        await stopping;

        Assert.Equal("MACHINE_OFFLINE", (string?)answer["error"]!["code"]);
        Assert.Equal("PocketCoder is being stopped on the machine.", (string?)answer["error"]!["message"]);
    }

    [Fact]
    public async Task A_logout_while_the_relay_is_being_registered_at_leaves_no_machine_served()
    {
        await using var relay = await ScriptedRelay.StartAsync();
        using TempDirectory directory = new();
        DaemonPaths paths = new(directory["home"]);
        paths.Create();
        new TokenStore(paths.Auth).LogIn(new AuthExchangeResponse("access", "refresh", DateTimeOffset.UtcNow.AddHours(1).ToUnixTimeSeconds(), "user"), relay.Url);
        TaskCompletionSource asked = new(TaskCreationOptions.RunContinuationsAsynchronously), answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        relay.Answer = async _ =>
        {
            asked.TrySetResult();
            await answer.Task;
            return ScriptedRelay.Registered;
        };
        await using var daemon = (await Daemon.StartAsync(
            new DaemonOptions { Paths = paths, Gateway = relay.Url, Supervisor = TestSystem.Supervisor, Claude = TestSystem.FakeClaude }, logging => logging.SetMinimumLevel(LogLevel.None), CancellationToken.None))!;
        await asked.Task.WaitAsync(TestClient.Patience, TestContext.Current.CancellationToken);

        await daemon.LogOutAsync(CancellationToken.None);
        answer.TrySetResult();
        await relay.FirstGone.WaitAsync(TestClient.Patience, TestContext.Current.CancellationToken);

        var status = await daemon.StatusAsync(CancellationToken.None);
        Assert.Equal((false, false), (status.LoggedIn, status.Relay.Connected));
    }

    [Fact]
    public async Task Without_tokens_the_relay_is_left_alone()
    {
        using TempDirectory directory = new();
        using TcpListener relay = new(IPAddress.Loopback, 0);
        relay.Start();
        var knock = relay.AcceptTcpClientAsync();
        FakeTimeProvider time = new(DateTimeOffset.UtcNow);
        await using var daemon = (await Daemon.StartAsync(
            new DaemonOptions { Paths = new DaemonPaths(directory["home"]), Gateway = new Uri($"http://{relay.LocalEndpoint}"), Supervisor = TestSystem.Supervisor, Claude = TestSystem.FakeClaude, Time = time },
            logging => logging.SetMinimumLevel(LogLevel.None), CancellationToken.None))!;

        while ((await daemon.StatusAsync(CancellationToken.None)).LoggedIn)
        {
            await Task.Yield();
        }

        time.Advance(TimeSpan.FromHours(1));
        await daemon.ReRegisterAsync(CancellationToken.None);

        Assert.False((await daemon.StatusAsync(CancellationToken.None)).LoggedIn);
        Assert.False(knock.IsCompleted);
    }

    /// <summary>Lets the clock run until this has ended.</summary>
    private static async Task<T> PassingAsync<T>(FakeTimeProvider time, Task<T> task)
    {
        var patience = System.Diagnostics.Stopwatch.StartNew();
        while (!task.IsCompleted && patience.Elapsed < TestClient.Patience)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        return await task.WaitAsync(TestClient.Patience);
    }

    /// <summary>A daemon with a clock of its own, and a wire to the relay that can be stopped.</summary>
    private sealed class BehindWire(TestSystem system, BlackHole wire, FakeTimeProvider time, Daemon daemon) : IAsyncDisposable
    {
        public BlackHole Wire => wire;

        public FakeTimeProvider Time => time;

        public Daemon Daemon => daemon;

        public static async Task<BehindWire> StartAsync()
        {
            var system = await TestSystem.StartAsync();
            await system.Daemon.DisposeAsync();
            BlackHole wire = new(system.Relay.LocalUrl.Port);
            FakeTimeProvider time = new(DateTimeOffset.UtcNow);
            var daemon = (await PocketCoder.Daemon.Daemon.StartAsync(
                system.Options with { Gateway = wire.Url, Time = time }, logging => logging.SetMinimumLevel(LogLevel.None), CancellationToken.None))!;
            await daemon.Registered.WaitAsync(TestClient.Patience);
            return new BehindWire(system, wire, time, daemon);
        }

        public async ValueTask DisposeAsync()
        {
            await daemon.DisposeAsync();
            await wire.DisposeAsync();
            await system.DisposeAsync();
        }
    }

    /// <summary>Passes bytes on to the relay, until it is told to keep them.</summary>
    private sealed class BlackHole : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly CancellationTokenSource _ended = new();
        private readonly Task _accepting;
        private volatile bool _swallows;

        public BlackHole(int port)
        {
            _listener.Start();
            _accepting = AcceptAsync(port);
        }

        public Uri Url => new($"http://{_listener.LocalEndpoint}");

        public void Swallow() => _swallows = true;

        public async ValueTask DisposeAsync()
        {
            await _ended.CancelAsync();
            _listener.Stop();
            await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _ended.Dispose();
        }

        private async Task AcceptAsync(int port)
        {
            List<Task> running = [];
            try
            {
                while (true)
                {
                    running.Add(PassAsync(await _listener.AcceptTcpClientAsync(_ended.Token), port));
                }
            }
            finally
            {
                await Task.WhenAll(running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        private async Task PassAsync(TcpClient daemon, int port)
        {
            using TcpClient relay = new();
            using (daemon)
            {
                await relay.ConnectAsync(IPAddress.Loopback, port, _ended.Token);
                await Task.WhenAny(CopyAsync(daemon.GetStream(), relay.GetStream()), CopyAsync(relay.GetStream(), daemon.GetStream()));
            }
        }

        private async Task CopyAsync(NetworkStream from, NetworkStream to)
        {
            var buffer = new byte[8192];
            while (await from.ReadAsync(buffer, _ended.Token) is var count and > 0)
            {
                if (!_swallows)
                {
                    await to.WriteAsync(buffer.AsMemory(0, count), _ended.Token);
                }
            }
        }
    }
}
