using PocketCoder.Protocol;
using PocketCoder.Storage;

namespace PocketCoder.Daemon.Features.Commands;

/// <summary>The history of commands: kept for seven days, and ten thousand of them at most.</summary>
internal sealed class CommandStore(Database database, TimeProvider time)
{
    private const int MaxRows = 10_000;
    private static readonly TimeSpan MaxAge = TimeSpan.FromDays(7);

    /// <summary>Writes a run as it is now. Of a project that is gone nothing is kept.</summary>
    public Task SaveAsync(string projectId, CommandHistoryEntry run) => database.WriteAsync(connection => connection.Execute(
        """
        INSERT INTO command_runs (request_id, project_id, command, started_at, ended_at, exit_code, truncated, output_preview, state, signal)
        SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10 WHERE EXISTS (SELECT 1 FROM projects WHERE project_id = $2)
        ON CONFLICT (request_id) DO UPDATE SET
            ended_at = excluded.ended_at, exit_code = excluded.exit_code, truncated = excluded.truncated, output_preview = excluded.output_preview,
            state = excluded.state, signal = excluded.signal
        """,
        run.RunId, projectId, run.Command, run.StartedAt, run.EndedAt, run.ExitCode, run.Truncated, run.OutputPreview, run.State.ToString(), run.Signal));

    /// <summary>The latest first; none when the run <paramref name="before"/> is not known.</summary>
    public IReadOnlyList<CommandHistoryEntry> List(string projectId, int limit, string? before) => database.Read(connection => connection.Query(
        """
        SELECT request_id, command, started_at, ended_at, exit_code, truncated, output_preview, state, signal FROM command_runs
        WHERE project_id = $1
          AND ($2 IS NULL OR (started_at, request_id) < (SELECT started_at, request_id FROM command_runs WHERE request_id = $2 AND project_id = $1))
        ORDER BY started_at DESC, request_id DESC LIMIT $3
        """,
        row => new CommandHistoryEntry(
            row.GetString(0), row.GetString(1), row.Time(2), row.NullableTime(3), row.IsDBNull(4) ? null : row.GetInt32(4), row.GetBoolean(5),
            row.NullableString(6) ?? "", Enum.Parse<CommandState>(row.GetString(7)), row.NullableString(8)),
        projectId, before, limit));

    /// <summary>Closes what a daemon left open that died.</summary>
    public Task CloseInterruptedAsync() => database.WriteAsync(connection => connection.Execute(
        "UPDATE command_runs SET state = $1, ended_at = $2 WHERE state = $3", nameof(CommandState.Interrupted), time.GetUtcNow(), nameof(CommandState.Running)));

    public Task CleanAsync() => database.WriteAsync(connection =>
    {
        connection.Execute(
            "DELETE FROM command_runs WHERE state <> $1 AND started_at < $2", nameof(CommandState.Running), time.GetUtcNow() - MaxAge);
        connection.Execute(
            "DELETE FROM command_runs WHERE state <> $1 AND request_id IN (SELECT request_id FROM command_runs ORDER BY started_at DESC LIMIT -1 OFFSET $2)",
            nameof(CommandState.Running), MaxRows);
    });
}
