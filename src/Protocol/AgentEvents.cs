using System.Text.Json;
using System.Text.Json.Serialization;

namespace PocketCoder.Protocol;

/// <summary>
/// One thing that happened in an agent session. <c>seq</c> grows by exactly one per session and event; only what is not kept, <c>text_delta</c> and <c>gap</c>, has none.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(AgentInit), "init")]
[JsonDerivedType(typeof(AgentUser), "user")]
[JsonDerivedType(typeof(AgentText), "text")]
[JsonDerivedType(typeof(AgentTextDelta), "text_delta")]
[JsonDerivedType(typeof(AgentThinking), "thinking")]
[JsonDerivedType(typeof(AgentFileCreate), "file_create")]
[JsonDerivedType(typeof(AgentFileEdit), "file_edit")]
[JsonDerivedType(typeof(AgentToolUse), "tool_use")]
[JsonDerivedType(typeof(AgentToolResult), "tool_result")]
[JsonDerivedType(typeof(AgentPrompt), "prompt")]
[JsonDerivedType(typeof(AgentPromptResolved), "prompt_resolved")]
[JsonDerivedType(typeof(AgentStatus), "status")]
[JsonDerivedType(typeof(AgentError), "error")]
[JsonDerivedType(typeof(AgentDone), "done")]
[JsonDerivedType(typeof(AgentTodo), "todo")]
[JsonDerivedType(typeof(AgentTask), "task")]
[JsonDerivedType(typeof(AgentGap), "gap")]
public abstract record AgentEvent : IEvent
{
    public static string Type => "agent_event";

    public required string AgentSessionId { get; init; }

    public long? Seq { get; init; }

    public DateTimeOffset At { get; init; }
}

/// <summary>The agent began a turn with these settings.</summary>
public sealed record AgentInit(
    string Model,
    string Cwd,
    IReadOnlyList<string> Tools,
    string PermissionMode,
    string AgentVersion,
    IReadOnlyList<string>? SlashCommands = null) : AgentEvent;

/// <summary>What was asked, from whichever client or terminal. <c>queued</c> when it waits for its turn.</summary>
public sealed record AgentUser(string Content, string? MessageId = null, IReadOnlyList<AgentImage>? Images = null, bool? Queued = null) : AgentEvent;

/// <summary>An image of a message; <c>data</c> (base64) is left out when it is large.</summary>
public sealed record AgentImage(string MediaType, long Bytes, string? Data = null);

/// <summary>A whole block of the agent's text. <c>messageId</c> names the deltas that came before it.</summary>
public sealed record AgentText(string Text, string? MessageId = null, bool? Truncated = null) : AgentEvent
{
    public string? ParentToolUseId { get; init; }
}

/// <summary>More of the text in the making; not kept. Another <c>messageId</c> than the last one's begins anew, and so does <c>whole</c>: all that there is so far.</summary>
public sealed record AgentTextDelta(string MessageId, string Delta, bool? Whole = null) : AgentEvent;

public sealed record AgentThinking(string Text, bool? Truncated = null) : AgentEvent
{
    public string? ParentToolUseId { get; init; }
}

/// <summary>The agent wants to write a whole file. <c>path</c> is relative to the project where it lies inside; content is cut at 64 KB.</summary>
public sealed record AgentFileCreate(string ToolUseId, string Path, string Content, bool? Truncated = null) : AgentEvent
{
    public string? ParentToolUseId { get; init; }
}

/// <summary>The agent wants to change a file.</summary>
public sealed record AgentFileEdit(string ToolUseId, string Path, IReadOnlyList<FileEdit> Edits, string? Patch = null, bool? Truncated = null) : AgentEvent
{
    public string? ParentToolUseId { get; init; }
}

public sealed record FileEdit(string OldText, string NewText);

/// <summary>Any other tool.</summary>
public sealed record AgentToolUse(string ToolUseId, string Name, JsonElement Input, string? ParentToolUseId = null, bool? Truncated = null) : AgentEvent;

/// <summary>What a tool gave back, cut at 64 KB. <c>patch</c>: unified hunks of the change, when the agent told them.</summary>
public sealed record AgentToolResult(string ToolUseId, string Content, bool IsError, bool? Truncated = null, string? Patch = null) : AgentEvent
{
    public string? ParentToolUseId { get; init; }
}

[JsonConverter(typeof(JsonStringEnumConverter<PromptKind>))]
public enum PromptKind
{
    [JsonStringEnumMemberName("permission")] Permission,
    [JsonStringEnumMemberName("question")] Question,
    [JsonStringEnumMemberName("plan")] Plan,
}

/// <summary>The agent waits for a person. Sent again to each client that attaches while it is open.</summary>
public sealed record AgentPrompt(
    string PromptId,
    PromptKind Kind,
    string ToolName,
    string ToolUseId,
    JsonElement Input,
    string Title,
    string? Reason = null,
    IReadOnlyList<PromptQuestion>? Questions = null,
    string? Plan = null,
    IReadOnlyList<PromptSuggestion>? Suggestions = null,
    string? ParentToolUseId = null) : AgentEvent;

public sealed record PromptQuestion(string Question, string Header, bool MultiSelect, IReadOnlyList<PromptOption> Options);

