using System.Text.Json.Serialization;

namespace PocketCoder.Protocol;

// Paths are the project's own, also where the project is a directory of a larger repository. A name that is not UTF-8 is shown with U+FFFD for each
// byte that cannot be read and cannot be named in a request; its directory can.

/// <summary>Branch and changes of the project's repository. Never runs anything the repository configures.</summary>
public sealed record GitStatusRequest : IRequest<GitStatusResponse>
{
    public static string Type => "git_status";
}

/// <summary>
/// <c>branch</c> is null when detached, <c>head</c> is null before the first commit. An untracked file is unstaged with <c>"?"</c>.
/// At most 10,000 changes a group, then <c>truncated</c>. <c>operation</c>: <c>merge</c>, <c>rebase</c>, <c>cherry-pick</c>, <c>revert</c> or
/// <c>bisect</c> when one is under way. <c>keyMemory</c>: which memory the <c>key</c>s of requests that change something are kept in; after a restart it is another.
/// </summary>
public sealed record GitStatusResponse(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Branch,
    bool Detached,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Head,
    string? Upstream,
    int Ahead,
    int Behind,
    IReadOnlyList<GitChange> Staged,
    IReadOnlyList<GitChange> Unstaged,
    IReadOnlyList<GitChange> Conflicted,
    bool? Truncated = null,
    string? Operation = null,
    string? KeyMemory = null) : IMessage
{
    public static string Type => "git_status_response";
}

/// <summary><c>status</c> is git's own letter (<c>M A D R C T U ?</c>; two letters for a conflict).</summary>
public sealed record GitChange(string Path, string Status, string? OrigPath = null);

/// <summary>Local and remote branches, the last committed first.</summary>
public sealed record GitBranchesRequest : IRequest<GitBranchesResponse>
{
    public static string Type => "git_branches";
}

/// <summary><c>current</c> is null when detached; before the first commit it names a branch that is not in the list. At most 1,000, then <c>truncated</c>.</summary>
public sealed record GitBranchesResponse(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Current,
    IReadOnlyList<GitBranch> Branches,
    bool? Truncated = null) : IMessage
{
    public static string Type => "git_branches_response";
}

/// <summary><c>ahead</c> and <c>behind</c> count commits against <c>upstream</c>.</summary>
public sealed record GitBranch(
    string Name, GitBranchKind Kind, string Sha, int Ahead, int Behind, DateTimeOffset CommittedAt, string Subject, string? Upstream = null);

[JsonConverter(typeof(JsonStringEnumConverter<GitBranchKind>))]
public enum GitBranchKind
{
    [JsonStringEnumMemberName("local")] Local,
    [JsonStringEnumMemberName("remote")] Remote,
}

/// <summary>A new branch at <c>startPoint</c>, or at HEAD. It is not switched to. <c>ALREADY_EXISTS</c> when there is one of that name.</summary>
public sealed record GitBranchCreateRequest(string Name, string? StartPoint = null, string? Key = null) : IRequest<GitBranchCreateResponse>, IKeyed
{
    public static string Type => "git_branch_create";
}

public sealed record GitBranchCreateResponse(string Name, string Sha) : IMessage
{
    public static string Type => "git_branch_create_response";
}

/// <summary>Switches to a branch, tag or commit. A name that only a remote has becomes a local branch that follows it, as at the desk.</summary>
public sealed record GitCheckoutRequest(string Ref, string? Key = null) : IRequest<GitCheckoutResponse>, IKeyed
{
    public static string Type => "git_checkout";
}

public sealed record GitCheckoutResponse(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Branch,
    bool Detached,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Head) : IMessage
{
    public static string Type => "git_checkout_response";
}

/// <summary>
/// Stages files and directories ("" is the project), deletions included. With <c>hunks</c> (ids of <c>git_diff</c>, scope <c>unstaged</c>, asked with the same
/// <c>contextLines</c>) <c>paths</c> is one file and only these hunks are staged; <c>CONFLICT</c> when one of them is no longer there.
/// </summary>
public sealed record GitStageRequest(IReadOnlyList<string> Paths, IReadOnlyList<string>? Hunks = null, int? ContextLines = null, string? Key = null)
    : IRequest<GitStageResponse>, IKeyed
{
    public static string Type => "git_stage";
}

