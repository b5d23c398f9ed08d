using System.Text.Json.Serialization;
using PocketCoder.Protocol.Messaging;

namespace PocketCoder.Protocol;

/// <summary>
/// One directory of the project. Paths are relative to its root, <c>/</c>-separated; "" is the root. File names are bytes on Unix: one that is not
/// UTF-8 shows each odd byte as a character U+EF80 to U+EFFF, and is named by the same characters.
/// </summary>
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

/// <summary>
/// <c>size</c> is the whole file's, in bytes; <c>binary</c> content (a NUL byte or not UTF-8) is base64. So is text that a range cuts within a
/// character, or that would be too large as JSON. Who reads the binary form gets the bytes behind the message, with <c>encoding</c> "binary" and without
/// <c>content</c>. <c>etag</c> changes with the content.
/// </summary>
public sealed record FsReadResponse(
    string Path,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] FileBytes Content,
    ContentEncoding Encoding,
    bool Binary,
    long Size,
    DateTimeOffset ModifiedAt,
    string Etag) : IBulkMessage<FsReadResponse>
{
    public static string Type => "fs_read_response";

    ReadOnlyMemory<byte> IBulkMessage<FsReadResponse>.Bulk => Content.Bytes;

    FsReadResponse IBulkMessage<FsReadResponse>.WithoutBulk() => this with { Content = default, Encoding = ContentEncoding.Binary };

    public void Dispose() => Content.Owner?.Dispose();
}

[JsonConverter(typeof(JsonStringEnumConverter<ContentEncoding>))]
public enum ContentEncoding
{
    [JsonStringEnumMemberName("utf-8")] Utf8,
    [JsonStringEnumMemberName("base64")] Base64,

    /// <summary>Bytes as they are, behind the message in its binary form.</summary>
    [JsonStringEnumMemberName("binary")] Binary,
}

/// <summary>
/// Replaces a file as a whole or creates it; its mode stays. <c>encoding</c> is utf-8 unless said. <c>expectedEtag</c>: the content that is to be
/// replaced, "" when there must be no such file yet; another one is <c>CONFLICT</c> with the present <c>etag</c>, and nothing is written. Over 1 MB: <c>FILE_TOO_LARGE</c>.
/// </summary>
public sealed record FsWriteRequest(
    string Path,
    string Content,
    ContentEncoding? Encoding = null,
    string? ExpectedEtag = null,
    bool? CreateDirectories = null) : IRequest<FsWriteResponse>
{
    public static string Type => "fs_write";
}

/// <summary><c>size</c> in bytes; <c>etag</c> is for the next write.</summary>
public sealed record FsWriteResponse(bool Success, long Size, string Etag) : IMessage
{
    public static string Type => "fs_write_response";
}

/// <summary>Makes a directory, with <c>parents</c> those above it too. <c>ALREADY_EXISTS</c> when something has the name.</summary>
public sealed record FsCreateDirectoryRequest(string Path, bool? Parents = null) : IRequest<FsCreateDirectoryResponse>
{
    public static string Type => "fs_create_directory";
}

public sealed record FsCreateDirectoryResponse(bool Success) : IMessage
{
    public static string Type => "fs_create_directory_response";
}

/// <summary>Moves a file or directory within the project. <c>ALREADY_EXISTS</c> when the new name is taken, unless <c>overwrite</c>.</summary>
public sealed record FsRenameRequest(string Path, string NewPath, bool? Overwrite = null) : IRequest<FsRenameResponse>
{
    public static string Type => "fs_rename";
}

public sealed record FsRenameResponse(bool Success) : IMessage
{
    public static string Type => "fs_rename_response";
}

/// <summary>Deletes a file, a link (not what it leads to) or a directory. <c>IS_A_DIRECTORY</c> when it is not empty and <c>recursive</c> is not said.</summary>
public sealed record FsDeleteRequest(string Path, bool? Recursive = null) : IRequest<FsDeleteResponse>
{
    public static string Type => "fs_delete";
}

public sealed record FsDeleteResponse(bool Success) : IMessage
{
    public static string Type => "fs_delete_response";
}

[JsonConverter(typeof(JsonStringEnumConverter<FsSearchKind>))]
public enum FsSearchKind
{
    /// <summary>Paths that hold each word of the query.</summary>
    [JsonStringEnumMemberName("name")] Name,

    /// <summary>Lines of text that hold the query.</summary>
    [JsonStringEnumMemberName("text")] Text,
}

/// <summary>
/// Looks for files by name or for lines of text, below <c>path</c>, leaving out what git ignores (without git: node_modules, .git, dist, build, .next). Upper case
/// counts with <c>caseSensitive</c>. Matches come as <c>fs_search_matches</c> while it goes on, at most <c>limit</c> (1,000 unless said, 10,000 at most). Files over
/// 10 MB and binary ones are not read.
/// </summary>
public sealed record FsSearchRequest(string Query, FsSearchKind Kind, string? Path = null, bool? CaseSensitive = null, int? Limit = null) : IRequest<FsSearchResponse>
{
    public static string Type => "fs_search";
}

/// <summary>Some matches of a running <c>fs_search</c>, under its request id.</summary>
public sealed record FsSearchMatches(IReadOnlyList<FsMatch> Matches) : IEvent
{
    public static string Type => "fs_search_matches";
}

/// <summary><c>line</c> and <c>column</c> count from 1, columns in UTF-16 units; <c>text</c> is the line, or 250 characters of it around the match.</summary>
public sealed record FsMatch(string Path, int? Line = null, int? Column = null, string? Text = null);

/// <summary>The end of a search. <c>truncated</c>: there is more than the limit; <c>cancelled</c>: it was ended before it had seen everything.</summary>
public sealed record FsSearchResponse(int MatchCount, int FileCount, bool Truncated, bool Cancelled) : IMessage
{
    public static string Type => "fs_search_response";
}

/// <summary>Ends a search of this client by its request id. <c>NOT_FOUND</c> when it is over.</summary>
public sealed record FsSearchCancelRequest(string RequestId) : IRequest<FsSearchCancelResponse>
{
    public static string Type => "fs_search_cancel";
}

public sealed record FsSearchCancelResponse(bool Cancelled) : IMessage
{
    public static string Type => "fs_search_cancel_response";
}

[JsonSerializable(typeof(FsListRequest))]
[JsonSerializable(typeof(FsListResponse))]
[JsonSerializable(typeof(FsReadRequest))]
[JsonSerializable(typeof(FsReadResponse))]
[JsonSerializable(typeof(FsWriteRequest))]
[JsonSerializable(typeof(FsWriteResponse))]
[JsonSerializable(typeof(FsCreateDirectoryRequest))]
[JsonSerializable(typeof(FsCreateDirectoryResponse))]
[JsonSerializable(typeof(FsRenameRequest))]
[JsonSerializable(typeof(FsRenameResponse))]
[JsonSerializable(typeof(FsDeleteRequest))]
[JsonSerializable(typeof(FsDeleteResponse))]
[JsonSerializable(typeof(FsSearchRequest))]
[JsonSerializable(typeof(FsSearchMatches))]
[JsonSerializable(typeof(FsSearchResponse))]
[JsonSerializable(typeof(FsSearchCancelRequest))]
[JsonSerializable(typeof(FsSearchCancelResponse))]
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
internal sealed partial class FilesJson : JsonSerializerContext;
