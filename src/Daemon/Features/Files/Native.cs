using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace PocketCoder.Daemon.Features.Files;

/// <summary>The system calls behind <see cref="ProjectTree"/>. Constants are Linux's and, where they differ, macOS's.</summary>
internal static unsafe partial class Native
{
    public const int NoEntry = 2;
    public const int NotPermitted = 1;
    public const int NoDevice = 6;
    public const int AccessDenied = 13;
    public const int CrossDevice = 18;
    public const int NotDirectory = 20;
    public const int TooManyLinks = 40, TooManyLinksMac = 62;
    public const int NameTooLong = 36, NameTooLongMac = 63;
    private const int TryAgain = 11;
    private const int NoSystemCall = 38;

    private const int Openat2Number = 437;
    private const ulong ResolveNoMagicLinks = 0x02, ResolveBeneath = 0x08;

    private static volatile bool _openat2Missing;

    public static int Path => OperatingSystem.IsLinux() ? 0x200000 : 0;

    // arm64 swaps O_DIRECTORY and O_NOFOLLOW with other flags of x64.
    public static int Directory => OperatingSystem.IsMacOS() ? 0x100000 : IsArm ? 0x4000 : 0x10000;

    public static int NonBlocking => OperatingSystem.IsMacOS() ? 0x4 : 0x800;

    public static int NoControllingTerminal => OperatingSystem.IsMacOS() ? 0x20000 : 0x100;

    private static int CloseOnExec => OperatingSystem.IsMacOS() ? 0x1000000 : 0x80000;

    private static int NoFollow => OperatingSystem.IsMacOS() ? 0x100 : IsArm ? 0x8000 : 0x20000;

    private static bool IsArm => RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm;

    public static SafeFileHandle Open(string path, int flags) => new(open(path, flags | CloseOnExec), ownsHandle: true);

    /// <summary>Null and the error when the path does not exist, leaves the directory, or cannot be opened.</summary>
    public static SafeFileHandle? OpenBeneath(SafeFileHandle directory, string path, int flags, out int error)
    {
        if (OperatingSystem.IsLinux() && !_openat2Missing)
        {
            var descriptor = Openat2(directory, path, flags, out error);
            if (error is not (NoSystemCall or NotPermitted))
            {
                return descriptor < 0 ? null : new SafeFileHandle(descriptor, ownsHandle: true);
            }

            // An old kernel, or a sandbox that forbids the call.
            _openat2Missing = error == NoSystemCall;
        }

        return OpenByComponents(directory, path, flags, out error);
    }

    private static int Openat2(SafeFileHandle directory, string path, int flags, out int error)
    {
        OpenHow how = new() { Flags = (ulong)(uint)(flags | CloseOnExec), Resolve = ResolveBeneath | ResolveNoMagicLinks };
        var name = Encoding.UTF8.GetBytes(path + '\0');
        fixed (byte* pointer = name)
        {
            while (true)
            {
                var descriptor = syscall(Openat2Number, (int)directory.DangerousGetHandle(), pointer, &how, (nuint)sizeof(OpenHow));
                error = descriptor < 0 ? Marshal.GetLastPInvokeError() : 0;

                // EAGAIN: something was renamed during the walk and the kernel could not tell; it asks for another try.
                if (error != TryAgain)
                {
                    return (int)descriptor;
                }
            }
        }
    }

    // Without openat2 no link is followed at all: safe, and less than it could be.
    private static SafeFileHandle? OpenByComponents(SafeFileHandle directory, string path, int flags, out int error)
    {
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        SafeFileHandle? current = null;
        for (var i = 0; i < Math.Max(parts.Length, 1); i++)
        {
            var last = i >= parts.Length - 1;
            var next = openat((int)(current ?? directory).DangerousGetHandle(), parts.ElementAtOrDefault(i) ?? ".",
                (last ? flags : Path | Directory) | NoFollow | CloseOnExec);
            error = next < 0 ? Marshal.GetLastPInvokeError() : 0;
            current?.Dispose();
            if (next < 0)
            {
                return null;
            }

            current = new SafeFileHandle(next, ownsHandle: true);
        }

        error = 0;
        return current;
    }

    /// <summary>What kind of thing a handle is of.</summary>
    public static FileKind KindOf(SafeFileHandle handle)
    {
        const int typeMask = 0xF000, directory = 0x4000, regular = 0x8000, emptyPath = 0x1000, wantType = 0x1;
        if (OperatingSystem.IsWindows())
        {
            return (File.GetAttributes(handle) & FileAttributes.Directory) != 0 ? FileKind.Directory : FileKind.Regular;
        }

        // The mode is a 16-bit number at offset 28 of Linux's statx and 4 of macOS's stat.
        var buffer = stackalloc byte[512];
        var failed = OperatingSystem.IsLinux()
            ? statx((int)handle.DangerousGetHandle(), "", emptyPath, wantType, buffer)
            : fstat((int)handle.DangerousGetHandle(), buffer);
        var type = failed != 0 ? 0 : *(ushort*)(buffer + (OperatingSystem.IsLinux() ? 28 : 4)) & typeMask;
        return type switch { directory => FileKind.Directory, regular => FileKind.Regular, _ => FileKind.Other };
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct OpenHow
    {
        public ulong Flags;
        public ulong Mode;
        public ulong Resolve;
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int openat(int directory, string path, int flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int statx(int directory, string path, int flags, uint mask, byte* buffer);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fstat(int descriptor, byte* buffer);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint syscall(nint number, int directory, byte* path, OpenHow* how, nuint size);
}

internal enum FileKind
{
    Regular,
    Directory,

    /// <summary>A FIFO, socket or device.</summary>
    Other,
}
