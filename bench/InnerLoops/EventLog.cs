using BenchmarkDotNet.Attributes;
using Microsoft.Data.Sqlite;
using PocketCoder.Daemon.Features.Agent;
using PocketCoder.Protocol;
using PocketCoder.Storage;

namespace PocketCoder.Bench.InnerLoops;

/// <summary>Events into the log on disk, with the session's new state, until the write is there.</summary>
public class EventLog
{
    private readonly string _directory = Directory.CreateTempSubdirectory("pocketcoder-bench-").FullName;
    private readonly byte[] _event = new byte[300];
    private Database _database = null!;
    private LogEpoch _epoch = null!;
    private AgentStore _store = null!;
    private SqliteConnection _bare = null!;
    private SessionRecord _session = null!;
    private long _seq;

    [Params(1, 20)]
    public int Events { get; set; }

    [GlobalSetup]
    public async Task SetUpAsync()
    {
        Array.Fill(_event, (byte)'x');
        _database = Database.Open(Path.Combine(_directory, "daemon.db"), EmbeddedScripts.Of(typeof(Daemon.Daemon).Assembly), _ => { });
        _epoch = await LogEpoch.OpenAsync(_database, Path.Combine(_directory, "daemon.db.log"));
        _store = new AgentStore(_database, _epoch);
        var now = DateTimeOffset.UtcNow;
        await _database.WriteAsync(connection => connection.Execute("INSERT INTO projects (project_id, name, path, created_at) VALUES ('p', 'p', '/p', $1)", now));
        _session = new SessionRecord
        {
            AgentSessionId = "s", ProjectId = "p", Cwd = "/p", Title = "", StartedAt = now, LastActivityAt = now, AgentId = "a", Mode = PermissionMode.Default, Agent = "claude",
        };
        _bare = new SqliteConnection($"Data Source={Path.Combine(_directory, "bare.db")}");
        _bare.Open();
        Run("PRAGMA journal_mode = WAL");
        Run("CREATE TABLE events (seq INTEGER PRIMARY KEY, json BLOB)");
    }

    /// <summary>The same rows into a bare table by bare SQLite, WAL and its usual care.</summary>
    [Benchmark(Baseline = true)]
    public void Bare()
    {
        using var transaction = _bare.BeginTransaction();
        for (var i = 0; i < Events; i++)
        {
            using SqliteCommand insert = new("INSERT INTO events (json) VALUES ($json)", _bare, transaction);
            insert.Parameters.AddWithValue("$json", _event);
            insert.ExecuteNonQuery();
        }

        transaction.Commit();
    }

    [Benchmark]
    public Task Append()
    {
        var events = new (long, byte[])[Events];
        for (var i = 0; i < Events; i++)
        {
            events[i] = (++_seq, _event);
        }

        return _store.SaveAsync(_session with { LastSeq = _seq }, DateTimeOffset.UtcNow, events, also: null);
    }

    [GlobalCleanup]
    public async Task CleanUpAsync()
    {
        await _bare.DisposeAsync();
        _epoch.Dispose();
        await _database.DisposeAsync();
        SqliteConnection.ClearAllPools();
        Directory.Delete(_directory, recursive: true);
    }

    private void Run(string sql)
    {
        using SqliteCommand command = new(sql, _bare);
        command.ExecuteNonQuery();
    }
}
