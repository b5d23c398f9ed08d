using System.Text.Json.Serialization;

namespace PocketCoder.Protocol;

/// <summary>The projects registered on a machine. Carries no project.</summary>
public sealed record ProjectsListRequest : IRequest<ProjectsListResponse>
{
    public static string Type => "projects_list";
}

public sealed record ProjectsListResponse(IReadOnlyList<ProjectEntry> Projects) : IMessage
{
    public static string Type => "projects_list_response";
}

/// <summary><c>lastFsSeq</c> is the <c>seq</c> of the project's newest <c>fs_changed</c>.</summary>
public sealed record ProjectEntry(
    string ProjectId,
    string Name,
    string Path,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] DateTimeOffset? LastOpenedAt,
    bool WatcherRunning,
    long LastFsSeq);

[JsonSerializable(typeof(ProjectsListRequest))]
[JsonSerializable(typeof(ProjectsListResponse))]
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
internal sealed partial class ProjectsJson : JsonSerializerContext;
