using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Data.Sqlite;
using PocketCoder.Protocol;
using PocketCoder.Storage;

namespace PocketCoder.Daemon.Features.Agent;

/// <summary>A session as it is kept. Changed only by its own <see cref="AgentSession"/>.</summary>
internal sealed record SessionRecord
{
    public required string AgentSessionId { get; init; }

    public required string ProjectId { get; init; }

    public required string Cwd { get; init; }

    public required string Title { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public required DateTimeOffset LastActivityAt { get; init; }

    public required string AgentId { get; init; }

    public required PermissionMode Mode { get; init; }

    public string? Model { get; init; }

    public int MessageCount { get; init; }

    public long LastSeq { get; init; }

    /// <summary>The agent has a record of its own under <see cref="AgentId"/>, so it is resumed and not begun.</summary>
    public bool Begun { get; init; }

    public decimal CostUsd { get; init; }

    public int? ProcessId { get; init; }

    public long? ProcessStarted { get; init; }

    /// <summary>The <see cref="IAgentProgram.Name"/> of what runs it.</summary>
    public required string Agent { get; init; }

    public SessionOrigin Origin { get; init; }

    /// <summary>The last line of the agent's own transcript that the log has; null when it never looked there.</summary>
    public string? TranscriptLeaf { get; init; }

    /// <summary>The transcript's size then.</summary>
    public long TranscriptSize { get; init; }

    /// <summary>The <see cref="AgentId"/> of the session that this one continues from, until it is <see cref="Begun"/>.</summary>
    public string? ForkOf { get; init; }
}

/// <summary>An accepted message as it is kept.</summary>
internal sealed record StoredMessage(
    string MessageId, string Content, IReadOnlyList<ImageData> Images, string? Model, PermissionMode? PermissionMode, bool Steer = false);

/// <summary>What is known of a message id: the answer that its first arrival got.</summary>
internal sealed record KnownMessage(string AgentSessionId, int Position)
{
    /// <summary>The position of a message that went into the running turn.</summary>
    public const int Steered = -1;

    public AgentMessageResponse Answer => new(Position > 0, Math.Max(0, Position), Position == Steered ? true : null);
}

internal enum MessageState
{
    Waiting = 0,
    Given = 1,
    Ended = 2,
}

/// <summary>Sessions, their events and their messages in SQLite. A write's task ends when it is on disk.</summary>
internal class AgentStore(Database database, LogEpoch epoch)
{
    private const string Columns =
        "agent_session_id, project_id, cwd, title, started_at, last_activity_at, message_count, last_seq, model, permission_mode, agent_id, begun, cost_usd, process_id, process_started, "
        + "agent, origin, transcript_leaf, transcript_size, fork_of";

    /// <summary>Names the log that the events' numbers count in.</summary>
    public string Epoch => epoch.Name;

    public virtual SessionRecord? Find(string agentSessionId) => database.Read(connection =>
        connection.Query($"SELECT {Columns} FROM agent_sessions WHERE agent_session_id = $1", ToRecord, agentSessionId).FirstOrDefault());

    /// <summary>The session that the agent knows by this id.</summary>
    public SessionRecord? FindByAgentId(string agentId, string projectId) => database.Read(connection =>
        connection.Query($"SELECT {Columns} FROM agent_sessions WHERE project_id = $2 AND agent_id = $1", ToRecord, agentId, projectId).FirstOrDefault());

    public IReadOnlyList<SessionRecord> OfProject(string projectId) => database.Read(connection =>
        connection.Query($"SELECT {Columns} FROM agent_sessions WHERE project_id = $1 ORDER BY last_activity_at DESC, agent_session_id", ToRecord, projectId));

    /// <summary>The sessions that a crash may have left with something open.</summary>
    public IReadOnlyList<string> Unfinished() => database.Read(connection => connection.Query("""
        SELECT agent_session_id FROM agent_messages WHERE state < 2
        UNION SELECT agent_session_id FROM agent_prompts
        """, row => row.GetString(0)));

    public KnownMessage? FindMessage(string messageId) => database.Read(connection => connection.Query(
        "SELECT agent_session_id, position FROM agent_messages WHERE message_id = $1",
        row => new KnownMessage(row.GetString(0), row.GetInt32(1)), messageId).FirstOrDefault());

