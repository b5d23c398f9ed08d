using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using PocketCoder.Daemon.Relay;
using PocketCoder.Protocol;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Daemon.Tests;

/// <summary>auth.json between the daemon and the commands.</summary>
public sealed class TokenTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Of_two_who_want_the_tokens_one_waits_until_the_other_is_done()
    {
        TokenStore first = new(_directory["auth.json"]), second = new(_directory["auth.json"]);
        var held = await first.LockAsync(CancellationToken.None);
        var waiting = second.LockAsync(CancellationToken.None);
        Assert.False(waiting.IsCompleted);

        held.Dispose();

        using var taken = await waiting.WaitAsync(TestClient.Patience, TestContext.Current.CancellationToken);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_directory["auth.json.lock"]));
    }

    [Fact]
    public async Task Who_gives_up_waiting_holds_nothing()
    {
        TokenStore store = new(_directory["auth.json"]);
        var held = await store.LockAsync(CancellationToken.None);
        using CancellationTokenSource impatience = new();
        var waiting = store.LockAsync(impatience.Token);

        await impatience.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        held.Dispose();
        (await store.LockAsync(CancellationToken.None)).Dispose();
    }

    [Fact]
    public async Task A_login_at_the_moment_of_a_refresh_is_what_counts_and_no_token_is_spent_for_it()
    {
        FakeTimeProvider relayTime = new(DateTimeOffset.UtcNow);
        await using var relay = await TestRelay.StartAsync(relayTime);
        await using var system = await TestSystem.StartAsync();
        await system.Daemon.DisposeAsync();
        TokenStore store = new(system.Paths.Auth);
        store.LogIn(await relay.Host.EnrolLocalDaemonAsync("before"), relay.Url);
        var before = store.Load();
        await using var daemon = (await Daemon.StartAsync(
            system.Options with { Gateway = relay.Url, TokenFile = null, Enrol = null }, logging => logging.SetMinimumLevel(LogLevel.None), CancellationToken.None))!;
        await daemon.Registered.WaitAsync(TestClient.Patience, TestContext.Current.CancellationToken);

        using (await store.LockAsync(CancellationToken.None))
        {
            // token_expiring: the daemon wants to refresh, and waits for the file.
            relayTime.Advance(TimeSpan.FromMinutes(9) + TimeSpan.FromSeconds(1));
            store.LogIn(await relay.Host.EnrolLocalDaemonAsync("after"), relay.Url);
        }

        var login = store.Load();
        await UntilTwoDevicesServeTheMachineAsync(relay);

        Assert.Equal(login, store.Load());
        Assert.DoesNotContain(login.RefreshToken!, login.ToString(), StringComparison.Ordinal);
        await using var client = await TestClient.ConnectAsync(relay.Url);
        foreach (var unspent in (string[])[before.RefreshToken!, login.RefreshToken!])
        {
            Assert.Equal("token_refresh_response", (string?)(await client.AskAsync("token_refresh", new JsonObject { ["refresh_token"] = unspent }))["type"]);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Tokens_of_another_relay_are_not_shown_to_this_one_and_a_logout_goes_to_theirs(bool whileItRuns)
    {
        await using var theirs = await TestRelay.StartAsync();
        await using var ours = await ScriptedRelay.StartAsync();
        ours.Answer = message => Task.FromResult<JsonObject?>((string?)message["payload"]?["token"] == "our access" ? ScriptedRelay.Registered : ScriptedRelay.Refusal);
        TokenStore store = new(Options(ours.Url).Paths.Auth);
        var login = await theirs.Host.EnrolLocalDaemonAsync("theirs");
        store.LogIn(whileItRuns ? new AuthExchangeResponse("our access", "our refresh", DateTimeOffset.UtcNow.AddHours(1).ToUnixTimeSeconds(), "user") : login, whileItRuns ? ours.Url : theirs.Url);
        await using var daemon = (await Daemon.StartAsync(Options(ours.Url), logging => logging.SetMinimumLevel(LogLevel.None), CancellationToken.None))!;
        if (whileItRuns)
        {
            await daemon.Registered.WaitAsync(TestClient.Patience, TestContext.Current.CancellationToken);
            store.LogIn(login, theirs.Url);
            await ours.SayAsync(new JsonObject { ["type"] = "token_expiring", ["payload"] = new JsonObject { ["expiresAt"] = 0 } });
        }

        while ((await daemon.StatusAsync(CancellationToken.None)).LoggedIn)
        {
            await daemon.ReRegisterAsync(CancellationToken.None);
        }

        var logout = await daemon.LogOutAsync(CancellationToken.None);

        Assert.True(logout.RelayTold);
        Assert.DoesNotContain(login.AccessToken, ours.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(login.RefreshToken, ours.Text, StringComparison.Ordinal);
        await using var client = await TestClient.ConnectAsync(theirs.Url);
        Assert.Equal("UNAUTHORIZED", (string?)(await client.AskAsync("token_refresh", new JsonObject { ["refresh_token"] = login.RefreshToken }))["error"]?["code"]);
    }

    [Fact]
    public async Task A_refresh_has_a_random_name_that_is_kept_before_it_is_sent_and_asked_again_by()
    {
        await using var relay = await ScriptedRelay.StartAsync();
        TokenStore store = new(Options(relay.Url).Paths.Auth);
        void LogIn() => store.LogIn(new AuthExchangeResponse("old", "refresh", 0, "user"), relay.Url);
        LogIn();
        ConcurrentQueue<(string? Sent, string? Kept)> attempts = new();
        TaskCompletionSource twice = new(TaskCreationOptions.RunContinuationsAsynchronously);
        relay.Answer = message =>
        {
            attempts.Enqueue(((string?)message["payload"]!["attempt"], store.Load().Attempt));
            relay.Drop();
            if (attempts.Count == 2)
            {
                twice.TrySetResult();
            }

            return Task.FromResult<JsonObject?>(null);
        };

        await using (var daemon = (await Daemon.StartAsync(Options(relay.Url), logging => logging.SetMinimumLevel(LogLevel.None), CancellationToken.None))!)
        {
            await twice.Task.WaitAsync(TestClient.Patience, TestContext.Current.CancellationToken);
        }

        var named = Assert.Single(attempts.Distinct());
        LogIn();

        Assert.NotNull(named.Sent);
        Assert.Equal(named.Sent, named.Kept);
        Assert.NotEqual(named.Sent, store.BeginRefresh());
    }

    private DaemonOptions Options(Uri gateway)
    {
        DaemonPaths paths = new(_directory["home"]);
        paths.Create();
        return new DaemonOptions { Paths = paths, Gateway = gateway, Supervisor = TestSystem.Supervisor, Claude = TestSystem.FakeClaude };
    }

    // Registered again with the token of the login, the machine is that device's too.
    private static async Task UntilTwoDevicesServeTheMachineAsync(TestRelay relay)
    {
        await using SqliteConnection connection = new($"Data Source={relay.Directory["relay/relay.db"]};Pooling=False;Mode=ReadOnly");
        connection.Open();
        await using var command = connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM devices WHERE machine_key IS NOT NULL";
        for (var patience = Stopwatch.StartNew(); (long)command.ExecuteScalar()! < 2;)
        {
            Assert.True(patience.Elapsed < TestClient.Patience, "The daemon did not register with the tokens of the login.");
            await Task.Yield();
        }
    }
}
