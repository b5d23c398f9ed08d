using System.Text.Json.Serialization;

namespace PocketCoder.Protocol;

/// <summary>One directory of the project. Paths are relative to its root, <c>/</c>-separated; "" is the root.</summary>
public sealed record FsListRequest(string Path) : IRequest<FsListResponse>
{
    public static string Type => "fs_list";
}

/// <summary>Directories first, then by name; at most 10,000 entries, then <c>truncated</c>; at most 20 levels deep.</summary>
public sealed record FsListResponse(string Path, long Seq, bool Truncated, IReadOnlyList<FsEntry> Children) : IMessage
{
    public static string Type => "fs_list_response";
}

/// <summary><c>size</c> in bytes.</summary>
public sealed record FsEntry(string Name, string Path, FsEntryKind Kind, long Size, DateTimeOffset ModifiedAt, bool? Ignored = null);

[JsonConverter(typeof(JsonStringEnumConverter<FsEntryKind>))]
public enum FsEntryKind
{
    [JsonStringEnumMemberName("file")] File,
    [JsonStringEnumMemberName("directory")] Directory,
    [JsonStringEnumMemberName("symlink")] Symlink,
}

/// <summary>A file's content, whole or <c>length</c> bytes from <c>offset</c>. Over 10 MB without a range: <c>FILE_TOO_LARGE</c>.</summary>
public sealed record FsReadRequest(string Path, long? Offset = null, long? Length = null) : IRequest<FsReadResponse>
{
    public static string Type => "fs_read";
}

/// <summary><c>size</c> is the whole file's, in bytes; <c>binary</c> content (a NUL byte or not UTF-8) is base64.</summary>
public sealed record FsReadResponse(
    string Path,
    string Content,
    ContentEncoding Encoding,
    bool Binary,
    long Size,
    DateTimeOffset ModifiedAt,
    string Etag) : IMessage
{
    public static string Type => "fs_read_response";
}

[JsonConverter(typeof(JsonStringEnumConverter<ContentEncoding>))]
public enum ContentEncoding
{
    [JsonStringEnumMemberName("utf-8")] Utf8,
    [JsonStringEnumMemberName("base64")] Base64,
}

[JsonSerializable(typeof(FsListRequest))]
[JsonSerializable(typeof(FsListResponse))]
[JsonSerializable(typeof(FsReadRequest))]
[JsonSerializable(typeof(FsReadResponse))]
internal sealed partial class FilesJson : JsonSerializerContext;