    public IReadOnlyList<(StoredMessage Message, MessageState State)> OpenMessages(string agentSessionId) => database.Read(connection => connection.Query(
        "SELECT json, state FROM agent_messages WHERE agent_session_id = $1 AND state < 2 ORDER BY number",
        row => (JsonSerializer.Deserialize(row.GetFieldValue<byte[]>(0), StoreJson.Default.StoredMessage)!, (MessageState)row.GetInt32(1)), agentSessionId));

    public IReadOnlyList<string> OpenPrompts(string agentSessionId) => database.Read(connection => connection.Query(
        "SELECT prompt_id FROM agent_prompts WHERE agent_session_id = $1", row => row.GetString(0), agentSessionId));

    /// <summary>The open prompts of all sessions, the oldest first.</summary>
    public IReadOnlyList<OpenPrompt> OpenPrompts() => database.Read(connection => connection.Query("""
        SELECT s.project_id, agent_session_id, s.title, e.json
        FROM agent_prompts p JOIN agent_events e USING (agent_session_id, seq) JOIN agent_sessions s USING (agent_session_id)
        ORDER BY e.at, agent_session_id, seq
        """, row => new OpenPrompt(row.GetString(0), row.GetString(1), row.GetString(2), ReadPrompt(row.GetFieldValue<byte[]>(3)))));

    /// <summary>The ids of all messages that the session got here.</summary>
    public IReadOnlyList<string> MessageIds(string agentSessionId) => database.Read(connection => connection.Query(
        "SELECT message_id FROM agent_messages WHERE agent_session_id = $1", row => row.GetString(0), agentSessionId));

    /// <summary>The log's last turn has no end. A message that waits has none yet.</summary>
    public bool IsTurnOpen(string agentSessionId) => database.Read(connection => connection.Query("""
        SELECT type FROM (SELECT seq, json_extract(CAST(json AS TEXT), '$.type') AS type, json_extract(CAST(json AS TEXT), '$.messageId') AS message_id
                          FROM agent_events WHERE agent_session_id = $1) told
        WHERE type = 'done' OR (type = 'user' AND NOT EXISTS (SELECT 1 FROM agent_messages m WHERE m.message_id = told.message_id AND m.state = 0))
        ORDER BY seq DESC LIMIT 1
        """, row => row.GetString(0), agentSessionId).FirstOrDefault() == "user");

    /// <summary>The agent keeps sessions of the project in this directory.</summary>
    public Task KeepTranscriptDirectoryAsync(string projectId, string directory, DateTimeOffset at) => database.WriteAsync(connection => connection.Execute("""
        INSERT INTO claude_project_dirs (project_id, claude_dir_path, last_verified_at) SELECT project_id, $2, $3 FROM projects WHERE project_id = $1
        ON CONFLICT (project_id, claude_dir_path) DO UPDATE SET last_verified_at = excluded.last_verified_at
        """, projectId, directory, at));

    /// <summary>How much waits for a person on this machine.</summary>
    public (int Prompts, int Problems) CountOpen() => database.Read(connection => (
        (int)connection.QueryInt64("SELECT count(*) FROM agent_prompts"),
        (int)connection.QueryInt64("SELECT count(*) FROM agent_problems JOIN agent_sessions USING (agent_session_id) JOIN projects USING (project_id)")));

    /// <summary>Why the last turns of sessions failed, the oldest first; of registered projects only, for elsewhere nobody can go on.</summary>
    public IReadOnlyList<SessionProblem> Problems() => database.Read(connection => connection.Query("""
        SELECT p.json, s.title FROM agent_problems p JOIN agent_sessions s USING (agent_session_id) JOIN projects USING (project_id) ORDER BY p.at LIMIT 200
        """, row => JsonSerializer.Deserialize(row.GetFieldValue<byte[]>(0), StoreJson.Default.SessionProblem)! with { Title = row.GetString(1) }));

