using System.Text.Json;
using System.Text.Json.Serialization;

namespace PocketCoder.Protocol;

/// <summary>How much the agent may do without asking.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<PermissionMode>))]
public enum PermissionMode
{
    [JsonStringEnumMemberName("default")] Default,
    [JsonStringEnumMemberName("acceptEdits")] AcceptEdits,
    [JsonStringEnumMemberName("plan")] Plan,
    [JsonStringEnumMemberName("dontAsk")] DontAsk,
    [JsonStringEnumMemberName("auto")] Auto,
    [JsonStringEnumMemberName("bypassPermissions")] BypassPermissions,
}

/// <summary>An image to show to the agent: <c>image/png</c>, <c>image/jpeg</c>, <c>image/gif</c> or <c>image/webp</c>; <c>data</c> is base64, at most 5 MB decoded.</summary>
public sealed record ImageData(string MediaType, string Data);

/// <summary>
/// Begins a session with its first message. <c>messageId</c> is a UUID the client made: the same one again is answered the same and never runs twice.
/// <c>agent</c> is one of <c>agents_list</c>; Claude Code when absent.
/// </summary>
public sealed record AgentSessionNewRequest(
    string MessageId,
    string Content,
    IReadOnlyList<ImageData>? Images = null,
    string? Model = null,
    PermissionMode? PermissionMode = null,
    string? Agent = null) : IRequest<AgentSessionNewResponse>
{
    public static string Type => "agent_session_new";
}

public sealed record AgentSessionNewResponse(string AgentSessionId) : IMessage
{
    public static string Type => "agent_session_new_response";
}

/// <summary>
/// One more message to a session: one turn each, in order. The 51st waiting one is <c>DAEMON_BUSY</c>. With <c>steer</c> it does not wait for the end of a
/// running turn but goes into it. A session that a terminal has open is <c>CONFLICT</c> with reason <c>in_terminal</c>.
/// </summary>
public sealed record AgentMessageRequest(
    string AgentSessionId,
    string MessageId,
    string Content,
    IReadOnlyList<ImageData>? Images = null,
    string? Model = null,
    PermissionMode? PermissionMode = null,
    bool? Steer = null) : IRequest<AgentMessageResponse>
{
    public static string Type => "agent_message";
}

/// <summary><c>position</c> is the place among the waiting messages, from 1; 0 when it runs at once. <c>steered</c>: it went into the running turn.</summary>
public sealed record AgentMessageResponse(bool Queued, int Position, bool? Steered = null) : IMessage
{
    public static string Type => "agent_message_response";
}

/// <summary>The project's sessions, the latest activity first. <c>before</c> is the <c>agentSessionId</c> of the last one seen.</summary>
public sealed record AgentSessionsListRequest(int? Limit = null, string? Before = null) : IRequest<AgentSessionsListResponse>
{
    public static string Type => "agent_sessions_list";
}

public sealed record AgentSessionsListResponse(IReadOnlyList<AgentSessionEntry> Sessions) : IMessage
{
    public static string Type => "agent_sessions_list_response";
}

/// <summary>
/// <c>messageCount</c> counts what was asked; <c>queued</c> what waits; <c>background</c> the tasks that run on between turns. <c>inTerminal</c>: a terminal
/// has it open now, so that it can only be read here. <c>branch</c>: git's, where the session was last at work.
/// </summary>
public sealed record AgentSessionEntry(
    string AgentSessionId,
    string Title,
    DateTimeOffset StartedAt,
    DateTimeOffset LastActivityAt,
    int MessageCount,
    AgentSessionState State,
    int Queued,
    string? Model = null,
    int? OpenPrompts = null,
    string? Agent = null,
    SessionOrigin? Origin = null,
    bool? InTerminal = null,
    string? Branch = null,
    int? Background = null);

/// <summary>Where a session was begun.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<SessionOrigin>))]
public enum SessionOrigin
{
    [JsonStringEnumMemberName("phone")] Phone,
    [JsonStringEnumMemberName("terminal")] Terminal,
}

/// <summary><c>waiting</c>: a prompt is open and the agent waits for a person.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<AgentSessionState>))]
public enum AgentSessionState
{
    [JsonStringEnumMemberName("idle")] Idle,
    [JsonStringEnumMemberName("running")] Running,
    [JsonStringEnumMemberName("waiting")] Waiting,
}

