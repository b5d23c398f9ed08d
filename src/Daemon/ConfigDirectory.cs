using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using PocketCoder.Storage;

namespace PocketCoder.Daemon;

/// <summary>The directory of PocketCoder's own files is this user's alone, or it is not used at all.</summary>
internal static unsafe partial class ConfigDirectory
{
    private const UnixFileMode ForOthers = ~(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

    /// <summary>Creates it 0700, and takes from everybody else what a copy, a backup or an old version left readable.</summary>
    /// <exception cref="ConfigDirectoryException">It cannot be used; the message says why and what to do.</exception>
    public static void Create(DaemonPaths paths)
    {
        if (Unusable(paths.Root) is { } reason)
        {
            throw new ConfigDirectoryException(reason);
        }

        try
        {
            PrivateFile.CreateDirectory(paths.Root);
            PrivateFile.CreateDirectory(paths.Logs);
        }
        catch (Exception ex) when (ex is UnauthorizedAccessException or DirectoryNotFoundException or FileNotFoundException)
        {
            throw new ConfigDirectoryException($"{paths.Root} cannot be created. Make it yourself, or name another directory with POCKETCODER_HOME.");
        }

        if (!OperatingSystem.IsWindows())
        {
            foreach (var (file, mode) in OpenToOthers(paths))
            {
                File.SetUnixFileMode(file, mode & ~ForOthers);
            }
        }
    }

    /// <summary>Why an existing directory cannot be used, as a sentence; null when it can, or is not there yet.</summary>
    public static string? Unusable(string root)
    {
        if (File.Exists(root))
        {
            return $"{root} is a file, and PocketCoder keeps its files in a directory of that name. Move the file away, or name another directory with POCKETCODER_HOME.";
        }

        if (OperatingSystem.IsWindows() || !Directory.Exists(root))
        {
            return null;
        }

        const int writeAndEnter = 3;
        return OwnerOf(root) != geteuid()
            ? $"{root} belongs to another user. Use PocketCoder as that user, or name another directory with POCKETCODER_HOME."
            : access(root, writeAndEnter) != 0
                ? $"{root} cannot be written. Allow it with: chmod u+rwx '{root}'"
                : null;
    }

    /// <summary>Which of our own files and directories others may read or write. Never a stranger's: POCKETCODER_HOME may name any directory.</summary>
    [UnsupportedOSPlatform("windows")]
    public static IReadOnlyList<(string Path, UnixFileMode Mode)> OpenToOthers(DaemonPaths paths)
    {
        List<(string, UnixFileMode)> open = [];
        foreach (var path in OwnPaths(paths))
        {
            var mode = ModeOf(path);
            if ((mode & ForOthers) != 0)
            {
                open.Add((path, mode));
            }
        }

        return open;
    }

    private static IEnumerable<string> OwnPaths(DaemonPaths paths) =>
        ((string[])[paths.Root, paths.Logs, paths.Holding, paths.Relay]).Where(Directory.Exists)
            .Concat(Files(paths.Root, "daemon.*")).Concat(Files(paths.Root, "auth.json*")).Concat(Files(paths.Root, "control-plane.json*"))
            .Concat(Files(paths.Root, "machine-label.txt")).Concat(Files(paths.Logs, "daemon*.log")).Concat(Files(paths.Relay, "*"));

    private static IEnumerable<string> Files(string directory, string pattern) => Directory.Exists(directory) ? Directory.EnumerateFiles(directory, pattern) : [];

    // A file that goes away meanwhile, as temporary ones do, is open to nobody.
    [UnsupportedOSPlatform("windows")]
    private static UnixFileMode ModeOf(string path)
    {
        try
        {
            return File.GetUnixFileMode(path);
        }
        catch (FileNotFoundException)
        {
            return UnixFileMode.None;
        }
    }

    [UnsupportedOSPlatform("windows")]
    private static uint OwnerOf(string path)
    {
        // The owner is a 32-bit number at offset 20 of Linux's statx and 16 of macOS's stat.
        const int currentDirectory = -100, wantOwner = 0x8;
        var buffer = stackalloc byte[512];
        var linux = OperatingSystem.IsLinux();
        var failed = linux ? statx(currentDirectory, path, 0, wantOwner, buffer) : stat(path, buffer);
        return failed == 0 ? *(uint*)(buffer + (linux ? 20 : 16)) : uint.MaxValue;
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int statx(int directory, string path, int flags, uint mask, byte* buffer);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int stat(string path, byte* buffer);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int access(string path, int mode);

    [LibraryImport("libc")]
    private static partial uint geteuid();
}

/// <summary>The config directory cannot be used; the message is for the person at the machine.</summary>
public sealed class ConfigDirectoryException(string message) : Exception(message);
