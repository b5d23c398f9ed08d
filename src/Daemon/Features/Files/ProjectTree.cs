using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Files;

/// <summary>
/// The files below one directory, and nothing else. On Linux the kernel keeps the walk inside (openat2, RESOLVE_BENEATH), so a link that is
/// swapped while we look leads nowhere; elsewhere each component is opened without following links.
/// </summary>
internal sealed partial class ProjectTree : IDisposable
{
    private const int MaxPathBytes = 4096;
    private const int MaxNameBytes = 255;

    private readonly string _root;
    private readonly SafeFileHandle? _rootHandle;

    private ProjectTree(string root, SafeFileHandle? rootHandle) => (_root, _rootHandle) = (root, rootHandle);

    public static ProjectTree Open(string root)
    {
        if (OperatingSystem.IsWindows())
        {
            return new ProjectTree(root, null);
        }

        var handle = Native.Open(root, Native.Path | Native.Directory);
        return handle.IsInvalid
            ? throw new RequestException(ErrorCode.FileNotFound, "The project's directory is gone. If it moved, register it again: pocketcoder add PATH")
            : new ProjectTree(root, handle);
    }

    /// <summary>Opens a file or directory to read. The handle may be of anything: look at its type before reading.</summary>
    public SafeFileHandle OpenRead(string path)
    {
        Validate(path);
        if (_rootHandle is null)
        {
            return OpenByName(path);
        }

        // A FIFO must not block, a terminal must not become ours.
        var handle = Native.OpenBeneath(_rootHandle, path.Length == 0 ? "." : path, Native.NonBlocking | Native.NoControllingTerminal, out var error);
        return handle ?? throw Refusal(path, error);
    }

    public void Dispose() => _rootHandle?.Dispose();

    /// <summary>Refuses what is no relative path of plain names before any system call sees it.</summary>
    internal static void Validate(string path)
    {
        var outside = path.Contains('\0') || path.StartsWith('/') || path.Contains('\\', StringComparison.Ordinal) && OperatingSystem.IsWindows()
            || (OperatingSystem.IsWindows() && path.Contains(':', StringComparison.Ordinal))
            || path is [var drive, ':', ..] && char.IsAsciiLetter(drive)
            || path.StartsWith("\\\\", StringComparison.Ordinal)
            || path.Split('/').Contains("..");
        if (outside)
        {
            throw Outside(path);
        }

        if (System.Text.Encoding.UTF8.GetByteCount(path) > MaxPathBytes || path.Split('/').Any(name => System.Text.Encoding.UTF8.GetByteCount(name) > MaxNameBytes))
        {
            throw new RequestException(ErrorCode.InvalidRequest, "The path is too long.");
        }
    }

    // Windows: open, then ask the system where that is.
    private SafeFileHandle OpenByName(string path)
    {
        var full = Path.GetFullPath(Path.Combine(_root, path));
        try
        {
            var target = File.ResolveLinkTarget(full, returnFinalTarget: true)?.FullName ?? full;
            return target == _root || target.StartsWith(_root + Path.DirectorySeparatorChar, StringComparison.OrdinalIgnoreCase)
                ? File.OpenHandle(target)
                : throw Outside(path);
        }
        catch (Exception ex) when (ex is FileNotFoundException or DirectoryNotFoundException)
        {
            throw Refusal(path, Native.NoEntry);
        }
    }

    public static RequestException Refusal(string path, int error) => error switch
    {
        Native.NoEntry => new RequestException(ErrorCode.FileNotFound, "There is no such file or directory.", new ErrorDetails { Path = path }),
        Native.NotDirectory => new RequestException(ErrorCode.NotADirectory, "A part of this path is not a directory.", new ErrorDetails { Path = path }),
        Native.CrossDevice or Native.TooManyLinks or Native.TooManyLinksMac => Outside(path),
        Native.AccessDenied or Native.NotPermitted => new RequestException(ErrorCode.InvalidRequest, "The user that PocketCoder runs as may not read this.", new ErrorDetails { Path = path }),
        Native.NameTooLong or Native.NameTooLongMac => new RequestException(ErrorCode.InvalidRequest, "The path is too long.", new ErrorDetails { Path = path }),
        Native.NoDevice => new RequestException(ErrorCode.InvalidRequest, "This is not a regular file.", new ErrorDetails { Path = path }),
        _ => new RequestException(ErrorCode.InvalidRequest, "This cannot be opened: " + Marshal.GetPInvokeErrorMessage(error), new ErrorDetails { Path = path }),
    };

    private static RequestException Outside(string path) =>
        new(ErrorCode.OutsideProjectRoot, "This path leads out of the project.", path.Contains('\0') ? null : new ErrorDetails { Path = path });
}