public sealed record GitStageResponse(bool Success) : IMessage
{
    public static string Type => "git_stage_response";
}

/// <summary>The reverse of <c>git_stage</c>, before the first commit too. <c>hunks</c> are ids of scope <c>staged</c>.</summary>
public sealed record GitUnstageRequest(IReadOnlyList<string> Paths, IReadOnlyList<string>? Hunks = null, int? ContextLines = null, string? Key = null)
    : IRequest<GitUnstageResponse>, IKeyed
{
    public static string Type => "git_unstage";
}

public sealed record GitUnstageResponse(bool Success) : IMessage
{
    public static string Type => "git_unstage_response";
}

/// <summary>Commits what is staged. With <c>amend</c> the last commit is replaced; an empty message then keeps its message. Hooks run as at the desk.</summary>
public sealed record GitCommitRequest(string Message, bool? Amend = null, string? Key = null) : IRequest<GitCommitResponse>, IKeyed
{
    public static string Type => "git_commit";
}

public sealed record GitCommitResponse(string Sha, string Subject) : IMessage
{
    public static string Type => "git_commit_response";
}

/// <summary>
/// Pushes one branch: the current one unless named, to where git would push it (its push remote, its upstream's, the only one, <c>origin</c>) unless
/// <c>remote</c> names a configured remote. Streams <c>progress</c>. Never forces. At most 120 s.
/// </summary>
public sealed record GitPushRequest(string? Remote = null, string? Branch = null, bool? SetUpstream = null) : IRequest<GitPushResponse>
{
    public static string Type => "git_push";
}

public sealed record GitPushResponse(bool Success, string Remote, string Branch, string Output) : IMessage
{
    public static string Type => "git_push_response";
}

/// <summary>Fetches from a configured remote (the upstream's, the only one, <c>origin</c>). Streams <c>progress</c>. At most 120 s.</summary>
public sealed record GitFetchRequest(string? Remote = null, bool? Prune = null) : IRequest<GitFetchResponse>
{
    public static string Type => "git_fetch";
}

public sealed record GitFetchResponse(bool Success, string Remote) : IMessage
{
    public static string Type => "git_fetch_response";
}

/// <summary>
/// Brings the upstream's commits into the current branch. <c>ff-only</c> (the default) refuses where both sides have commits; <c>merge</c> and
/// <c>rebase</c> join them, or change nothing and name the files when there are conflicts. Streams <c>progress</c>. At most 120 s.
/// </summary>
public sealed record GitPullRequest(GitPullMode? Mode = null) : IRequest<GitPullResponse>
{
    public static string Type => "git_pull";
}

public sealed record GitPullResponse(bool Success, string Head, bool Updated) : IMessage
{
    public static string Type => "git_pull_response";
}

[JsonConverter(typeof(JsonStringEnumConverter<GitPullMode>))]
public enum GitPullMode
{
    [JsonStringEnumMemberName("ff-only")] FastForwardOnly,
    [JsonStringEnumMemberName("merge")] Merge,
    [JsonStringEnumMemberName("rebase")] Rebase,
}

/// <summary>Ends a push, fetch or pull of this client by its request id; that request is then answered <c>GIT_ERROR</c> with reason <c>cancelled</c>. <c>NOT_FOUND</c> when it is over.</summary>
public sealed record GitCancelRequest(string RequestId) : IRequest<GitCancelResponse>
{
    public static string Type => "git_cancel";
}

public sealed record GitCancelResponse(bool Cancelled) : IMessage
{
    public static string Type => "git_cancel_response";
}

/// <summary>A file as it was committed: at HEAD unless <c>ref</c> names another commit.</summary>
public sealed record GitFileBaseRequest(string Path, string? Ref = null) : IRequest<GitFileBaseResponse>
{
    public static string Type => "git_file_base";
}

/// <summary><c>exists</c> is false for a file that commit does not have. Over 10 MB: <c>FILE_TOO_LARGE</c>.</summary>
public sealed record GitFileBaseResponse(string Path, bool Exists, FileBytes? Content = null, ContentEncoding? Encoding = null) : IMessage
{
    public static string Type => "git_file_base_response";
}

