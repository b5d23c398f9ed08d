using System.Diagnostics;
using System.Text.Json.Nodes;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Relay.Tests.Cluster;

/// <summary>Two nodes whose Redis dies, or hangs, and comes back.</summary>
public sealed class RedisAwayTests : IAsyncLifetime
{
    private const string Here = "550e8400-e29b-41d4-a716-446655440000", There = "550e8400-e29b-41d4-a716-446655440001";

    private TestRedis _redis = null!;
    private TestRelay _here = null!, _there = null!;

    public async ValueTask InitializeAsync()
    {
        _redis = await TestRedis.StartAsync();
        (_here, _there) = (await TestRelay.StartAsync(redis: _redis.Url), await TestRelay.StartAsync(redis: _redis.Url));
    }

    public async ValueTask DisposeAsync()
    {
        await _here.DisposeAsync();
        await _there.DisposeAsync();
        await _redis.DisposeAsync();
    }

    /// <summary>Answers whatever comes, for as long as it is connected: a reader for each request would take the next one's.</summary>
    private static async Task AnswerAllAsync(TestClient machine)
    {
        while (!machine.Closed.IsCompleted)
        {
            try
            {
                var request = await machine.UntilTypeAsync("projects_list");
                await machine.SendAsync(new JsonObject
                {
                    ["type"] = "projects_list_response", ["requestId"] = (string)request["requestId"]!, ["clientId"] = (string)request["clientId"]!,
                    ["payload"] = new JsonObject { ["projects"] = new JsonArray() },
                });
            }
            catch (Exception ex) when (ex is TimeoutException or System.Net.WebSockets.WebSocketException or ObjectDisposedException)
            {
                // Nothing came, or it is gone.
            }
        }
    }

    private static async Task<string?> AskedAsync(TestClient client, string machineKey)
    {
        var answer = await client.AskAsync("projects_list", new JsonObject(), machineKey);
        return (string?)answer["error"]?["code"] ?? (string?)answer["type"];
    }

    private static async Task SignalAsync(string signal, int processId)
    {
        using var kill = Process.Start("kill", [$"-{signal}", $"{processId}"]);
        await kill.WaitForExitAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Pairs_on_one_node_go_on_others_get_a_clear_error_soon_and_all_heals_by_itself(bool dies)
    {
        var tokens = await _here.TokensAsync();
        var token = (string)tokens["access_token"]!;
        await using var client = await TestClient.ConnectAsync(_here.Url);
        await client.RegisterAsync(token);
        await using var near = await _here.MachineAsync(Here);
        var far = await _there.MachineAsync(There);
        await client.UntilAsync(m => (string?)m["type"] == "daemon_status" && (string?)m["payload"]!["machineKey"] == There);
        _ = AnswerAllAsync(near);
        _ = AnswerAllAsync(far);
        Assert.Equal("projects_list_response", await AskedAsync(client, There));

        await (dies ? _redis.KillAsync() : SignalAsync("STOP", _redis.ProcessId));

        // Nothing but the other node is out of reach.
        var watch = Stopwatch.StartNew();
        var refused = await client.AskAsync("projects_list", new JsonObject(), There);
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(5));
        Assert.Equal("RELAY_TIMEOUT", (string?)refused["error"]!["code"]);
        Assert.Equal("projects_list_response", await AskedAsync(client, Here));

        // Whoever comes now is told to come again, and not that it is unknown.
        await using var late = await TestClient.ConnectAsync(_here.Url);
        watch.Restart();
        Assert.Equal("RELAY_TIMEOUT", (string?)(await late.RegisterAsync(token))["error"]!["code"]);
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(5));
        await far.DisposeAsync();

        // Long enough for every node to be taken for dead; what stands on one node does not notice.
        using PeriodicTimer pace = new(TimeSpan.FromSeconds(1));
        for (var away = Stopwatch.StartNew(); dies && away.Elapsed < TimeSpan.FromSeconds(30);)
        {
            Assert.Equal("projects_list_response", await AskedAsync(client, Here));
            await pace.WaitForNextTickAsync();
        }

        await (dies ? _redis.StartAgainAsync() : SignalAsync("CONT", _redis.ProcessId));

        // What nobody could be told meanwhile is told now: the far machine has left, and comes back.
        await UntilAsync(async () => (string?)(await client.AskAsync("projects_list", new JsonObject(), There))["error"]!["code"] == "MACHINE_OFFLINE");
        TestClient? again = null;
        await UntilAsync(async () =>
        {
            var machine = await TestClient.ConnectAsync(_there.Url);
            var answer = await machine.AskAsync("daemon_register", TestRelay.Registration(There, token));
            if ((string?)answer["error"]?["code"] == "RELAY_TIMEOUT")
            {
                await machine.DisposeAsync();
                return false;
            }

            Assert.Equal("daemon_register_response", (string?)answer["type"]);
            again = machine;
            return true;
        });
        _ = AnswerAllAsync(again!);
        await UntilAsync(async () => await AskedAsync(client, There) == "projects_list_response");
        await again!.DisposeAsync();
    }

    // Asks again, as often as a client would that was told to.
    private static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        using PeriodicTimer pace = new(TimeSpan.FromMilliseconds(50));
        using CancellationTokenSource limit = new(TestClient.Patience);
        while (!await isSo())
        {
            await pace.WaitForNextTickAsync(limit.Token);
        }
    }

    [Fact]
    public async Task A_device_that_was_revoked_while_a_node_could_not_hear_it_is_closed_when_it_can()
    {
        var tokens = await _here.TokensAsync();
        await using var lost = await TestClient.ConnectAsync(_there.Url);
        await lost.RegisterAsync((string)tokens["access_token"]!);
        await _redis.KillAsync();

        // Without its nodes, as another node that kept its connection would have done it.
        await _redis.StartAgainAsync();
        var redis = await Stores.Redis.RedisConnection.OpenAsync(_redis.Url);
        await using Stores.Redis.RedisStore store = new(redis, TimeProvider.System);
        await store.Devices.RevokeByTokenAsync(Identity.RefreshFamilies.SecretOf((string)tokens["refresh_token"]!));

        Assert.Equal(4401, await lost.Closed.WaitAsync(TestClient.Patience));
    }
}
