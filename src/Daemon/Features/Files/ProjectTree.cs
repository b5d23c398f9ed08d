using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Files;

/// <summary>
/// The files below one directory, and nothing else. On Linux the kernel keeps the walk inside (openat2, RESOLVE_BENEATH), so a link that is
/// swapped while we look leads nowhere; elsewhere each component is opened without following links. All that changes something is done by one name
/// in a directory that was opened so, never by a path.
/// </summary>
internal sealed partial class ProjectTree : IDisposable
{
    private const int MaxPathBytes = 4096;
    private const int MaxNameBytes = 255;

    private readonly string _rootPath;
    private readonly SafeFileHandle? _root;
    private readonly SafeFileHandle? _holding;

    private ProjectTree(string rootPath, SafeFileHandle? root, HoldingDirectory? holding) => (_rootPath, _root, _holding) = (rootPath, root, holding?.Handle);

    /// <param name="holding">For who writes files: where what they replace is held for a moment.</param>
    public static ProjectTree Open(string root, HoldingDirectory? holding = null)
    {
        if (OperatingSystem.IsWindows())
        {
            return new ProjectTree(root, null, null);
        }

        return Native.OpenRoot(root, out _) is { } handle
            ? new ProjectTree(root, handle, holding)
            : throw new RequestException(ErrorCode.FileNotFound, "The project's directory is gone. If it moved, register it again: pocketcoder add PATH");
    }

    /// <summary>Opens a file or directory to read. The handle may be of anything: look at its type before reading.</summary>
    public SafeFileHandle OpenRead(string path)
    {
        Validate(path);
        if (_root is null)
        {
            return ByName.OpenRead(_rootPath, path);
        }

        // A FIFO must not block, a terminal must not become ours.
        return Native.OpenBeneath(_root, path.Length == 0 ? "." : path, Native.NonBlocking | Native.NoControllingTerminal, out var error) ?? throw Refusal(path, error);
    }

    /// <summary>Opens a regular file to read; anything else is refused with its reason.</summary>
    public SafeFileHandle OpenFile(string path)
    {
        var file = OpenRead(path);
        switch (Native.KindOf(file))
        {
            case FileKind.Regular:
                return file;
            case var kind:
                file.Dispose();
                throw kind == FileKind.Directory ? IsDirectory(path) : NotRegular(path);
        }
    }

    /// <summary>Is there a file, or a link, with this path?</summary>
    public bool HasFile(string path)
    {
        if (_root is null)
        {
            return File.Exists(Path.Combine(_rootPath, path));
        }

        using var found = Native.OpenBeneath(_root, path, Native.Path | Native.NoFollow, out _);
        return found is not null && Native.KindOf(found) != FileKind.Directory;
    }

    /// <summary>The entries of a directory.</summary>
    public DirectoryListing List(string path)
    {
        using var directory = OpenDirectory(path);
        return DirectoryListing.Read(directory, Path.Combine(_rootPath, path), path);
    }

    /// <summary>Opens a directory to read; anything else is refused.</summary>
    public SafeFileHandle OpenDirectory(string path)
    {
        var directory = OpenRead(path);
        if (Native.KindOf(directory) == FileKind.Directory)
        {
            return directory;
        }

        directory.Dispose();
        throw Refusal(path, Native.NotDirectory);
    }

    public void Dispose() => _root?.Dispose();

    /// <summary>Refuses what is no relative path of plain names before any system call sees it.</summary>
    internal static void Validate(string path)
    {
        var names = path.Split('/');
        var outside = path.Contains('\0') || path.StartsWith('/')
            || OperatingSystem.IsWindows() && path.AsSpan().ContainsAny('\\', ':')
            || path is [var drive, ':', ..] && char.IsAsciiLetter(drive)
            || path.StartsWith("\\\\", StringComparison.Ordinal)
            || names.Contains("..");
        if (outside)
        {
            throw Outside(path);
        }

        if (Encoding.UTF8.GetByteCount(path) > MaxPathBytes || names.Any(name => RawName.ToBytes(name).Length > MaxNameBytes))
        {
            throw new RequestException(ErrorCode.InvalidRequest, "The path is too long: at most 4,096 bytes, each name 255.");
        }
    }

    public static RequestException Refusal(string path, int error) => error switch
    {
        Native.NoEntry => new RequestException(ErrorCode.FileNotFound, "There is no such file or directory.", new ErrorDetails { Path = path }),
        Native.NotDirectory => new RequestException(ErrorCode.NotADirectory, "This is not a directory, or a part of its path is none.", new ErrorDetails { Path = path }),
        Native.IsDirectory => IsDirectory(path),
        Native.Exists => new RequestException(ErrorCode.AlreadyExists, "Something with this name is there already.", new ErrorDetails { Path = path }),
        Native.NotEmpty or Native.NotEmptyMac => new RequestException(ErrorCode.AlreadyExists, "A directory with this name is there already, and it is not empty.", new ErrorDetails { Path = path }),
        Native.CrossDevice or Native.TooManyLinks or Native.TooManyLinksMac => Outside(path),
        Native.AccessDenied or Native.NotPermitted or Native.ReadOnlyFileSystem =>
            new RequestException(ErrorCode.InvalidRequest, "The user that PocketCoder runs as may not do this here. The file's permissions on the machine say who may.", new ErrorDetails { Path = path }),
        Native.NameTooLong or Native.NameTooLongMac => new RequestException(ErrorCode.InvalidRequest, "The path is too long.", new ErrorDetails { Path = path }),
        Native.NoDevice => NotRegular(path),
        Native.NoSpace or Native.QuotaExceeded or Native.QuotaExceededMac or Native.FileTooBig =>
            new RequestException(ErrorCode.UnknownError, "The machine's disk is full. Nothing was changed; make room there and try again.", new ErrorDetails { Path = path }),
        _ => new RequestException(ErrorCode.InvalidRequest, "The machine refuses this: " + Marshal.GetPInvokeErrorMessage(error), new ErrorDetails { Path = path }),
    };

    public static RequestException Outside(string path) =>
        new(ErrorCode.OutsideProjectRoot, "This path leads out of the project.", path.Contains('\0') ? null : new ErrorDetails { Path = path });

    private static RequestException IsDirectory(string path) => new(ErrorCode.IsADirectory, "This is a directory.", new ErrorDetails { Path = path });

    // A FIFO, socket or device: reading could block or do something.
    private static RequestException NotRegular(string path) => new(ErrorCode.InvalidRequest, "This is not a regular file.", new ErrorDetails { Path = path });
}