/// <summary>
/// Re-sends every event with a greater <c>seq</c> in order, answers, then goes on live. What is not kept any more is one <c>gap</c> event. With <c>limit</c> at
/// most so many events come, and <c>more</c> says that the client is to ask on, from the last one: it follows the session only when nothing is left.
/// <c>epoch</c> is the one that the client's <c>afterSeq</c> was counted in. With <c>last</c> only the newest events come, at least so many: what is before them is
/// one <c>gap</c> that is <c>kept</c>, and the events begin with a turn where one began not long before.
/// </summary>
public sealed record AgentSessionAttachRequest(string AgentSessionId, long AfterSeq, int? Limit = null, string? Epoch = null, int? Last = null) : IRequest<AgentSessionAttachResponse>
{
    public static string Type => "agent_session_attach";
}

/// <summary>
/// <c>epoch</c> names the log that <c>seq</c> counts in; it changes when the machine's database was restored or began anew. <c>resync</c>: the client's cursor
/// is of another log; nothing was sent, and the client forgets what it has and asks again from 0. <c>inTerminal</c>: a terminal has the session open. <c>background</c>: how many tasks run on
/// between turns.
/// </summary>
public sealed record AgentSessionAttachResponse(long LastSeq, AgentSessionState State, string Epoch, bool? More = null, bool? Resync = null, bool? InTerminal = null, int? Background = null) : IMessage
{
    public static string Type => "agent_session_attach_response";
}

/// <summary>The newest events before <c>beforeSeq</c>, at most <c>limit</c> (500) of them and some 2 MB: for a client that attached with <c>last</c> and reads upwards.</summary>
public sealed record AgentEventsRequest(string AgentSessionId, long BeforeSeq, int? Limit = null) : IRequest<AgentEventsResponse>
{
    public static string Type => "agent_events";
}

/// <summary><c>events</c> in their order; what is not kept any more between them is a <c>gap</c>. <c>more</c>: there are older ones.</summary>
public sealed record AgentEventsResponse(IReadOnlyList<AgentEvent> Events, bool? More = null) : IMessage
{
    public static string Type => "agent_events_response";
}

/// <summary>Ends the terminal's process that has this session open, so that it can be continued here. Not open in a terminal: nothing to do, which is fine.</summary>
public sealed record AgentSessionTakeOverRequest(string AgentSessionId) : IRequest<AgentSessionTakeOverResponse>
{
    public static string Type => "agent_session_take_over";
}

public sealed record AgentSessionTakeOverResponse(bool TakenOver) : IMessage
{
    public static string Type => "agent_session_take_over_response";
}

/// <summary>Asks for the command that goes on with the session in a terminal of the machine.</summary>
public sealed record AgentSessionResumeCommandRequest(string AgentSessionId) : IRequest<AgentSessionResumeCommandResponse>
{
    public static string Type => "agent_session_resume_command";
}

/// <summary>A line for the shell. Absent: the agent keeps no record that a terminal could open, or none yet.</summary>
public sealed record AgentSessionResumeCommandResponse(string? Command = null) : IMessage
{
    public static string Type => "agent_session_resume_command_response";
}

/// <summary>Makes a session of its own that begins with all that this one knows; the original stays as it is, wherever it is open.</summary>
public sealed record AgentSessionForkRequest(string AgentSessionId) : IRequest<AgentSessionForkResponse>
{
    public static string Type => "agent_session_fork";
}

public sealed record AgentSessionForkResponse(string AgentSessionId) : IMessage
{
    public static string Type => "agent_session_fork_response";
}

/// <summary>
/// Stops the running turn; its <c>done</c> then says <c>cancelled</c>. With <c>background</c> it stops the tasks that run beside the turns instead; each says so
/// with a <c>task</c> event.
/// </summary>
public sealed record AgentCancelRequest(string AgentSessionId, bool? Background = null) : IRequest<AgentCancelResponse>
{
    public static string Type => "agent_cancel";
}

public sealed record AgentCancelResponse(bool Cancelled) : IMessage
{
    public static string Type => "agent_cancel_response";
}

