using PocketCoder.Protocol;
using Microsoft.Win32.SafeHandles;

namespace PocketCoder.Daemon.Features.Files;

/// <summary>
/// The same on Windows, which has no directory handles to work from: the real path of what is there is asked for before it is used. Weaker than the rest
/// against somebody who swaps links meanwhile; making links needs a privilege there.
/// </summary>
internal static class ByName
{
    public static SafeFileHandle OpenRead(string root, string path) => Guarded(path, () => File.OpenHandle(Inside(root, path)));

    public static DirectoryListing List(string location, string prefix, int limit)
    {
        var found = new DirectoryInfo(location).EnumerateFileSystemInfos().Take(limit + 1).ToList();
        var children = found.Take(limit)
            .Select(info => new FsEntry(
                info.Name,
                prefix + info.Name,
                info.LinkTarget is not null ? FsEntryKind.Symlink : info is DirectoryInfo ? FsEntryKind.Directory : FsEntryKind.File,
                info is FileInfo file ? file.Length : 0,
                info.LastWriteTimeUtc))
            .OrderBy(e => e.Kind == FsEntryKind.Directory ? 0 : 1)
            .ThenBy(e => e.Name, StringComparer.Ordinal);
        return new DirectoryListing([.. children], found.Count > limit);
    }

    public static FileStatus Write(string root, string[] names, ReadOnlySpan<byte> content, string? expectedEtag, bool createDirectories)
    {
        var path = string.Join('/', names);
        var target = Inside(root, path);
        if (Directory.Exists(target))
        {
            throw ProjectTree.Refusal(path, Native.IsDirectory);
        }

        if (createDirectories)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        }

        ProjectTree.RequireEtag(path, expectedEtag, File.Exists(target) ? StatusOf(target) : null);
        var temporary = Path.Combine(Path.GetDirectoryName(target)!, $".pocketcoder-{Guid.NewGuid():N}.tmp");
        var bytes = content.ToArray();
        return Guarded(path, () =>
        {
            File.WriteAllBytes(temporary, bytes);
            File.Move(temporary, target, overwrite: true);
            return StatusOf(target);
        });
    }

    public static void CreateDirectory(string root, string[] names, bool parents)
    {
        var path = string.Join('/', names);
        var target = Inside(root, path);
        if (Path.Exists(target))
        {
            throw ProjectTree.Refusal(path, Native.Exists);
        }

        if (!parents && !Directory.Exists(Path.GetDirectoryName(target)))
        {
            throw ProjectTree.Refusal(path, Native.NoEntry);
        }

        Guarded(path, () => Directory.CreateDirectory(target));
    }

    public static void Rename(string root, string[] names, string[] newNames, bool overwrite)
    {
        var newPath = string.Join('/', newNames);
        var (source, target) = (Inside(root, string.Join('/', names)), Inside(root, newPath));
        if (!overwrite && Path.Exists(target))
        {
            throw ProjectTree.Refusal(newPath, Native.Exists);
        }

        Guarded(newPath, () =>
        {
            if (Directory.Exists(source))
            {
                Directory.Move(source, target);
            }
            else
            {
                File.Move(source, target, overwrite);
            }

            return true;
        });
    }

    public static void Delete(string root, string[] names, bool recursive)
    {
        var path = string.Join('/', names);
        var target = Inside(root, path);
        if (!Path.Exists(target))
        {
            throw ProjectTree.Refusal(path, Native.NoEntry);
        }

        if (!Directory.Exists(target))
        {
            Guarded(path, () => { File.Delete(target); return true; });
        }
        else if (!recursive && Directory.EnumerateFileSystemEntries(target).Any())
        {
            throw ProjectTree.NotEmpty(path);
        }
        else
        {
            Guarded(path, () => { Directory.Delete(target, recursive); return true; });
        }
    }

    /// <summary>As <see cref="FileStatus.Etag"/>, from what Windows tells.</summary>
    public static string EtagOf(long size, DateTime modifiedUtc) => new FileStatus(
        FileKind.Regular, IsLink: false, Mode: 0, User: 0, Group: 0, Inode: 0, size, (modifiedUtc - DateTime.UnixEpoch).Ticks * 100).Etag;

    private static FileStatus StatusOf(string path)
    {
        FileInfo info = new(path);
        return new FileStatus(FileKind.Regular, IsLink: false, Mode: 0, User: 0, Group: 0, Inode: 0, info.Length, (info.LastWriteTimeUtc - DateTime.UnixEpoch).Ticks * 100);
    }

    // Each part that is there must lead to something inside.
    private static string Inside(string root, string path)
    {
        var current = root;
        foreach (var name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            current = Path.Combine(current, name);
            current = new DirectoryInfo(current).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? current;
            if (!current.StartsWith(root + Path.DirectorySeparatorChar, StringComparison.OrdinalIgnoreCase))
            {
                throw ProjectTree.Outside(path);
            }
        }

        return current;
    }

    private static T Guarded<T>(string path, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception ex) when (ex is FileNotFoundException or DirectoryNotFoundException)
        {
            throw ProjectTree.Refusal(path, Native.NoEntry);
        }
        catch (UnauthorizedAccessException)
        {
            throw ProjectTree.Refusal(path, Native.AccessDenied);
        }
    }
}
