using System.Text.Json.Serialization;

namespace PocketCoder.Protocol;

/// <summary>Branch and changes of the project's repository. Never runs anything the repository configures.</summary>
public sealed record GitStatusRequest : IRequest<GitStatusResponse>
{
    public static string Type => "git_status";
}

/// <summary><c>branch</c> is null when detached, <c>head</c> is null before the first commit. An untracked file is unstaged with <c>"?"</c>.</summary>
public sealed record GitStatusResponse(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Branch,
    bool Detached,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Head,
    string? Upstream,
    int Ahead,
    int Behind,
    IReadOnlyList<GitChange> Staged,
    IReadOnlyList<GitChange> Unstaged,
    IReadOnlyList<GitChange> Conflicted) : IMessage
{
    public static string Type => "git_status_response";
}

/// <summary><c>status</c> is git's own letter (<c>M A D R C T U ?</c>; two letters for a conflict).</summary>
public sealed record GitChange(string Path, string Status, string? OrigPath = null);

[JsonSerializable(typeof(GitStatusRequest))]
[JsonSerializable(typeof(GitStatusResponse))]
internal sealed partial class GitJson : JsonSerializerContext;
