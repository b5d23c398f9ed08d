using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace PocketCoder.Daemon.Features.Files;

/// <summary>The system calls behind <see cref="ProjectTree"/>. Constants are Linux's and, where they differ, macOS's.</summary>
internal static unsafe partial class Native
{
    public const int NotPermitted = 1;
    public const int NoEntry = 2;
    public const int NoDevice = 6;
    public const int AccessDenied = 13;
    public const int Exists = 17;
    public const int CrossDevice = 18;
    public const int NotDirectory = 20;
    public const int IsDirectory = 21;
    public const int Invalid = 22;
    public const int FileTooBig = 27;
    public const int NoSpace = 28;
    public const int ReadOnlyFileSystem = 30;
    public const int NameTooLong = 36, NameTooLongMac = 63;
    public const int NotEmpty = 39, NotEmptyMac = 66;
    public const int TooManyLinks = 40, TooManyLinksMac = 62;
    public const int NotSupported = 95, NotSupportedMac = 45;
    public const int QuotaExceeded = 122, QuotaExceededMac = 69;
    private const int Interrupted = 4;
    private const int TryAgain = 11;
    private const int NoSystemCall = 38;

    private const int Openat2Number = 437;
    private const ulong ResolveNoMagicLinks = 0x02, ResolveNoSymlinks = 0x04, ResolveBeneath = 0x08;

    // Somebody who renames without end could keep the kernel asking for another try.
    private const int MaxTries = 1000;

    private static volatile bool _openat2Missing;

    private static volatile bool _unnamedMissing;

    /// <summary>All files have names: where the system is so, and for tests.</summary>
    internal static bool WithoutUnnamedFiles
    {
        set => _unnamedMissing = value;
    }

    /// <summary>Test seam: walks component by component, as on a kernel without openat2.</summary>
    internal static bool WithoutOpenat2
    {
        set => _openat2Missing = value;
    }

    public static int Path => OperatingSystem.IsLinux() ? 0x200000 : 0;

    // arm64 swaps O_DIRECTORY and O_NOFOLLOW with other flags of x64.
    public static int Directory => OperatingSystem.IsMacOS() ? 0x100000 : IsArm ? 0x4000 : 0x10000;

    public static int WriteOnly => 1;

    public static int CreateNew => OperatingSystem.IsMacOS() ? 0x200 | 0x800 : 0x40 | 0x80;

    public static int NonBlocking => OperatingSystem.IsMacOS() ? 0x4 : 0x800;

    public static int NoControllingTerminal => OperatingSystem.IsMacOS() ? 0x20000 : 0x100;

    private static int CloseOnExec => OperatingSystem.IsMacOS() ? 0x1000000 : 0x80000;

    public static int NoFollow => OperatingSystem.IsMacOS() ? 0x100 : IsArm ? 0x8000 : 0x20000;

    private static bool IsArm => RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm;

    /// <summary>
    /// Opens the directory at an absolute path. No part of it may be a link: a project is registered by its real name, so a link there was
    /// put in its place later and may lead anywhere.
    /// </summary>
    public static SafeFileHandle? OpenRoot(string path, out int error)
    {
        if (OperatingSystem.IsLinux() && !_openat2Missing)
        {
            const int currentDirectory = -100;
            var descriptor = Openat2(currentDirectory, RawName.ToBytes(path), Path | Directory, 0, ResolveNoSymlinks, out error);
            if (error is not (NoSystemCall or NotPermitted))
            {
                return Handle(descriptor);
            }
        }

        using SafeFileHandle top = new(open("/"u8.ToArray(), Path | Directory | CloseOnExec), ownsHandle: true);
        return OpenByComponents(top, path, Path | Directory, 0, out error);
    }

    /// <summary>Opens whatever is at an absolute path to read it, without waiting for it; null when there is nothing to open.</summary>
    public static SafeFileHandle? OpenPath(string path) => OperatingSystem.IsWindows()
        ? File.OpenHandle(path)
        : Handle(open(Terminated(RawName.ToBytes(path)), NonBlocking | NoControllingTerminal | CloseOnExec));

    /// <summary>Null and the error when the path does not exist, leaves the directory, or cannot be opened. A link is followed while it stays inside.</summary>
    public static SafeFileHandle? OpenBeneath(SafeFileHandle directory, string path, int flags, out int error)
    {
        if (OperatingSystem.IsLinux() && !_openat2Missing)
        {
            var descriptor = Openat2((int)directory.DangerousGetHandle(), RawName.ToBytes(path), flags, 0, ResolveBeneath | ResolveNoMagicLinks, out error);
            if (error is not (NoSystemCall or NotPermitted))
            {
                return Handle(descriptor);
            }

            // An old kernel, or a sandbox that forbids the call.
            _openat2Missing = error == NoSystemCall;
        }

        return OpenByComponents(directory, path, flags, 0, out error);
    }

