using System.Buffers.Binary;
using System.Text;
using Microsoft.Data.Sqlite;
using Microsoft.Win32.SafeHandles;
using PocketCoder.Storage;

namespace PocketCoder.Daemon.Features.Agent;

/// <summary>
/// Names the event log that cursors count in. The database counts its commits, and a small file beside it notes the last one: a database with fewer commits
/// than the note, or of another epoch, is an older copy that somebody put back, whose numbers will be used again for other events. It gets a new epoch, and
/// clients begin anew instead of trusting cursors of a past that is gone.
/// </summary>
internal sealed class LogEpoch : IDisposable
{
    private const int NameLength = 32;

    private readonly SafeFileHandle _note;
    private readonly Lock _gate = new();
    private long _noted;

    private LogEpoch(string name, long commits, SafeFileHandle note)
    {
        (Name, _note) = (name, note);
        RandomAccess.Write(_note, Encoding.ASCII.GetBytes(name), 0);
        Note(commits);
    }

    public string Name { get; }

    public static async Task<LogEpoch> OpenAsync(Database database, string notePath)
    {
        PrivateFile.EnsureExists(notePath);
        var note = File.OpenHandle(notePath, FileMode.Open, FileAccess.ReadWrite);
        try
        {
            var (noted, notedCommits) = Read(note);
            var (name, commits) = database.Read(connection => connection.Query("SELECT epoch, commits FROM event_log", row => (row.GetString(0), row.GetInt64(1))).Single());
            if (commits > 0 && (noted != name || notedCommits > commits))
            {
                name = Guid.NewGuid().ToString("N");
                await database.WriteAsync(connection => connection.Execute("UPDATE event_log SET epoch = $1", name));
            }

            return new LogEpoch(name, commits, note);
        }
        catch
        {
            note.Dispose();
            throw;
        }
    }

    /// <summary>Counts a commit, inside its transaction.</summary>
    public static long Count(SqliteConnection connection) => connection.QueryInt64("UPDATE event_log SET commits = commits + 1 RETURNING commits");

    /// <summary>The commit of this number is on disk. Never before that: the note may lag behind, for example after a power cut, but not run ahead.</summary>
    public void Note(long commits)
    {
        lock (_gate)
        {
            if (commits >= _noted)
            {
                _noted = commits;
                Span<byte> bytes = stackalloc byte[sizeof(long)];
                BinaryPrimitives.WriteInt64LittleEndian(bytes, commits);
                try
                {
                    RandomAccess.Write(_note, bytes, NameLength);
                }
                catch (IOException)
                {
                    // A full disk, say. The commit is made all the same, and the note may lag behind.
                }
            }
        }
    }

    public void Dispose() => _note.Dispose();

    private static (string Name, long Commits) Read(SafeFileHandle note)
    {
        Span<byte> bytes = stackalloc byte[NameLength + sizeof(long)];
        return RandomAccess.Read(note, bytes, 0) == bytes.Length
            ? (Encoding.ASCII.GetString(bytes[..NameLength]), BinaryPrimitives.ReadInt64LittleEndian(bytes[NameLength..]))
            : ("", 0);
    }
}
