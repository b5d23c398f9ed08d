using System.Text.Json;
using System.Text.Json.Serialization;

namespace PocketCoder.Protocol;

/// <summary>What can go wrong with a request, as the client sees it.</summary>
[JsonConverter(typeof(ErrorCodeConverter))]
public enum ErrorCode
{
    /// <summary>A bug or a failure nobody foresaw; the daemon's log has the details.</summary>
    UnknownError,

    /// <summary>Missing or invalid payload, or an unknown type.</summary>
    InvalidRequest,

    /// <summary>Authentication failed; every cause looks the same.</summary>
    Unauthorized,

    /// <summary>No project with this id is registered on the machine.</summary>
    ProjectNotFound,

    /// <summary>The file or directory does not exist.</summary>
    FileNotFound,

    /// <summary>More than 10 MB to read without a range, or 1 MB to write.</summary>
    FileTooLarge,

    /// <summary>The path leaves the project.</summary>
    OutsideProjectRoot,

    /// <summary>The project is not a git repository.</summary>
    GitNotInitialized,

    /// <summary>The command ran longer than its timeout and was ended.</summary>
    CommandTimeout,

    /// <summary>A queue is full; try again when something has finished.</summary>
    DaemonBusy,

    /// <summary>A machine, session, prompt or request that does not exist or is not yours.</summary>
    NotFound,

    /// <summary>The machine is yours, but not connected.</summary>
    MachineOffline,

    /// <summary>No sign of life about the request for 15 s.</summary>
    RelayTimeout,

    /// <summary>The file changed since it was read; details carry the current etag.</summary>
    Conflict,

    /// <summary>git failed; details carry exitCode and stderr.</summary>
    GitError,

    /// <summary>The agent's CLI is missing or not logged in; details say which and what to do.</summary>
    AgentUnavailable,

    /// <summary>Too many messages or requests in flight.</summary>
    RateLimited,

    /// <summary>More entries than a listing holds.</summary>
    TooManyEntries,

    /// <summary>Something with this name is there already.</summary>
    AlreadyExists,

    /// <summary>A directory was expected.</summary>
    NotADirectory,

    /// <summary>A file was expected.</summary>
    IsADirectory,
}

internal sealed class ErrorCodeConverter() : JsonStringEnumConverter<ErrorCode>(JsonNamingPolicy.SnakeCaseUpper);

/// <summary>The <c>error</c> member of an <c>error</c> message. <c>message</c> is for a person to read.</summary>
public sealed record ErrorInfo(ErrorCode Code, string Message, ErrorDetails? Details = null);

/// <summary>Machine-readable particulars of an error; which members are there depends on the code.</summary>
public sealed record ErrorDetails
{
    /// <summary>The path in question, relative to the project.</summary>
    public string? Path { get; init; }

    /// <summary><c>CONFLICT</c>: the file's present etag.</summary>
    public string? Etag { get; init; }

    /// <summary><c>GIT_ERROR</c>: git's exit code.</summary>
    public int? ExitCode { get; init; }

    /// <summary><c>GIT_ERROR</c>: what git said, without paths outside the project.</summary>
    public string? Stderr { get; init; }

    /// <summary><c>AGENT_UNAVAILABLE</c>: <c>not_installed</c> or <c>not_logged_in</c>. <c>MACHINE_OFFLINE</c>: <c>gone</c>, when the request had been passed on and may have been carried out.</summary>
    public string? Reason { get; init; }

    /// <summary>What the user can do about it, as a sentence.</summary>
    public string? Action { get; init; }
}

/// <summary>
/// Fails the current request with a code the client understands. The message is shown to the user as it is,
/// so it never carries secrets or absolute paths; throw anything else and the client sees only UNKNOWN_ERROR.
/// </summary>
public sealed class RequestException(ErrorCode code, string message, ErrorDetails? details = null, Exception? inner = null)
    : Exception(message, inner)
{
    public ErrorCode Code { get; } = code;

    public ErrorDetails? Details { get; } = details;

    public ErrorInfo ToErrorInfo() => new(Code, Message, Details);
}
