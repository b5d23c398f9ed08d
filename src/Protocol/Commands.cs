using System.Text.Json.Serialization;

namespace PocketCoder.Protocol;

/// <summary>
/// Runs a command with the user's shell in the project's directory, without a terminal and with nothing on stdin. <c>command</c>: at most 131,071 bytes, no NUL;
/// <c>timeoutMs</c>: 120,000 unless said, at most 1,800,000. The events <c>command_started</c> and <c>command_output</c> come first, then <c>command_exit</c>, or
/// <c>COMMAND_TIMEOUT</c> when it was ended at its timeout. Eight run at once, the ninth is <c>DAEMON_BUSY</c>. A run goes on when the connection
/// breaks; <c>command_attach</c> follows it again.
/// </summary>
public sealed record CommandExecRequest(string Command, int? TimeoutMs = null) : IRequest<CommandExit>
{
    public static string Type => "command_exec";
}

/// <summary>The command runs. <c>runId</c> names it on every connection, also in the history.</summary>
public sealed record CommandStarted(string RunId) : IEvent
{
    public static string Type => "command_started";
}

/// <summary>What was printed, at most 16 KiB of it and to one of the two; characters are whole, and a byte that is no UTF-8 is U+FFFD.</summary>
public sealed record CommandOutput(string? StdoutChunk = null, string? StderrChunk = null) : IEvent
{
    public static string Type => "command_output";
}

/// <summary>
/// Nothing of the command is left. <c>exitCode</c> is null when a signal ended it, such as <c>SIGTERM</c> after <c>command_cancel</c>; <c>truncated</c>: it
/// printed more than 300 KB, and the rest was dropped.
/// </summary>
public sealed record CommandExit(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] int? ExitCode,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Signal,
    long DurationMs,
    bool Truncated) : IMessage
{
    public static string Type => "command_exit";
}

/// <summary>
/// Ends a running command and everything it started: SIGTERM, after 5 s SIGKILL; its <c>command_exit</c> follows. Either the <c>requestId</c> of this
/// client's <c>command_exec</c>, or the <c>runId</c> of any run of the project. Ended already or unknown: <c>NOT_FOUND</c>.
/// </summary>
public sealed record CommandCancelRequest(string? RequestId = null, string? RunId = null) : IRequest<CommandCancelResponse>
{
    public static string Type => "command_cancel";
}

public sealed record CommandCancelResponse(bool Cancelled) : IMessage
{
    public static string Type => "command_cancel_response";
}

/// <summary>
/// Follows a run from its beginning: the same events and the same end as for <c>command_exec</c>. For runs that run, and the last eight that ended; of older
/// ones <c>command_history</c> has the end of the output.
/// </summary>
public sealed record CommandAttachRequest(string RunId) : IRequest<CommandExit>
{
    public static string Type => "command_attach";
}

/// <summary>The project's runs, the latest first: <c>limit</c> of them (50 unless said, at most 100), those before the run <c>before</c>. Kept for 7 days.</summary>
public sealed record CommandHistoryRequest(int? Limit = null, string? Before = null) : IRequest<CommandHistoryResponse>
{
    public static string Type => "command_history";
}

public sealed record CommandHistoryResponse(IReadOnlyList<CommandHistoryEntry> Runs) : IMessage
{
    public static string Type => "command_history_response";
}

/// <summary><c>outputPreview</c>: the last 4 KB that it printed. <c>endedAt</c> is null while it runs.</summary>
public sealed record CommandHistoryEntry(
    string RunId,
    string Command,
    DateTimeOffset StartedAt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] DateTimeOffset? EndedAt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] int? ExitCode,
    bool Truncated,
    string OutputPreview,
    CommandState State,
    string? Signal = null);

/// <summary><c>interrupted</c>: the daemon ended before the command did, or the project was removed.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<CommandState>))]
public enum CommandState
{
    [JsonStringEnumMemberName("running")] Running,
    [JsonStringEnumMemberName("exited")] Exited,
    [JsonStringEnumMemberName("cancelled")] Cancelled,
    [JsonStringEnumMemberName("timed_out")] TimedOut,
    [JsonStringEnumMemberName("interrupted")] Interrupted,
}

[JsonSerializable(typeof(CommandExecRequest))]
[JsonSerializable(typeof(CommandStarted))]
[JsonSerializable(typeof(CommandOutput))]
[JsonSerializable(typeof(CommandExit))]
[JsonSerializable(typeof(CommandCancelRequest))]
[JsonSerializable(typeof(CommandCancelResponse))]
[JsonSerializable(typeof(CommandAttachRequest))]
[JsonSerializable(typeof(CommandHistoryRequest))]
[JsonSerializable(typeof(CommandHistoryResponse))]
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
internal sealed partial class CommandsJson : JsonSerializerContext;
