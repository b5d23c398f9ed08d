using Microsoft.Win32.SafeHandles;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Files;

/// <summary>What changes the tree.</summary>
internal sealed partial class ProjectTree
{
    // rwxrwxrwx less what the user's umask takes away.
    private const int NewFile = 0x1b6, Private = 0x180;
    private const int MaxDepthOfDeletion = 512;

    /// <summary>
    /// Replaces a file as a whole: its readers see the old content or the new, never a part, and after a full disk or a crash the old one.
    /// The mode and, where we may, the owner stay. A link that stays inside is written through.
    /// </summary>
    /// <param name="expectedEtag">The content that is to be replaced; "" when there must be no such file yet; null whatever is there.</param>
    /// <exception cref="RequestException"><c>CONFLICT</c> when another content is there; nothing is written then.</exception>
    public FileStatus Write(string path, ReadOnlySpan<byte> content, string? expectedEtag, bool createDirectories)
    {
        if (_root is null)
        {
            return ByName.Write(_rootPath, Names(path), content, expectedEtag, createDirectories);
        }

        var (parent, name) = OpenParent(path, createDirectories);
        using (parent)
        {
            var present = Native.StatusOf(parent, name);
            if (present is { IsLink: true })
            {
                return Write(Follow(path), content, expectedEtag, createDirectories: false);
            }

            if (present is { Kind: not FileKind.Regular and var kind })
            {
                throw kind == FileKind.Directory ? IsDirectory(path) : NotRegular(path);
            }

            RequireEtag(path, expectedEtag, present);
            return Replace(path, parent, name, content, expectedEtag, present);
        }
    }

    /// <summary>Makes a directory; with <paramref name="parents"/> those above it too.</summary>
    public void CreateDirectory(string path, bool parents)
    {
        if (_root is null)
        {
            ByName.CreateDirectory(_rootPath, Names(path), parents);
            return;
        }

        var (parent, name) = OpenParent(path, parents);
        using (parent)
        {
            Require(path, Native.MakeDirectory(parent, name));
            Native.Flush(parent);
        }
    }

    /// <summary>Moves a file, link or directory within the project.</summary>
    public void Rename(string path, string newPath, bool overwrite)
    {
        if (_root is null)
        {
            ByName.Rename(_rootPath, Names(path), Names(newPath), overwrite);
            return;
        }

        var (from, name) = OpenParent(path, create: false);
        using (from)
        {
            var (to, newName) = OpenParent(newPath, create: false);
            using (to)
            {
                if (Native.StatusOf(from, name) is null)
                {
                    throw Refusal(path, Native.NoEntry);
                }

                var error = Native.Rename(from, name, to, newName, overwrite ? RenameMode.Replace : RenameMode.Create);
                if (error == Native.Invalid && !IsBelow(newPath, path))
                {
                    // This file system cannot refuse to replace in the same step.
                    error = Native.StatusOf(to, newName) is not null ? Native.Exists : Native.Rename(from, name, to, newName, RenameMode.Replace);
                }

                Require(newPath, error == Native.Invalid ? throw new RequestException(ErrorCode.InvalidRequest, "A directory cannot be moved into itself.") : error);
                Native.Flush(from);
                Native.Flush(to);
            }
        }
    }

    /// <summary>Deletes a file, a link (not what it leads to) or a directory; one that is not empty only when <paramref name="recursive"/>.</summary>
    public void Delete(string path, bool recursive)
    {
        if (_root is null)
        {
            ByName.Delete(_rootPath, Names(path), recursive);
            return;
        }

        var (parent, name) = OpenParent(path, create: false);
        using (parent)
        {
            var isDirectory = (Native.StatusOf(parent, name) ?? throw Refusal(path, Native.NoEntry)).Kind == FileKind.Directory;
            var error = Native.Remove(parent, name, isDirectory);
            if (error is Native.NotEmpty or Native.NotEmptyMac)
            {
                error = recursive ? DeleteTree(parent, name, MaxDepthOfDeletion) : throw NotEmpty(path);
            }

            Require(path, error);
            Native.Flush(parent);
        }
    }

    internal static RequestException NotEmpty(string path) =>
        new(ErrorCode.IsADirectory, "This directory is not empty. To delete it with all that is in it, ask with recursive.", new ErrorDetails { Path = path });

    internal static void RequireEtag(string path, string? expected, FileStatus? present)
    {
        if (expected is not null && expected != (present?.Etag ?? ""))
        {
            throw Conflict(path, present);
        }
    }

    private static RequestException Conflict(string path, FileStatus? present) => new(
        ErrorCode.Conflict,
        present is null ? "The file was deleted since it was read. Nothing was written." : "The file changed since it was read. Nothing was written.",
        new ErrorDetails { Path = path, Etag = present?.Etag });