/// <summary>Changes what is given, while a turn runs too.</summary>
public sealed record AgentSetModeRequest(string AgentSessionId, PermissionMode? PermissionMode = null, string? Model = null) : IRequest<AgentSetModeResponse>
{
    public static string Type => "agent_set_mode";
}

public sealed record AgentSetModeResponse(PermissionMode PermissionMode, [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Model) : IMessage
{
    public static string Type => "agent_set_mode_response";
}

/// <summary>
/// Answers a prompt. <c>suggestions</c> are the indexes of the prompt's suggestions to apply; <c>answers</c> maps a question's text to the label
/// chosen (several joined by ", "). Answered already, withdrawn or unknown: <c>NOT_FOUND</c>.
/// </summary>
public sealed record AgentPromptResponseRequest(
    string AgentSessionId,
    string PromptId,
    PromptDecision Decision,
    IReadOnlyList<int>? Suggestions = null,
    string? Message = null,
    JsonElement? UpdatedInput = null,
    IReadOnlyDictionary<string, string>? Answers = null,
    bool? Interrupt = null) : IRequest<AgentPromptResponseResponse>
{
    public static string Type => "agent_prompt_response";
}

[JsonConverter(typeof(JsonStringEnumConverter<PromptDecision>))]
public enum PromptDecision
{
    [JsonStringEnumMemberName("allow")] Allow,
    [JsonStringEnumMemberName("deny")] Deny,
}

public sealed record AgentPromptResponseResponse(bool Accepted) : IMessage
{
    public static string Type => "agent_prompt_response_response";
}

/// <summary>Goes to every client of the user, so that lists and badges stay true. <c>machineOpenPrompts</c> and <c>machineProblems</c> count those of all sessions of the machine.</summary>
public sealed record AgentSessionChanged(
    string AgentSessionId,
    AgentSessionState State,
    string Title,
    int OpenPrompts,
    long LastSeq,
    int MachineOpenPrompts,
    bool? InTerminal = null,
    int? Background = null,
    int? MachineProblems = null) : IEvent
{
    public static string Type => "agent_session_changed";
}

[JsonSerializable(typeof(AgentSessionNewRequest))]
[JsonSerializable(typeof(AgentSessionNewResponse))]
[JsonSerializable(typeof(AgentMessageRequest))]
[JsonSerializable(typeof(AgentMessageResponse))]
[JsonSerializable(typeof(AgentSessionsListRequest))]
[JsonSerializable(typeof(AgentSessionsListResponse))]
[JsonSerializable(typeof(AgentSessionAttachRequest))]
[JsonSerializable(typeof(AgentSessionAttachResponse))]
[JsonSerializable(typeof(AgentCancelRequest))]
[JsonSerializable(typeof(AgentCancelResponse))]
[JsonSerializable(typeof(AgentSetModeRequest))]
[JsonSerializable(typeof(AgentSetModeResponse))]
[JsonSerializable(typeof(AgentPromptResponseRequest))]
[JsonSerializable(typeof(AgentPromptResponseResponse))]
[JsonSerializable(typeof(AgentSessionChanged))]
[JsonSerializable(typeof(AgentEventsRequest))]
[JsonSerializable(typeof(AgentEventsResponse))]
[JsonSerializable(typeof(AgentSessionTakeOverRequest))]
[JsonSerializable(typeof(AgentSessionTakeOverResponse))]
[JsonSerializable(typeof(AgentSessionResumeCommandRequest))]
[JsonSerializable(typeof(AgentSessionResumeCommandResponse))]
[JsonSerializable(typeof(AgentSessionForkRequest))]
[JsonSerializable(typeof(AgentSessionForkResponse))]
[JsonSerializable(typeof(AgentsListRequest))]
[JsonSerializable(typeof(AgentsListResponse))]
[JsonSerializable(typeof(AgentCommandsRequest))]
[JsonSerializable(typeof(AgentCommandsResponse))]
[JsonSerializable(typeof(AgentPromptsListRequest))]
[JsonSerializable(typeof(AgentPromptsListResponse))]
[JsonSerializable(typeof(AgentProblemDismissRequest))]
[JsonSerializable(typeof(AgentProblemDismissResponse))]
[JsonSerializable(typeof(AgentEvent))]
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
internal sealed partial class AgentJson : JsonSerializerContext;
