using Microsoft.Data.Sqlite;
using PocketCoder.Daemon.Features.Agent;
using PocketCoder.Storage;

namespace PocketCoder.Nemesis.Planted;

/// <summary>The classical mistakes of an event log, to be caught.</summary>
internal static class PlantedBugs
{
    public const string SendBeforeCommit = "send-before-commit", NoDeduplication = "no-de-duplication", ReusedSeq = "reused-seq";

    public static Func<Database, LogEpoch, AgentStore> Named(string name) => name switch
    {
        SendBeforeCommit => (database, epoch) => new SendsBeforeCommit(database, epoch),
        NoDeduplication => (database, epoch) => new ForgetsMessages(database, epoch),
        ReusedSeq => (database, epoch) => new CountsFromBefore(database, epoch),
        _ => throw new ArgumentException($"There is no bug of the name {name}.", nameof(name)),
    };
}

/// <summary>What is to be kept counts as kept at once, and reaches the disk a little later.</summary>
internal sealed class SendsBeforeCommit(Database database, LogEpoch epoch) : AgentStore(database, epoch)
{
    private static readonly TimeSpan Late = TimeSpan.FromMilliseconds(300);
    private readonly Lock _lock = new();
    private Task _last = Task.CompletedTask;

    public override Task SaveAsync(SessionRecord session, DateTimeOffset at, IReadOnlyList<(long Seq, byte[] Json)> events, Action<SqliteConnection>? also)
    {
        lock (_lock)
        {
            _last = LaterAsync(_last, Task.Delay(Late));
            return Task.CompletedTask;
        }

        async Task LaterAsync(Task before, Task delay)
        {
            // One that fails takes only itself with it, as in the real one.
            await Task.WhenAll(before, delay).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await base.SaveAsync(session, at, events, also);
        }
    }
}

/// <summary>Once a message has ended nothing is known of it any more.</summary>
internal sealed class ForgetsMessages(Database database, LogEpoch epoch) : AgentStore(database, epoch)
{
    public override Task SaveAsync(SessionRecord session, DateTimeOffset at, IReadOnlyList<(long Seq, byte[] Json)> events, Action<SqliteConnection>? also) =>
        base.SaveAsync(session, at, events, connection =>
        {
            also?.Invoke(connection);
            connection.Execute("DELETE FROM agent_messages WHERE state = 2");
        });
}

/// <summary>After a start the numbers go on from some events before the last one.</summary>
internal sealed class CountsFromBefore(Database database, LogEpoch epoch) : AgentStore(database, epoch)
{
    private const int Before = 3;
    private readonly Database _database = database;

    public override SessionRecord? Find(string agentSessionId) =>
        base.Find(agentSessionId) is { } record ? record with { LastSeq = Math.Max(0, record.LastSeq - Before) } : null;

    public override async Task SaveAsync(SessionRecord session, DateTimeOffset at, IReadOnlyList<(long Seq, byte[] Json)> events, Action<SqliteConnection>? also)
    {
        if (events.Count > 0)
        {
            await _database.WriteAsync(connection =>
            {
                connection.Execute("DELETE FROM agent_events WHERE agent_session_id = $1 AND seq >= $2", session.AgentSessionId, events[0].Seq);
            });
        }

        await base.SaveAsync(session, at, events, also);
    }
}
