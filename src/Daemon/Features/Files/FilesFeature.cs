using System.Text;
using Microsoft.Win32.SafeHandles;
using PocketCoder.Daemon.Features.Projects;
using PocketCoder.Protocol;
using PocketCoder.Protocol.Messaging;

namespace PocketCoder.Daemon.Features.Files;

internal sealed class FilesFeature(ProjectStore projects) : IFeature
{
    private const long MaxReadBytes = 10 * 1024 * 1024;
    private const int MaxDepth = 20;

    public void Map(MessageRoutes routes)
    {
        routes.Map<FsListRequest, FsListResponse>(ListAsync);
        routes.Map<FsReadRequest, FsReadResponse>(ReadAsync);
    }

    private Task<FsListResponse> ListAsync(FsListRequest request, RequestContext context, CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            var project = projects.Require(context.ProjectId);
            if (request.Path.Split('/', StringSplitOptions.RemoveEmptyEntries).Length > MaxDepth)
            {
                throw new RequestException(ErrorCode.InvalidRequest, $"A listing goes at most {MaxDepth} levels deep.");
            }

            using var tree = ProjectTree.Open(project.Path);
            using var directory = tree.OpenRead(request.Path);
            var (children, truncated) = DirectoryListing.Read(directory, Path.Combine(project.Path, request.Path), request.Path);
            return new FsListResponse(request.Path, project.LastFsSeq, truncated, children);
        },
        cancellationToken);

    private async Task<FsReadResponse> ReadAsync(FsReadRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        var project = projects.Require(context.ProjectId);
        using var tree = ProjectTree.Open(project.Path);
        using var file = tree.OpenRead(request.Path);
        RequireRegularFile(file, request.Path);

        var size = RandomAccess.GetLength(file);
        var offset = request.Offset ?? 0;
        if (offset < 0 || request.Length is < 0)
        {
            throw new RequestException(ErrorCode.InvalidRequest, "offset and length cannot be negative.");
        }

        var wanted = Math.Min(request.Length ?? long.MaxValue, Math.Max(0, size - offset));
        if (wanted > MaxReadBytes)
        {
            throw new RequestException(ErrorCode.FileTooLarge, "The file is larger than 10 MB. Ask for a part of it with offset and length.", new ErrorDetails { Path = request.Path });
        }

        var content = await ReadAsync(file, offset, (int)wanted, cancellationToken);
        var modifiedAt = new DateTimeOffset(File.GetLastWriteTimeUtc(file), TimeSpan.Zero);
        var text = AsText(content);
        return new FsReadResponse(
            request.Path,
            text ?? Convert.ToBase64String(content.Span),
            text is null ? ContentEncoding.Base64 : ContentEncoding.Utf8,
            Binary: text is null,
            size,
            modifiedAt,
            Etag: FormattableString.Invariant($"{size:x}-{modifiedAt.UtcTicks:x}"));
    }

    private static void RequireRegularFile(SafeFileHandle file, string path)
    {
        switch (Native.KindOf(file))
        {
            case FileKind.Regular:
                return;
            case FileKind.Directory:
                throw new RequestException(ErrorCode.IsADirectory, "This is a directory.", new ErrorDetails { Path = path });
            default:
                // A FIFO, socket or device: reading could block or do something.
                throw new RequestException(ErrorCode.InvalidRequest, "This is not a regular file.", new ErrorDetails { Path = path });
        }
    }

    // The file may shrink or grow meanwhile: what is there is what is read.
    private static async Task<ReadOnlyMemory<byte>> ReadAsync(SafeFileHandle file, long offset, int length, CancellationToken cancellationToken)
    {
        var buffer = new byte[length];
        var read = 0;
        while (read < length)
        {
            var count = await RandomAccess.ReadAsync(file, buffer.AsMemory(read), offset + read, cancellationToken);
            if (count == 0)
            {
                break;
            }

            read += count;
        }

        return buffer.AsMemory(0, read);
    }

    private static string? AsText(ReadOnlyMemory<byte> content)
    {
        if (content.Span.Contains((byte)0))
        {
            return null;
        }

        try
        {
            return StrictUtf8.GetString(content.Span);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
}