public sealed record PromptOption(string Label, string? Description = null, string? Preview = null);

/// <summary>Something that can be granted together with an "allow"; <c>type</c> and <c>destination</c> are the agent's own words.</summary>
public sealed record PromptSuggestion(string Label, string Type, string? Destination = null);

[JsonConverter(typeof(JsonStringEnumConverter<PromptOutcome>))]
public enum PromptOutcome
{
    [JsonStringEnumMemberName("allowed")] Allowed,
    [JsonStringEnumMemberName("denied")] Denied,
    [JsonStringEnumMemberName("withdrawn")] Withdrawn,
    [JsonStringEnumMemberName("expired")] Expired,
}

/// <summary>The prompt is closed, everywhere. <c>by</c> is the client that answered.</summary>
public sealed record AgentPromptResolved(string PromptId, PromptOutcome Outcome, string? By = null) : AgentEvent;

[JsonConverter(typeof(JsonStringEnumConverter<AgentActivity>))]
public enum AgentActivity
{
    [JsonStringEnumMemberName("running")] Running,
    [JsonStringEnumMemberName("waiting")] Waiting,
    [JsonStringEnumMemberName("retrying")] Retrying,
    [JsonStringEnumMemberName("idle")] Idle,
}

/// <summary>What the session is doing; an API retry says in <c>detail</c> which attempt and why.</summary>
public sealed record AgentStatus(AgentActivity State, string? Detail = null) : AgentEvent
{
    /// <summary>The mode from now on, when it changed.</summary>
    public string? PermissionMode { get; init; }

    /// <summary>The message that was given to the agent with this; its <c>done</c> is still to come.</summary>
    public string? MessageId { get; init; }

    /// <summary>How many tasks run on between turns, when that changed.</summary>
    public int? Background { get; init; }
}

/// <summary>
/// The agent's own failure (<c>not_logged_in</c>, <c>rate_limit</c>, <c>overloaded</c>, …), with a sentence for a person. <c>resetsAt</c>: when a limit ends;
/// <c>action</c>: what to do on the machine.
/// </summary>
public sealed record AgentError(string Code, string Message, DateTimeOffset? ResetsAt = null, string? Action = null) : AgentEvent;

/// <summary>The agent's list of what is to be done, as it is now; it replaces the one before.</summary>
public sealed record AgentTodo(IReadOnlyList<TodoItem> Items) : AgentEvent;

public sealed record TodoItem(string Id, string Content, TodoState State);

[JsonConverter(typeof(JsonStringEnumConverter<TodoState>))]
public enum TodoState
{
    [JsonStringEnumMemberName("pending")] Pending,
    [JsonStringEnumMemberName("in_progress")] InProgress,
    [JsonStringEnumMemberName("completed")] Completed,
}

/// <summary>A sub-agent or a command in the background: begun by the tool call <c>toolUseId</c>, told again when its state changes.</summary>
public sealed record AgentTask(string TaskId, TaskKind Kind, TaskState State, string Description, string? ToolUseId = null, string? Summary = null) : AgentEvent;

[JsonConverter(typeof(JsonStringEnumConverter<TaskKind>))]
public enum TaskKind
{
    [JsonStringEnumMemberName("agent")] Agent,
    [JsonStringEnumMemberName("command")] Command,
}

[JsonConverter(typeof(JsonStringEnumConverter<TaskState>))]
public enum TaskState
{
    [JsonStringEnumMemberName("running")] Running,
    [JsonStringEnumMemberName("completed")] Completed,
    [JsonStringEnumMemberName("failed")] Failed,
    [JsonStringEnumMemberName("stopped")] Stopped,
}

/// <summary>
/// The events <c>from</c> to <c>to</c> do not come; the next one has the number after <c>to</c>. Has no <c>seq</c>: it is told to those it concerns. They are not
/// kept any more; with <c>kept</c> they are, and <c>agent_events</c> gives them: then <c>carried</c> are those of them that still tell how the session stands
/// (the last <c>init</c> and <c>todo</c>).
/// </summary>
public sealed record AgentGap(long From, long To, bool? Kept = null, IReadOnlyList<AgentEvent>? Carried = null) : AgentEvent;

/// <summary>
/// The end of a turn: exactly one, whatever happened. <c>interrupted</c>: the agent or the daemon died in the middle; nothing is run again by itself.
/// <c>costUsd</c> is the turn's, <c>totalCostUsd</c> the session's; <c>contextTokens</c> of <c>contextWindow</c> are in use. <c>messageId</c> is the message that began
/// the turn, <c>steered</c> those that went into it.
/// </summary>
public sealed record AgentDone(
    bool Cancelled,
    bool IsError,
    string? Result = null,
    long DurationMs = 0,
    decimal? CostUsd = null,
    AgentUsage? Usage = null,
    int? Turns = null,
    bool? Interrupted = null,
    string? MessageId = null,
    decimal? TotalCostUsd = null,
    long? ContextTokens = null,
    long? ContextWindow = null,
    IReadOnlyList<string>? Steered = null) : AgentEvent;

/// <summary>Tokens of this turn.</summary>
public sealed record AgentUsage(long InputTokens, long OutputTokens, long CacheReadTokens, long CacheCreationTokens);
