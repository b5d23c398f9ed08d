using Microsoft.Win32.SafeHandles;
using PocketCoder.Daemon.Features.Files.Watching;
using PocketCoder.Daemon.Features.Git;
using PocketCoder.Daemon.Features.Projects;
using PocketCoder.Protocol;
using PocketCoder.Protocol.Messaging;

namespace PocketCoder.Daemon.Features.Files;

/// <summary>The files of a project: looked at and changed.</summary>
internal sealed class FilesFeature(ProjectStore projects, GitFiles git, HoldingDirectory holding) : IFeature
{
    private const long MaxReadBytes = 10 * 1024 * 1024;
    private const int MaxWriteBytes = 1024 * 1024;
    private const int MaxDepth = 20;

    public void Map(MessageRoutes routes)
    {
        routes.Map<FsListRequest, FsListResponse>(ListAsync);
        routes.Map<FsReadRequest, FsReadResponse>(ReadAsync);
        routes.Map<FsWriteRequest, FsWriteResponse>(WriteAsync);
        routes.Map<FsCreateDirectoryRequest, FsCreateDirectoryResponse>(CreateDirectoryAsync);
        routes.Map<FsRenameRequest, FsRenameResponse>(RenameAsync);
        routes.Map<FsDeleteRequest, FsDeleteResponse>(DeleteAsync);
    }

    private async Task<FsListResponse> ListAsync(FsListRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        if (request.Path.Split('/', StringSplitOptions.RemoveEmptyEntries).Length > MaxDepth)
        {
            throw new RequestException(ErrorCode.InvalidRequest, $"A listing goes at most {MaxDepth} levels deep.");
        }

        // The number first: what happens during the listing is told with a greater one.
        var project = projects.Require(context.ProjectId);
        var listing = await InTreeAsync(context, tree => tree.List(request.Path), cancellationToken);
        var ignored = await git.IgnoredAsync(project, [.. listing.Children.Select(c => c.Path)], cancellationToken);
        return new FsListResponse(
            request.Path, project.LastFsSeq, listing.Truncated,
            [.. listing.Children.Select(c => ignored.Contains(c.Path) || (c.Kind == FsEntryKind.Directory && IgnoredDirectories.Has(c.Name)) ? c with { Ignored = true } : c)]);
    }

    private Task<FsReadResponse> ReadAsync(FsReadRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        var project = projects.Require(context.ProjectId);
        return Task.Run(() => ReadAsync(request, project.Path, cancellationToken), cancellationToken);
    }

    private static async Task<FsReadResponse> ReadAsync(FsReadRequest request, string root, CancellationToken cancellationToken)
    {
        using var tree = ProjectTree.Open(root);
        using var file = tree.OpenFile(request.Path);

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

        // Before the content: a file that changes meanwhile has an etag that no write will be taken with.
        var (modifiedAt, etag) = Version(file);
        var memory = LargeBuffers.Rent((int)wanted);
        var length = await ReadAsync(file, offset, memory.Memory[..(int)wanted], cancellationToken);
        var (content, binary) = FileContent.Of(memory.Memory[..length], isPart: wanted < size, memory);
        return new FsReadResponse(request.Path, content, content.Encoding, binary, size, modifiedAt, etag);
    }

    private Task<FsWriteResponse> WriteAsync(FsWriteRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        var bytes = FileContent.ToBytes(request.Content, request.Encoding ?? ContentEncoding.Utf8);
        if (bytes.Length > MaxWriteBytes)
        {
            throw new RequestException(ErrorCode.FileTooLarge, "A file of more than 1 MB cannot be written from here.", new ErrorDetails { Path = request.Path });
        }

        return InTreeAsync(context, tree =>
        {
            var written = tree.Write(request.Path, bytes, request.ExpectedEtag, request.CreateDirectories == true);
            return new FsWriteResponse(true, written.Size, written.Etag);
        }, cancellationToken);
    }

    private Task<FsCreateDirectoryResponse> CreateDirectoryAsync(FsCreateDirectoryRequest request, RequestContext context, CancellationToken cancellationToken) =>
        InTreeAsync(context, tree =>
        {
            tree.CreateDirectory(request.Path, request.Parents == true);
            return new FsCreateDirectoryResponse(true);
        }, cancellationToken);

    private Task<FsRenameResponse> RenameAsync(FsRenameRequest request, RequestContext context, CancellationToken cancellationToken) =>
        InTreeAsync(context, tree =>
        {
            tree.Rename(request.Path, request.NewPath, request.Overwrite == true);
            return new FsRenameResponse(true);
        }, cancellationToken);

    private Task<FsDeleteResponse> DeleteAsync(FsDeleteRequest request, RequestContext context, CancellationToken cancellationToken) =>
        InTreeAsync(context, tree =>
        {
            tree.Delete(request.Path, request.Recursive == true);
            return new FsDeleteResponse(true);
        }, cancellationToken);

    // Off the thread that reads the socket: a disk can be slow.
    private Task<T> InTreeAsync<T>(RequestContext context, Func<ProjectTree, T> work, CancellationToken cancellationToken)
    {
        var project = projects.Require(context.ProjectId);
        return Task.Run(() =>
        {
            using var tree = ProjectTree.Open(project.Path, holding);
            return work(tree);
        }, cancellationToken);
    }

    private static (DateTimeOffset ModifiedAt, string Etag) Version(SafeFileHandle file)
    {
        if (OperatingSystem.IsWindows())
        {
            var modifiedAt = File.GetLastWriteTimeUtc(file);
            return (modifiedAt, ByName.EtagOf(RandomAccess.GetLength(file), modifiedAt));
        }

        var status = Native.StatusOf(file)!.Value;
        return (status.ModifiedAt, status.Etag);
    }

    // The file may shrink or grow meanwhile: what is there is what is read.
    private static async Task<int> ReadAsync(SafeFileHandle file, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        var read = 0;
        while (read < buffer.Length && await RandomAccess.ReadAsync(file, buffer[read..], offset + read, cancellationToken) is var count and > 0)
        {
            read += count;
        }

        return read;
    }
}
