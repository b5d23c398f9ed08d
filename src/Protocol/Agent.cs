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

/// <summary>Begins a session with its first message. <c>messageId</c> is a UUID the client made: the same one again is answered the same and never runs twice.</summary>
public sealed record AgentSessionNewRequest(
    string MessageId,
    string Content,
    IReadOnlyList<ImageData>? Images = null,
    string? Model = null,
    PermissionMode? PermissionMode = null) : IRequest<AgentSessionNewResponse>
{
    public static string Type => "agent_session_new";
}

public sealed record AgentSessionNewResponse(string AgentSessionId) : IMessage
{
    public static string Type => "agent_session_new_response";
}

/// <summary>One more message to a session: one turn each, in order. The 51st waiting one is <c>DAEMON_BUSY</c>.</summary>
public sealed record AgentMessageRequest(
    string AgentSessionId,
    string MessageId,
    string Content,
    IReadOnlyList<ImageData>? Images = null,
    string? Model = null,
    PermissionMode? PermissionMode = null) : IRequest<AgentMessageResponse>
{
    public static string Type => "agent_message";
}

/// <summary><c>position</c> is the place among the waiting messages, from 1; 0 when it runs at once.</summary>
public sealed record AgentMessageResponse(bool Queued, int Position) : IMessage
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

/// <summary><c>messageCount</c> counts what was asked; <c>queued</c> what waits.</summary>
public sealed record AgentSessionEntry(
    string AgentSessionId,
    string Title,
    DateTimeOffset StartedAt,
    DateTimeOffset LastActivityAt,
    int MessageCount,
    AgentSessionState State,
    int Queued,
    string? Model = null,
    int? OpenPrompts = null);

/// <summary><c>waiting</c>: a prompt is open and the agent waits for a person.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<AgentSessionState>))]
public enum AgentSessionState
{
    [JsonStringEnumMemberName("idle")] Idle,
    [JsonStringEnumMemberName("running")] Running,
    [JsonStringEnumMemberName("waiting")] Waiting,
}

/// <summary>Re-sends every event with a greater <c>seq</c> in order, answers, then goes on live.</summary>
public sealed record AgentSessionAttachRequest(string AgentSessionId, long AfterSeq) : IRequest<AgentSessionAttachResponse>
{
    public static string Type => "agent_session_attach";
}

public sealed record AgentSessionAttachResponse(long LastSeq, AgentSessionState State) : IMessage
{
    public static string Type => "agent_session_attach_response";
}

/// <summary>Stops the running turn; its <c>done</c> then says <c>cancelled</c>.</summary>
public sealed record AgentCancelRequest(string AgentSessionId) : IRequest<AgentCancelResponse>
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

/// <summary>Goes to every client of the user, so that lists and badges stay true.</summary>
public sealed record AgentSessionChanged(string AgentSessionId, AgentSessionState State, string Title, int OpenPrompts, long LastSeq) : IEvent
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
[JsonSerializable(typeof(AgentEvent))]
internal sealed partial class AgentJson : JsonSerializerContext;