    /// <summary>Opens one name of a directory, never through a link.</summary>
    public static SafeFileHandle? OpenChild(SafeFileHandle directory, byte[] name, int flags, int mode, out int error)
    {
        var descriptor = OpenAt((int)directory.DangerousGetHandle(), Terminated(name), flags | NoFollow | CloseOnExec, mode);
        error = descriptor < 0 ? Marshal.GetLastPInvokeError() : 0;
        return Handle(descriptor);
    }

    /// <summary>Linux: creates a file in a directory that has no name there yet. Null and <see cref="NotSupported"/> where there is no such thing.</summary>
    public static SafeFileHandle? OpenUnnamed(SafeFileHandle directory, int mode, out int error)
    {
        if (!OperatingSystem.IsLinux() || _unnamedMissing)
        {
            error = NotSupported;
            return null;
        }

        const int temporaryFile = 0x400000;
        return OpenChild(directory, "."u8.ToArray(), WriteOnly | temporaryFile | Directory, mode, out error);
    }

    /// <summary>Linux: gives an open file a name; <see cref="Exists"/> when there is something of that name. The error's number, 0 when it is done.</summary>
    public static int Link(SafeFileHandle file, SafeFileHandle directory, byte[] name)
    {
        const int currentDirectory = -100, followLinks = 0x400;
        return ErrorOf(linkat(currentDirectory, Encoding.UTF8.GetBytes($"/proc/self/fd/{file.DangerousGetHandle()}\0"), (int)directory.DangerousGetHandle(), Terminated(name), followLinks));
    }

    /// <summary>The status of a handle's file, or of one name of a directory without following a link; null when there is none.</summary>
    public static FileStatus? StatusOf(SafeFileHandle handle, byte[]? name = null)
    {
        const int emptyPath = 0x1000, noFollowLinux = 0x100, noFollowMac = 0x20, basicStatistics = 0x7ff;
        var buffer = stackalloc byte[512];
        var descriptor = (int)handle.DangerousGetHandle();
        if (OperatingSystem.IsLinux())
        {
            return statx(descriptor, name is null ? [0] : Terminated(name), name is null ? emptyPath : noFollowLinux, basicStatistics, buffer) == 0
                ? FileStatus.OfStatx(buffer)
                : null;
        }

        return (name is null ? fstat(descriptor, buffer) : fstatat(descriptor, Terminated(name), buffer, noFollowMac)) == 0 ? FileStatus.OfMacStat(buffer) : null;
    }

    /// <summary>Linux: where the thing behind a handle is now; null when that cannot be told.</summary>
    public static string? PathOf(SafeFileHandle handle)
    {
        const int currentDirectory = -100;
        var buffer = new byte[4096 + 16];
        fixed (byte* pointer = buffer)
        {
            var length = readlinkat(currentDirectory, Encoding.UTF8.GetBytes($"/proc/self/fd/{handle.DangerousGetHandle()}\0"), pointer, (nuint)buffer.Length);
            return length <= 0 ? null : RawName.ToText(buffer.AsSpan(0, (int)length));
        }
    }

    /// <summary>The error number of each of these; 0 when it is done.</summary>
    public static int MakeDirectory(SafeFileHandle parent, byte[] name) => ErrorOf(mkdirat((int)parent.DangerousGetHandle(), Terminated(name), 0x1ff));

    public static int Remove(SafeFileHandle parent, byte[] name, bool directory)
    {
        const int removeDirectoryLinux = 0x200, removeDirectoryMac = 0x80;
        return ErrorOf(unlinkat((int)parent.DangerousGetHandle(), Terminated(name), !directory ? 0 : OperatingSystem.IsMacOS() ? removeDirectoryMac : removeDirectoryLinux));
    }

    public static int Rename(SafeFileHandle from, byte[] name, SafeFileHandle to, byte[] newName, RenameMode mode)
    {
        var (source, target) = ((int)from.DangerousGetHandle(), (int)to.DangerousGetHandle());
        if (mode == RenameMode.Replace)
        {
            return ErrorOf(renameat(source, Terminated(name), target, Terminated(newName)));
        }

        const uint noReplaceLinux = 1, exchangeLinux = 2, exchangeMac = 2, noReplaceMac = 4;
        return OperatingSystem.IsMacOS()
            ? ErrorOf(renameatx_np(source, Terminated(name), target, Terminated(newName), mode == RenameMode.Exchange ? exchangeMac : noReplaceMac))
            : ErrorOf(renameat2(source, Terminated(name), target, Terminated(newName), mode == RenameMode.Exchange ? exchangeLinux : noReplaceLinux));
    }

    public static int Flush(SafeFileHandle handle) => ErrorOf(fsync((int)handle.DangerousGetHandle()));

    public static int SetMode(SafeFileHandle handle, int mode) => ErrorOf(fchmod((int)handle.DangerousGetHandle(), (uint)mode));

    public static int SetOwner(SafeFileHandle handle, uint user, uint group) => ErrorOf(fchown((int)handle.DangerousGetHandle(), user, group));

