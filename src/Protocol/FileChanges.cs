using System.Text.Json.Serialization;

namespace PocketCoder.Protocol;

/// <summary>
/// What changed in a project, 250 ms after it became quiet, or a second after the first change when it does not. Ignored directories
/// (node_modules, .git, dist, build, .next, at any depth) are left out whole. <c>seq</c> grows by exactly one per event and project, across restarts too.
/// A client that keeps to these rules has the tree that is on disk:
/// 1. It lists what it shows when it connects, when <c>seq</c> is not the last one plus one, and when <c>changesTruncated</c>: then there were more than
/// 500 changes, of which <c>changes</c> has the first, or the watcher could not know them (it just started; then <c>changes</c> may be empty).
/// 2. A listing already holds every event up to its own <c>seq</c>.
/// 3. Other events it applies in their order, see <see cref="FsChange"/>; applying one that it did not need does no harm.
/// </summary>
public sealed record FsChanged(long Seq, IReadOnlyList<FsChange> Changes, bool? ChangesTruncated = null) : IEvent
{
    public static string Type => "fs_changed";
}

/// <summary>
/// <c>create</c>: the path is there now; a directory that appears names itself, then everything in it. <c>modify</c>: it was there and is another now.
/// <c>delete</c>: it is gone with everything below it, and it may be one that the client never saw. A rename is a delete and a create; a path that became
/// something else (a directory a file, say) is deleted, then created.
/// </summary>
public sealed record FsChange(FsChangeKind Kind, string Path);

[JsonConverter(typeof(JsonStringEnumConverter<FsChangeKind>))]
public enum FsChangeKind
{
    [JsonStringEnumMemberName("create")] Create,
    [JsonStringEnumMemberName("modify")] Modify,
    [JsonStringEnumMemberName("delete")] Delete,
}

[JsonSerializable(typeof(FsChanged))]
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
internal sealed partial class FileChangesJson : JsonSerializerContext;
