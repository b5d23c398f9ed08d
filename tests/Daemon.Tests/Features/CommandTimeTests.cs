using System.Globalization;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Time.Testing;
using PocketCoder.Storage;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Daemon.Tests.Features;

/// <summary>What happens to commands when time passes; the test holds the daemon's clock.</summary>
public sealed class CommandTimeTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private TestSystem _system = null!;
    private TestClient _client = null!;
    private CommandCaller _caller = null!;

    public async ValueTask InitializeAsync()
    {
        _system = await TestSystem.StartAsync(time: _time);
        _client = await _system.ClientAsync();
        _caller = new CommandCaller(_client, _system.MachineKey, _system.ProjectId);
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _system.DisposeAsync();
    }

    [Theory]
    [InlineData(null, 120)]
    [InlineData(1_800_000, 1800)]
    public async Task A_command_is_ended_at_its_timeout_and_not_before(int? timeoutMs, int seconds)
    {
        var request = await _caller.ExecAsync("echo ready; sleep 1000", timeoutMs);
        var runId = await _caller.StartedAsync(request);
        await _caller.PrintedAsync(request, "ready");

        _time.Advance(TimeSpan.FromSeconds(seconds - 1));
        Assert.Equal("running", (string?)(await _caller.HistoryAsync())[0]["state"]);
        _time.Advance(TimeSpan.FromSeconds(1));
        var end = await _caller.EndAsync(request);

        Assert.Equal("COMMAND_TIMEOUT", (string?)end["error"]!["code"]);
        Assert.Contains($" {seconds} s ", (string?)end["error"]!["message"], StringComparison.Ordinal);
        Assert.Empty(Marked.Processes(runId));
        Assert.Equal("timed_out", (string?)(await _caller.HistoryAsync())[0]["state"]);
    }

    [Fact]
    public async Task The_history_keeps_seven_days_and_ten_thousand_runs_and_is_cleaned_every_six_hours()
    {
        var now = _time.GetUtcNow();
        Add(12_000, i => now - TimeSpan.FromMinutes(i / 10.0));
        Add(5, i => now - TimeSpan.FromDays(7) + TimeSpan.FromMinutes(-i));
        Assert.Equal(12_005, Count());

        _time.Advance(TimeSpan.FromHours(6) - TimeSpan.FromSeconds(1));
        await _caller.HistoryAsync();
        Assert.Equal(12_005, Count());
        _time.Advance(TimeSpan.FromSeconds(1));
        await UntilAsync(() => Count() == 10_000);

        // At a start too, and then what is younger than seven days stays.
        _time.Advance(TimeSpan.FromDays(7) - TimeSpan.FromHours(7));
        await _system.Daemon.DisposeAsync();
        await _system.StartDaemonAsync();
        await UntilAsync(() => Count() < 10_000);
        await UntilAsync(() => Oldest() >= _time.GetUtcNow() - TimeSpan.FromDays(7) - TimeSpan.FromMilliseconds(1));
        Assert.NotEqual(0, Count());
    }

    private void Add(int count, Func<int, DateTimeOffset> startedAt)
    {
        using var connection = Open();
        using var transaction = connection.BeginTransaction();
        for (var i = 0; i < count; i++)
        {
            connection.Execute(
                "INSERT INTO command_runs (request_id, project_id, command, started_at, ended_at, state) VALUES ($1, $2, 'true', $3, $3, 'Exited')",
                Guid.NewGuid().ToString(), _system.ProjectId, startedAt(i));
        }

        transaction.Commit();
    }

    private long Count() => Number("SELECT count(*) FROM command_runs");

    private DateTimeOffset Oldest() => DateTimeOffset.FromUnixTimeMilliseconds(Number("SELECT min(started_at) FROM command_runs"));

    private long Number(string sql)
    {
        using var connection = Open();
        return connection.QueryInt64(sql);
    }

    private SqliteConnection Open()
    {
        SqliteConnection connection = new(string.Create(CultureInfo.InvariantCulture, $"Data Source={_system.Paths.Database};Pooling=False"));
        connection.Open();
        return connection;
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using PeriodicTimer look = new(TimeSpan.FromMilliseconds(20));
        for (var until = DateTime.UtcNow + TestClient.Patience; !condition() && DateTime.UtcNow < until;)
        {
            await look.WaitForNextTickAsync();
        }

        Assert.True(condition());
    }
}