    /// <summary>At most <paramref name="limit"/> events after <paramref name="afterSeq"/>, as they were sent.</summary>
    public IReadOnlyList<(long Seq, byte[] Json)> Events(string agentSessionId, long afterSeq, int limit) => database.Read(connection => connection.Query(
        "SELECT seq, json FROM agent_events WHERE agent_session_id = $1 AND seq > $2 ORDER BY seq LIMIT $3",
        row => (row.GetInt64(0), row.GetFieldValue<byte[]>(1)), agentSessionId, afterSeq, limit));

    /// <summary>At most <paramref name="limit"/> events before <paramref name="beforeSeq"/>, the newest first.</summary>
    public IReadOnlyList<(long Seq, byte[] Json)> EventsBefore(string agentSessionId, long beforeSeq, int limit) => database.Read(connection => connection.Query(
        "SELECT seq, json FROM agent_events WHERE agent_session_id = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3",
        row => (row.GetInt64(0), row.GetFieldValue<byte[]>(1)), agentSessionId, beforeSeq, limit));

    /// <summary>The events behind the session's open prompts that a client with this cursor has seen already.</summary>
    public IReadOnlyList<byte[]> OpenPromptEvents(string agentSessionId, long upToSeq) => database.Read(connection => connection.Query("""
        SELECT e.json FROM agent_prompts p JOIN agent_events e USING (agent_session_id, seq) WHERE agent_session_id = $1 AND seq <= $2 ORDER BY seq
        """, row => row.GetFieldValue<byte[]>(0), agentSessionId, upToSeq));

    /// <summary>Events, the session's new state and whatever belongs to them, in one transaction.</summary>
    public virtual async Task SaveAsync(SessionRecord session, DateTimeOffset at, IReadOnlyList<(long Seq, byte[] Json)> events, Action<SqliteConnection>? also) =>
        epoch.Note(await database.WriteAsync(connection => Save(connection, session, at, events, also)));

    private static long Save(SqliteConnection connection, SessionRecord session, DateTimeOffset at, IReadOnlyList<(long Seq, byte[] Json)> events, Action<SqliteConnection>? also)
    {
        connection.Execute($"""
            INSERT INTO agent_sessions ({Columns}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
            ON CONFLICT (agent_session_id) DO UPDATE SET
                title = excluded.title, last_activity_at = excluded.last_activity_at, message_count = excluded.message_count, last_seq = excluded.last_seq,
                model = excluded.model, permission_mode = excluded.permission_mode, agent_id = excluded.agent_id, begun = excluded.begun,
                cost_usd = excluded.cost_usd, process_id = excluded.process_id, process_started = excluded.process_started,
                transcript_leaf = excluded.transcript_leaf, transcript_size = excluded.transcript_size, fork_of = excluded.fork_of
            """,
            session.AgentSessionId, session.ProjectId, session.Cwd, session.Title, session.StartedAt, session.LastActivityAt, session.MessageCount, session.LastSeq,
            session.Model, session.Mode.ToString(), session.AgentId, session.Begun, session.CostUsd.ToString(CultureInfo.InvariantCulture),
            session.ProcessId, session.ProcessStarted, session.Agent, session.Origin.ToString(), session.TranscriptLeaf, session.TranscriptSize, session.ForkOf);
        foreach (var (seq, json) in events)
        {
            connection.Execute("INSERT INTO agent_events VALUES ($1, $2, $3, $4)", session.AgentSessionId, seq, json, at);
        }

        also?.Invoke(connection);
        return LogEpoch.Count(connection);
    }

    /// <summary>Removes the events from before a time, except those of open prompts. A client that asks for them is told of the gap.</summary>
    public Task ForgetEventsAsync(DateTimeOffset before) => database.WriteAsync(connection => connection.Execute("""
        DELETE FROM agent_events WHERE at < $1
            AND agent_session_id IN (SELECT agent_session_id FROM agent_sessions WHERE started_at < $1)
            AND NOT EXISTS (SELECT 1 FROM agent_prompts p WHERE p.agent_session_id = agent_events.agent_session_id)
        """, before));