/// <summary>
/// What changed: in the index (<c>staged</c>), in the working tree (<c>unstaged</c>, untracked files included) or in one commit against its first parent.
/// <c>contextLines</c> is 3 unless given, at most 1,000.
/// </summary>
public sealed record GitDiffRequest(GitDiffScope Scope, string? Commit = null, IReadOnlyList<string>? Paths = null, int? ContextLines = null) : IRequest<GitDiffResponse>
{
    public static string Type => "git_diff";
}

[JsonConverter(typeof(JsonStringEnumConverter<GitDiffScope>))]
public enum GitDiffScope
{
    [JsonStringEnumMemberName("staged")] Staged,
    [JsonStringEnumMemberName("unstaged")] Unstaged,
    [JsonStringEnumMemberName("commit")] Commit,
}

/// <summary>At most 300 files, 3,000 lines a file, 1 MB of lines in all; <c>truncated</c> when there is more. <c>fileCount</c> counts every file.</summary>
public sealed record GitDiffResponse(IReadOnlyList<GitFileDiff> Files, int FileCount, bool Truncated) : IMessage
{
    public static string Type => "git_diff_response";
}

/// <summary>
/// One file. <c>additions</c> and <c>deletions</c> count all its lines also where <c>truncated</c> hunks show only some. A binary file has no hunks.
/// An untracked file has status <c>"?"</c>, a conflicted one <c>"U"</c> (its hunks are against our side).
/// </summary>
public sealed record GitFileDiff(
    string Path, string Status, bool Binary, int Additions, int Deletions, IReadOnlyList<GitHunk> Hunks, string? OrigPath = null, bool? Truncated = null);

/// <summary>
/// <c>lines</c> begin with <c>+</c>, <c>-</c> or a space, or with <c>\</c> for git's remark that the line before has no newline at its end; a line is
/// cut at 2,000 characters. <c>id</c> names the hunk, bytes and all, to <c>git_stage</c>, <c>git_unstage</c> and <c>git_discard</c>; one that is shown in part has none.
/// </summary>
public sealed record GitHunk(string Header, int OldStart, int OldLines, int NewStart, int NewLines, IReadOnlyList<string> Lines, string? Id = null);

/// <summary>
/// Commits reachable from <c>ref</c> (HEAD), the newest first; with <c>path</c> those that changed it. <c>limit</c> is 50 unless given, at most 500.
/// For the next page ask with <c>ref</c> = the answer's <c>from</c> and <c>skip</c> = what there is so far, so that a new commit shifts nothing.
/// </summary>
public sealed record GitLogRequest(int? Limit = null, int? Skip = null, string? Path = null, string? Ref = null) : IRequest<GitLogResponse>
{
    public static string Type => "git_log";
}

/// <summary><c>from</c> is null before the first commit.</summary>
public sealed record GitLogResponse(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? From,
    IReadOnlyList<GitCommit> Commits,
    bool HasMore) : IMessage
{
    public static string Type => "git_log_response";
}

/// <summary><c>body</c> is what follows the subject, cut at 4,000 characters. <c>refs</c> are the branches and tags that point here.</summary>
public sealed record GitCommit(
    string Sha,
    IReadOnlyList<string> Parents,
    string Subject,
    string AuthorName,
    string AuthorEmail,
    DateTimeOffset AuthoredAt,
    string? Body = null,
    IReadOnlyList<string>? Refs = null);

/// <summary>
/// Takes the working tree's changes to these paths back to what is staged, and deletes the untracked files among them. What is thrown away is kept
/// as a commit and comes back with <c>git_discard_undo</c>. Ignored files are never touched. With <c>hunks</c>, as in <c>git_stage</c>, only these hunks of the one file.
/// </summary>
public sealed record GitDiscardRequest(IReadOnlyList<string> Paths, IReadOnlyList<string>? Hunks = null, int? ContextLines = null, string? Key = null)
    : IRequest<GitDiscardResponse>, IKeyed
{
    public static string Type => "git_discard";
}

