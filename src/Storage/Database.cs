using System.Threading.Channels;
using Microsoft.Data.Sqlite;
using PocketCoder.Protocol;

namespace PocketCoder.Storage;

/// <summary>
/// A SQLite file with one writer. Writes that wait at the same moment share one transaction and one fsync (group commit);
/// a write's task ends only when its data is on disk.
/// </summary>
public sealed class Database : IAsyncDisposable
{
    private const int MaxGroup = 256;
    private const int IoError = 10, Corrupt = 11, Full = 13, NotADatabase = 26;

    private readonly string _suspect;
    private readonly string _readOnly;
    private readonly SqliteConnection _connection;
    private readonly Channel<Write> _writes = Channel.CreateBounded<Write>(new BoundedChannelOptions(4096) { SingleReader = true });
    private readonly Task _writer;

    private Database(string path, SqliteConnection connection)
    {
        _suspect = SuspectMark(path);
        _readOnly = new SqliteConnectionStringBuilder { DataSource = path, Mode = SqliteOpenMode.ReadOnly }.ToString();
        _connection = connection;
        _writer = Task.Run(WriteAllAsync);
    }

    /// <summary>
    /// Opens or creates the file, 0600, and brings it to the newest schema. <paramref name="migrations"/>: SQL scripts, the n-th leads to version n.
    /// A file that is not a database any more, or was found damaged in use, is set aside as <c>NAME.corrupt-TIME</c> and <paramref name="onCorrupt"/>
    /// gets its new path.
    /// </summary>
    /// <exception cref="NewerSchemaException">A later version of the program wrote this file.</exception>
    public static Database Open(string path, IReadOnlyList<string> migrations, Action<string> onCorrupt)
    {
        try
        {
            return OpenOnce(path, migrations);
        }
        catch (SqliteException ex) when (ex.SqliteErrorCode is Corrupt or NotADatabase)
        {
            SqliteConnection.ClearAllPools();
            var aside = $"{path}.corrupt-{DateTimeOffset.UtcNow:yyyyMMddHHmmssfff}";
            File.Move(path, aside);
            if (File.Exists(path + "-wal"))
            {
                // It may hold what the file has lost.
                File.Move(path + "-wal", aside + "-wal");
            }

            File.Delete(path + "-shm");
            File.Delete(SuspectMark(path));
            onCorrupt(aside);
            return OpenOnce(path, migrations);
        }
    }

    /// <summary>Queues a write; its task ends when it is on disk. An exception of the write undoes this write alone.</summary>
    /// <exception cref="RequestException">The disk is full or broken, or the file is damaged.</exception>
    public async Task<T> WriteAsync<T>(Func<SqliteConnection, T> work)
    {
        TaskCompletionSource<T> done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        T result = default!;
        Write write = new(
            connection => result = work(connection),
            () => done.TrySetResult(result),
            exception => done.TrySetException(Explain(exception)));
        await _writes.Writer.WriteAsync(write);
        return await done.Task;
    }

    public Task WriteAsync(Action<SqliteConnection> work) => WriteAsync(connection =>
    {
        work(connection);
        return true;
    });