    /// <summary>The session's newest event of this type, up to a number: for who begins in the middle and has to know it.</summary>
    public AgentEvent? LastEvent(string agentSessionId, string type, long upToSeq = long.MaxValue) => database.Read(connection => connection.Query("""
        SELECT json FROM agent_events WHERE agent_session_id = $1 AND seq <= $3 AND substr(json, 1, length($2)) = $2 ORDER BY seq DESC LIMIT 1
        """, row => JsonSerializer.Deserialize(row.GetFieldValue<byte[]>(0), ProtocolJson.For<AgentEvent>()), agentSessionId, Encoding.UTF8.GetBytes($"{{\"type\":\"{type}\""), upToSeq)
        .FirstOrDefault());

    public static void AddMessage(SqliteConnection connection, string agentSessionId, StoredMessage message, int position) => connection.Execute(
        "INSERT INTO agent_messages (message_id, agent_session_id, position, json) VALUES ($1, $2, $3, $4)",
        message.MessageId, agentSessionId, position, JsonSerializer.SerializeToUtf8Bytes(message, StoreJson.Default.StoredMessage));

    /// <summary>With it the session goes on, so what failed before needs nobody any more.</summary>
    public static void SetGiven(SqliteConnection connection, string messageId)
    {
        connection.Execute("UPDATE agent_messages SET state = $2 WHERE message_id = $1", messageId, (int)MessageState.Given);
        connection.Execute("DELETE FROM agent_problems WHERE agent_session_id = (SELECT agent_session_id FROM agent_messages WHERE message_id = $1)", messageId);
    }

    /// <summary>Why the session's last turn failed; null when it did not, or somebody has seen it.</summary>
    public static void SetProblem(SqliteConnection connection, string agentSessionId, SessionProblem? problem)
    {
        connection.Execute("DELETE FROM agent_problems WHERE agent_session_id = $1", agentSessionId);
        if (problem is not null)
        {
            connection.Execute("INSERT INTO agent_problems VALUES ($1, $2, $3)",
                agentSessionId, problem.At, JsonSerializer.SerializeToUtf8Bytes(problem, StoreJson.Default.SessionProblem));
        }
    }

    /// <summary>Its turn has ended: from now on only the id is needed, not the text and the images.</summary>
    public static void SetEnded(SqliteConnection connection, string messageId) => connection.Execute(
        "UPDATE agent_messages SET state = $2, json = x'' WHERE message_id = $1", messageId, (int)MessageState.Ended);

    public static void AddPrompt(SqliteConnection connection, string agentSessionId, string promptId, long seq) => connection.Execute(
        "INSERT INTO agent_prompts VALUES ($1, $2, $3)", promptId, agentSessionId, seq);

    public static void RemovePrompt(SqliteConnection connection, string promptId) => connection.Execute(
        "DELETE FROM agent_prompts WHERE prompt_id = $1", promptId);

    private static AgentPrompt ReadPrompt(byte[] json) => (AgentPrompt)JsonSerializer.Deserialize(json, ProtocolJson.For<AgentEvent>())!;

    private static SessionRecord ToRecord(SqliteDataReader row) => new()
    {
        AgentSessionId = row.GetString(0),
        ProjectId = row.GetString(1),
        Cwd = row.GetString(2),
        Title = row.GetString(3),
        StartedAt = row.Time(4),
        LastActivityAt = row.Time(5),
        MessageCount = row.GetInt32(6),
        LastSeq = row.GetInt64(7),
        Model = row.NullableString(8),
        Mode = Enum.Parse<PermissionMode>(row.GetString(9)),
        AgentId = row.GetString(10),
        Begun = row.GetBoolean(11),
        CostUsd = decimal.Parse(row.GetString(12), CultureInfo.InvariantCulture),
        ProcessId = row.IsDBNull(13) ? null : row.GetInt32(13),
        ProcessStarted = row.IsDBNull(14) ? null : row.GetInt64(14),
        Agent = row.GetString(15),
        Origin = Enum.Parse<SessionOrigin>(row.GetString(16)),
        TranscriptLeaf = row.NullableString(17),
        TranscriptSize = row.GetInt64(18),
        ForkOf = row.NullableString(19),
    };
}

[JsonSerializable(typeof(StoredMessage))]
[JsonSerializable(typeof(SessionProblem))]
internal sealed partial class StoreJson : JsonSerializerContext;
