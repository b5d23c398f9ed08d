using Microsoft.Data.Sqlite;
using PocketCoder.Daemon.Relay;
using PocketCoder.Storage;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Daemon.Tests;

public sealed class LifeTests
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    [Fact]
    public async Task A_second_daemon_in_the_same_directory_does_not_start()
    {
        await using var system = await TestSystem.StartAsync();

        Assert.Null(await Daemon.StartAsync(system.Options, _ => { }, CancellationToken.None));
        Assert.Equal(Environment.ProcessId, InstanceLock.RunningPid(system.Paths));
    }

    [Fact]
    public async Task A_stop_takes_the_pid_file_and_the_address_away_and_another_start_works()
    {
        await using var system = await TestSystem.StartAsync();
        var machineKey = system.MachineKey;

        await system.Daemon.DisposeAsync();
        Assert.False(File.Exists(system.Paths.Pid));
        Assert.False(File.Exists(system.Paths.ControlPlane));
        await system.StartDaemonAsync();

        Assert.Equal(machineKey, system.MachineKey);
        Assert.Single((await system.Daemon.StatusAsync(CancellationToken.None)).Projects);
    }

    [Theory]
    [InlineData("1 12345")]
    [InlineData("999999999 1")]
    [InlineData("garbage")]
    [InlineData("")]
    public void A_pid_that_was_given_to_another_process_is_not_taken_for_the_daemon(string content)
    {
        using TempDirectory directory = new();
        DaemonPaths paths = new(directory.Path);
        File.WriteAllText(paths.Pid, content);

        Assert.Null(InstanceLock.RunningPid(paths));
    }

    [Fact]
    public async Task Everything_it_writes_is_the_owners_alone()
    {
        await using var system = await TestSystem.StartAsync();

        Assert.Equal(OwnerOnly | UnixFileMode.UserExecute, File.GetUnixFileMode(system.Paths.Root));
        Assert.All(
            Directory.GetFiles(system.Paths.Root, "*", SearchOption.AllDirectories),
            file => Assert.Equal(OwnerOnly, File.GetUnixFileMode(file)));
    }

    [Fact]
    public async Task A_database_of_a_newer_version_is_refused_and_left_as_it_is()
    {
        await using var system = await TestSystem.StartAsync();
        await system.Daemon.DisposeAsync();
        var schema = EmbeddedScripts.Of(typeof(Daemon).Assembly).Count;
        Execute(system.Paths.Database, "PRAGMA user_version = 99");

        var refused = await Assert.ThrowsAsync<NewerSchemaException>(system.StartDaemonAsync);

        Assert.Contains("newer version", refused.Message, StringComparison.Ordinal);
        Execute(system.Paths.Database, $"PRAGMA user_version = {schema}");
        await system.StartDaemonAsync();
        Assert.Single((await system.Daemon.StatusAsync(CancellationToken.None)).Projects);
    }

    [Fact]
    public async Task A_damaged_database_is_set_aside_and_the_rest_works()
    {
        await using var system = await TestSystem.StartAsync();
        await system.Daemon.DisposeAsync();
        await File.WriteAllTextAsync(system.Paths.Database, "this is no database, " + new string('x', 5000));

        await system.StartDaemonAsync();

        Assert.Single(Directory.GetFiles(system.Paths.Root, "daemon.db.corrupt-*"));
        await using var client = await system.ClientAsync();
        Assert.Single((await client.AskAsync("projects_list", null, system.MachineKey))["payload"]!["projects"]!.AsArray());
    }

    [Fact]
    public async Task When_the_relay_returns_the_daemon_is_back_by_itself()
    {
        await using var system = await TestSystem.StartAsync();
        var port = system.Relay.LocalUrl.Port;

        await system.Relay.DisposeAsync();
        await system.StartRelayAsync(port);
        await using var client = await system.ClientAsync();
        await system.ReachableAsync(client);

        Assert.Equal("projects_list_response", (string?)(await client.AskAsync("projects_list", null, system.MachineKey))["type"]);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 2)]
    [InlineData(5, 32)]
    [InlineData(6, 60)]
    [InlineData(1000, 60)]
    public void Reconnecting_waits_up_to_twice_as_long_each_time_and_a_minute_at_most(int failures, double seconds)
    {
        Assert.Equal(TimeSpan.FromSeconds(seconds), ReconnectDelay.Ceiling(failures));
        Assert.Equal(TimeSpan.Zero, ReconnectDelay.For(failures, 0));
        Assert.Equal(TimeSpan.FromSeconds(seconds / 4), ReconnectDelay.For(failures, 0.25));
    }

    [Fact]
    public void A_thousand_daemons_that_lost_their_relay_come_back_spread_out()
    {
        Random random = new(20261126);
        for (var failures = 0; failures < 8; failures++)
        {
            var ceiling = ReconnectDelay.Ceiling(failures);
            var tenths = Enumerable.Range(0, 1000)
                .Select(_ => ReconnectDelay.For(failures, random.NextDouble()))
                .CountBy(delay => (int)(delay / ceiling * 10))
                .ToDictionary();

            // A tenth of the time has a tenth of them, give or take: no moment in which all knock.
            Assert.Equal(10, tenths.Count);
            Assert.All(tenths, tenth => Assert.InRange(tenth.Value, 60, 140));
        }
    }

    [Fact]
    public async Task A_commit_holds_what_was_written_and_a_failed_write_undoes_only_itself()
    {
        using TempDirectory directory = new();
        await using var database = Database.Open(directory["t.db"], ["CREATE TABLE t (n INTEGER PRIMARY KEY)"], _ => { });

        var writes = Enumerable.Range(0, 500).Select(n => database.WriteAsync(connection => connection.Execute("INSERT INTO t VALUES ($1)", n % 250))).ToList();
        await Task.WhenAll(writes).ContinueWith(_ => { });

        Assert.Equal(250, writes.Count(w => w.IsFaulted));
        Assert.Equal(250, database.Read(connection => connection.QueryInt64("SELECT count(*) FROM t")));
    }

    private static void Execute(string path, string sql)
    {
        using SqliteConnection connection = new($"Data Source={path};Pooling=False");
        connection.Open();
        connection.Execute(sql);
    }
}