    /// <summary>0, or the error that kept the rest from being written.</summary>
    public static int Write(SafeFileHandle handle, ReadOnlySpan<byte> content)
    {
        while (!content.IsEmpty)
        {
            nint written;
            fixed (byte* pointer = content)
            {
                written = write((int)handle.DangerousGetHandle(), pointer, (nuint)content.Length);
            }

            if (written < 0 && Marshal.GetLastPInvokeError() is var error and not Interrupted)
            {
                return error;
            }

            content = content[(int)Math.Max(written, 0)..];
        }

        return 0;
    }

    /// <summary>The next entries of a Linux directory handle, as linux_dirent64; 0 at its end, negative on an error.</summary>
    public static nint ReadEntries(SafeFileHandle directory, byte* buffer, int size)
    {
        const int getdents64 = 217, getdents64Arm = 61;
        return syscall(IsArm ? getdents64Arm : getdents64, (int)directory.DangerousGetHandle(), buffer, (void*)size, 0);
    }

    private static int Openat2(int directory, byte[] path, int flags, int mode, ulong resolve, out int error)
    {
        OpenHow how = new() { Flags = (ulong)(uint)(flags | CloseOnExec), Mode = (ulong)mode, Resolve = resolve };
        fixed (byte* pointer = Terminated(path))
        {
            for (var tries = 0; ; tries++)
            {
                var descriptor = syscall(Openat2Number, directory, pointer, &how, (nuint)sizeof(OpenHow));
                error = descriptor < 0 ? Marshal.GetLastPInvokeError() : 0;

                // EAGAIN: something was renamed during the walk and the kernel could not tell; it asks for another try.
                if (error == TryAgain && tries == MaxTries)
                {
                    error = CrossDevice;
                }

                if (error is not (TryAgain or Interrupted))
                {
                    return (int)descriptor;
                }
            }
        }
    }

    // Without openat2 no link is followed at all: safe, and less than it could be.
    private static SafeFileHandle? OpenByComponents(SafeFileHandle directory, string path, int flags, int mode, out int error)
    {
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(part => part != ".").DefaultIfEmpty(".").ToList();
        SafeFileHandle? current = null;
        error = 0;
        for (var i = 0; i < parts.Count; i++)
        {
            var last = i == parts.Count - 1;
            var next = OpenChild(current ?? directory, RawName.ToBytes(parts[i]), last ? flags : Path | Directory, mode, out error);
            current?.Dispose();
            if (next is null)
            {
                return null;
            }

            current = next;
        }

        return current;
    }

    /// <summary>What kind of thing a handle is of.</summary>
    public static FileKind KindOf(SafeFileHandle handle) => OperatingSystem.IsWindows()
        ? (File.GetAttributes(handle) & FileAttributes.Directory) != 0 ? FileKind.Directory : FileKind.Regular
        : StatusOf(handle)?.Kind ?? FileKind.Other;

    private static SafeFileHandle? Handle(int descriptor) => descriptor < 0 ? null : new SafeFileHandle(descriptor, ownsHandle: true);

    private static int ErrorOf(int result) => result == 0 ? 0 : Marshal.GetLastPInvokeError();

    private static byte[] Terminated(byte[] name)
    {
        var terminated = new byte[name.Length + 1];
        name.CopyTo(terminated, 0);
        return terminated;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct OpenHow
    {
        public ulong Flags;
        public ulong Mode;
        public ulong Resolve;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int open(byte[] path, int flags);

    // The mode is a variadic argument, which Apple's processors take from the stack: what is before it fills the registers.
    private static int OpenAt(int directory, byte[] path, int flags, int mode) => OperatingSystem.IsMacOS() && RuntimeInformation.ProcessArchitecture == Architecture.Arm64
        ? openat(directory, path, flags, 0, 0, 0, 0, 0, mode)
        : openat(directory, path, flags, mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int openat(int directory, byte[] path, int flags, nint x3, nint x4, nint x5, nint x6, nint x7, nint mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int openat(int directory, byte[] path, int flags, int mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int statx(int directory, byte[] path, int flags, uint mask, byte* buffer);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fstat(int descriptor, byte* buffer);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fstatat(int directory, byte[] path, byte* buffer, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint readlinkat(int directory, byte[] path, byte* buffer, nuint size);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int mkdirat(int directory, byte[] path, uint mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int unlinkat(int directory, byte[] path, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int linkat(int directory, byte[] path, int newDirectory, byte[] newPath, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int renameat(int directory, byte[] path, int newDirectory, byte[] newPath);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int renameat2(int directory, byte[] path, int newDirectory, byte[] newPath, uint flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int renameatx_np(int directory, byte[] path, int newDirectory, byte[] newPath, uint flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fsync(int descriptor);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fchmod(int descriptor, uint mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fchown(int descriptor, uint user, uint group);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint write(int descriptor, byte* buffer, nuint size);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint syscall(nint number, int directory, byte* path, void* argument, nuint size);
}

internal enum RenameMode
{
    Replace,

    /// <summary>Fails with <see cref="Native.Exists"/> when the new name is taken.</summary>
    Create,

    /// <summary>Both names must be there; they change places in one step.</summary>
    Exchange,
}