    /// <summary>Reads what is committed, beside the writer.</summary>
    /// <exception cref="RequestException">The disk is broken, or the file is damaged.</exception>
    public T Read<T>(Func<SqliteConnection, T> work)
    {
        try
        {
            using SqliteConnection connection = new(_readOnly);
            connection.Open();
            return work(connection);
        }
        catch (SqliteException ex) when (Explain(ex) is RequestException explained)
        {
            throw explained;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _writes.Writer.TryComplete();
        await _writer;

        // The readers first: only a writer that is the last to close can fold the write-ahead log into the file.
        using (SqliteConnection readers = new(_readOnly))
        {
            SqliteConnection.ClearPool(readers);
        }

        _connection.Dispose();
    }

    private static Database OpenOnce(string path, IReadOnlyList<string> migrations)
    {
        PrivateFile.EnsureExists(path);
        SqliteConnection connection = new(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false, DefaultTimeout = 10 }.ToString());
        try
        {
            connection.Open();
            Inspect(connection, path);
            connection.Execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;");
            Migrate(connection, path, migrations);
            return new Database(path, connection);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private static string SuspectMark(string path) => path + ".suspect";

    // Only after damage was seen: a look at the whole file would make each start of a large one slow.
    private static void Inspect(SqliteConnection connection, string path)
    {
        if (!File.Exists(SuspectMark(path)))
        {
            return;
        }

        if (connection.Query("PRAGMA quick_check(1)", row => row.GetString(0)) is not ["ok"])
        {
            throw new SqliteException("The database is damaged.", Corrupt);
        }

        File.Delete(SuspectMark(path));
    }

    // What the machine cannot do, in words for whoever holds the phone; all else is a bug and stays as it is.
    private Exception Explain(Exception exception)
    {
        var sentence = (exception as SqliteException)?.SqliteErrorCode switch
        {
            Full => "The machine's disk is full. Make room on it and try again.",
            IoError => "The machine's disk cannot be read or written. Look at it, then try again.",
            Corrupt or NotADatabase => "The daemon's database is damaged. Restart the daemon: it sets the file aside and begins a new one.",
            _ => null,
        };
        if (sentence is null)
        {
            return exception;
        }

        if (exception is SqliteException { SqliteErrorCode: Corrupt or NotADatabase })
        {
            Suspect();
        }

        return new RequestException(ErrorCode.UnknownError, sentence, inner: exception);
    }

    private void Suspect()
    {
        try
        {
            PrivateFile.EnsureExists(_suspect);
        }
        catch (IOException)
        {
            // A disk in that state may take no mark either; the next damage will try again.
        }
    }

    private static void Migrate(SqliteConnection connection, string path, IReadOnlyList<string> migrations)
    {
        var version = connection.QueryInt64("PRAGMA user_version");
        if (version > migrations.Count)
        {
            throw new NewerSchemaException(Path.GetFileName(path), version, migrations.Count);
        }

        for (var next = (int)version; next < migrations.Count; next++)
        {
            using var transaction = connection.BeginTransaction();
            connection.Execute(migrations[next]);
            connection.Execute($"PRAGMA user_version = {next + 1}");
            transaction.Commit();
        }
    }

    private async Task WriteAllAsync()
    {
        List<Write> group = [];
        while (await _writes.Reader.WaitToReadAsync())
        {
            while (group.Count < MaxGroup && _writes.Reader.TryRead(out var write))
            {
                group.Add(write);
            }

            Commit(group);
            group.Clear();
        }
    }

    private void Commit(List<Write> group)
    {
        List<Write> succeeded = [];
        try
        {
            using var transaction = _connection.BeginTransaction();
            foreach (var write in group)
            {
                _connection.Execute("SAVEPOINT w");
                try
                {
                    write.Work(_connection);
                    succeeded.Add(write);
                }
                catch (Exception ex) when (ex is not SqliteException { SqliteErrorCode: IoError or Corrupt or Full })
                {
                    // Its own fault: the others of the group go on. After those three SQLite has rolled everything back.
                    _connection.Execute("ROLLBACK TO w");
                    write.Fail(ex);
                }

                _connection.Execute("RELEASE w");
            }

            transaction.Commit();
        }
        catch (Exception ex)
        {
            group.ForEach(write => write.Fail(ex));
            return;
        }

        succeeded.ForEach(write => write.Done());
    }

    private sealed record Write(Action<SqliteConnection> Work, Action Done, Action<Exception> Fail);
}

/// <summary>The file was written by a later version; using it could lose data.</summary>
public sealed class NewerSchemaException(string file, long version, int known)
    : Exception($"{file} was written by a newer version of PocketCoder (schema {version}, this one knows {known}). Update PocketCoder, or move the file away.");