/// <summary><c>ref</c> keeps what was discarded, until it is undone or 100 later ones are kept.</summary>
public sealed record GitDiscardResponse(string Ref, IReadOnlyList<GitChange> Discarded) : IMessage
{
    public static string Type => "git_discard_response";
}

/// <summary>Brings back what a <c>git_discard</c> threw away. <c>CONFLICT</c>, and nothing is changed, when a file has newer changes.</summary>
public sealed record GitDiscardUndoRequest(string Ref, string? Key = null) : IRequest<GitDiscardUndoResponse>, IKeyed
{
    public static string Type => "git_discard_undo";
}

public sealed record GitDiscardUndoResponse(bool Success) : IMessage
{
    public static string Type => "git_discard_undo_response";
}

/// <summary>
/// <c>push</c> puts the changes aside (<c>message?</c>, <c>includeUntracked?</c>); <c>pop</c>, <c>apply</c> and <c>drop</c> name a stash by its <c>sha</c>, because numbers shift.
/// </summary>
public sealed record GitStashRequest(GitStashAction Action, string? Message = null, bool? IncludeUntracked = null, string? Sha = null, string? Key = null)
    : IRequest<GitStashResponse>, IKeyed
{
    public static string Type => "git_stash";
}

[JsonConverter(typeof(JsonStringEnumConverter<GitStashAction>))]
public enum GitStashAction
{
    [JsonStringEnumMemberName("list")] List,
    [JsonStringEnumMemberName("push")] Push,
    [JsonStringEnumMemberName("pop")] Pop,
    [JsonStringEnumMemberName("apply")] Apply,
    [JsonStringEnumMemberName("drop")] Drop,
}

/// <summary>The stashes there are afterwards, the newest first; at most 100.</summary>
public sealed record GitStashResponse(IReadOnlyList<GitStashEntry> Stashes) : IMessage
{
    public static string Type => "git_stash_response";
}

public sealed record GitStashEntry(string Sha, string Message, DateTimeOffset CreatedAt);

[JsonSerializable(typeof(GitStatusRequest))]
[JsonSerializable(typeof(GitStatusResponse))]
[JsonSerializable(typeof(GitBranchesRequest))]
[JsonSerializable(typeof(GitBranchesResponse))]
[JsonSerializable(typeof(GitBranchCreateRequest))]
[JsonSerializable(typeof(GitBranchCreateResponse))]
[JsonSerializable(typeof(GitCheckoutRequest))]
[JsonSerializable(typeof(GitCheckoutResponse))]
[JsonSerializable(typeof(GitStageRequest))]
[JsonSerializable(typeof(GitStageResponse))]
[JsonSerializable(typeof(GitUnstageRequest))]
[JsonSerializable(typeof(GitUnstageResponse))]
[JsonSerializable(typeof(GitCommitRequest))]
[JsonSerializable(typeof(GitCommitResponse))]
[JsonSerializable(typeof(GitPushRequest))]
[JsonSerializable(typeof(GitPushResponse))]
[JsonSerializable(typeof(GitFetchRequest))]
[JsonSerializable(typeof(GitFetchResponse))]
[JsonSerializable(typeof(GitPullRequest))]
[JsonSerializable(typeof(GitPullResponse))]
[JsonSerializable(typeof(GitCancelRequest))]
[JsonSerializable(typeof(GitCancelResponse))]
[JsonSerializable(typeof(GitFileBaseRequest))]
[JsonSerializable(typeof(GitFileBaseResponse))]
[JsonSerializable(typeof(GitDiffRequest))]
[JsonSerializable(typeof(GitDiffResponse))]
[JsonSerializable(typeof(GitLogRequest))]
[JsonSerializable(typeof(GitLogResponse))]
[JsonSerializable(typeof(GitDiscardRequest))]
[JsonSerializable(typeof(GitDiscardResponse))]
[JsonSerializable(typeof(GitDiscardUndoRequest))]
[JsonSerializable(typeof(GitDiscardUndoResponse))]
[JsonSerializable(typeof(GitStashRequest))]
[JsonSerializable(typeof(GitStashResponse))]
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
internal sealed partial class GitJson : JsonSerializerContext;