    private FileStatus Replace(string path, SafeFileHandle parent, byte[] name, ReadOnlySpan<byte> content, string? expectedEtag, FileStatus? present)
    {
        using (var created = NewContent.Create(parent, _holding, present is null ? NewFile : Private, out var error) ?? throw Refusal(path, error))
        {
            Require(path, Native.Write(created.File, content));
            if (present is { } old)
            {
                KeepOwnerAndMode(created.File, old);
            }

            Require(path, Native.Flush(created.File));
            Place(path, parent, created, name, expectedEtag, present);
            Native.Flush(parent);
            return Native.StatusOf(created.File)!.Value;
        }
    }

    private static void KeepOwnerAndMode(SafeFileHandle file, FileStatus old)
    {
        if (Native.StatusOf(file) is { } fresh && (fresh.User, fresh.Group) != (old.User, old.Group))
        {
            // Only root may; for anybody else the file becomes theirs, as with any editor that saves by renaming.
            Native.SetOwner(file, old.User, old.Group);
        }

        Native.SetMode(file, old.Mode);
    }

    private static void Place(string path, SafeFileHandle parent, NewContent created, byte[] name, string? expectedEtag, FileStatus? present)
    {
        if (present is null)
        {
            var error = created.PlaceAsNew(name);
            if (error is Native.Exists && expectedEtag is not null)
            {
                throw Conflict(path, Native.StatusOf(parent, name));
            }

            Require(path, error is Native.Exists or Native.Invalid ? created.PlaceInstead(name, RenameMode.Replace) : error);
            return;
        }

        // The two change places in one step, so that we can see what we replaced: the agent may have written since we looked.
        var exchanged = expectedEtag is null ? Native.Invalid : created.PlaceInstead(name, RenameMode.Exchange);
        if (exchanged == Native.NoEntry)
        {
            throw Conflict(path, null);
        }

        if (exchanged == Native.Invalid)
        {
            Require(path, created.PlaceInstead(name, RenameMode.Replace));
            return;
        }

        Require(path, exchanged);
        if (created.Replaced is var replaced && replaced?.Etag != expectedEtag)
        {
            Require(path, created.PlaceInstead(name, RenameMode.Exchange));
            throw Conflict(path, replaced);
        }
    }

    // The project's path of what a link leads to.
    private string Follow(string path)
    {
        using var target = Native.OpenBeneath(_root!, path, Native.Path, out var error) ?? throw Refusal(path, error);
        return Native.StatusOf(target) is { IsLink: false } && Native.PathOf(target) is { } real && Native.PathOf(_root!) is { } root && real.StartsWith(root + "/", StringComparison.Ordinal)
            ? real[(root.Length + 1)..]
            : throw Outside(path);
    }

    // Everything below goes first, through handles that follow no link; what is put in meanwhile is found in the next round.
    private static int DeleteTree(SafeFileHandle parent, byte[] name, int depth)
    {
        if (depth == 0)
        {
            return Native.NameTooLong;
        }

        using (var directory = Native.OpenChild(parent, name, Native.Directory, 0, out var opening))
        {
            if (directory is null)
            {
                return opening;
            }

            foreach (var entry in DirectoryReader.Read(directory))
            {
                var error = entry.Kind == FileKind.Directory ? DeleteTree(directory, entry.Name, depth - 1) : Native.Remove(directory, entry.Name, directory: false);
                if (error is not (0 or Native.NoEntry))
                {
                    return error;
                }
            }
        }

        return Native.Remove(parent, name, directory: true);
    }

    private (SafeFileHandle Parent, byte[] Name) OpenParent(string path, bool create)
    {
        var names = Names(path);
        return (OpenParentDirectory(string.Join('/', names[..^1]), create), RawName.ToBytes(names[^1]));
    }

    private SafeFileHandle OpenParentDirectory(string path, bool create)
    {
        var handle = Native.OpenBeneath(_root!, path.Length == 0 ? "." : path, Native.Directory, out var error);
        if (handle is null && error == Native.NoEntry && create && path.Length > 0)
        {
            var (parent, name) = OpenParent(path, create: true);
            using (parent)
            {
                error = Native.MakeDirectory(parent, name);
            }

            handle = error is 0 or Native.Exists ? Native.OpenBeneath(_root!, path, Native.Directory, out error) : null;
        }

        return handle ?? throw Refusal(path, error);
    }

    private static string[] Names(string path)
    {
        Validate(path);
        string[] names = [.. path.Split('/').Where(name => name is not ("" or "."))];
        return names.Length > 0 ? names : throw new RequestException(ErrorCode.IsADirectory, "This is the project's own directory. It is changed on the machine, not from here.");
    }

    private static bool IsBelow(string path, string above) => path == above || path.StartsWith(above.TrimEnd('/') + "/", StringComparison.Ordinal);

    private static void Require(string path, int error)
    {
        if (error != 0)
        {
            throw Refusal(path, error);
        }
    }
}
