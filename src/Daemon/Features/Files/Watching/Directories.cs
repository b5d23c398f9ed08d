using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace PocketCoder.Daemon.Features.Files.Watching;

/// <summary>
/// Directories by handle, and names as the bytes they are. Each step of a walk opens one name in the handle before and follows no link, so a tree that
/// is changed under the walk can mislead it within the project only.
/// </summary>
[SupportedOSPlatform("linux")]
internal static unsafe partial class Directories
{
    /// <summary>No deeper: a handle is held for each level.</summary>
    public const int MaxDepth = 128;

    private const int MaxNameBytes = 255;
    private const int ReadOnly = 0, CloseOnExec = 0x80000;
    private const int AtCurrent = -100, NoFollowLink = 0x100, BasicStats = 0x7ff;

    private static readonly bool IsArm = RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm;
    private static readonly int Directory = IsArm ? 0x4000 : 0x10000;
    private static readonly int NoFollow = IsArm ? 0x8000 : 0x20000;
    private static readonly nint ReadEntriesNumber = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 61 : 217;

    /// <summary>A project's root, which may be behind a link. Invalid when it cannot be opened.</summary>
    public static SafeFileHandle OpenRoot(string path)
    {
        var name = System.Text.Encoding.UTF8.GetBytes(path + '\0');
        fixed (byte* pointer = name)
        {
            return new SafeFileHandle(openat(AtCurrent, pointer, ReadOnly | Directory | CloseOnExec), ownsHandle: true);
        }
    }

    /// <summary>A directory in a directory; invalid, and the error, when it is none or cannot be opened, or the parent is invalid.</summary>
    public static SafeFileHandle Open(SafeFileHandle parent, ReadOnlySpan<byte> name, out int error)
    {
        var pointer = stackalloc byte[MaxNameBytes + 1];
        Terminate(name, pointer);
        var descriptor = openat((int)parent.DangerousGetHandle(), pointer, ReadOnly | Directory | NoFollow | CloseOnExec);
        error = descriptor < 0 ? Marshal.GetLastPInvokeError() : 0;
        return new SafeFileHandle(descriptor, ownsHandle: true);
    }

    /// <summary>The next entries, in the system's form (see <see cref="DirectoryEntries"/>); 0 bytes at the end, or when the directory is gone.</summary>
    public static ReadOnlySpan<byte> Read(SafeFileHandle directory, Span<byte> buffer)
    {
        fixed (byte* pointer = buffer)
        {
            var length = syscall(ReadEntriesNumber, (int)directory.DangerousGetHandle(), pointer, (nuint)buffer.Length);
            return length > 0 ? buffer[..(int)length] : default;
        }
    }

    /// <summary>What would be another if the entry were: null when it is gone.</summary>
    public static EntryStamp? StampOf(SafeFileHandle parent, ReadOnlySpan<byte> name)
    {
        // The places in Linux's struct statx.
        const int size = 256, mode = 28, inode = 32, length = 40, changed = 96, changedNanoseconds = 104, typeMask = 0xF000, directory = 0x4000;
        var pointer = stackalloc byte[MaxNameBytes + 1];
        var stat = stackalloc byte[size];
        Terminate(name, pointer);
        if (statx((int)parent.DangerousGetHandle(), pointer, NoFollowLink, BasicStats, stat) != 0)
        {
            return null;
        }

        ReadOnlySpan<byte> fields = new(stat, size);
        return new EntryStamp(
            (BinaryPrimitives.ReadUInt16LittleEndian(fields[mode..]) & typeMask) == directory,
            BinaryPrimitives.ReadUInt64LittleEndian(fields[inode..]),
            BinaryPrimitives.ReadInt64LittleEndian(fields[length..]),
            BinaryPrimitives.ReadInt64LittleEndian(fields[changed..]),
            BinaryPrimitives.ReadUInt32LittleEndian(fields[changedNanoseconds..]));
    }

    private static void Terminate(ReadOnlySpan<byte> name, byte* pointer)
    {
        name.CopyTo(new Span<byte>(pointer, MaxNameBytes));
        pointer[name.Length] = 0;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int openat(int directory, byte* path, int flags);

    [LibraryImport("libc")]
    private static partial int statx(int directory, byte* path, int flags, uint mask, byte* buffer);

    [LibraryImport("libc")]
    private static partial nint syscall(nint number, int descriptor, byte* buffer, nuint length);
}

/// <summary>What tells one state of an entry from another. The change time moves with content, mode and name.</summary>
internal readonly record struct EntryStamp(bool IsDirectory, ulong Inode, long Size, long Seconds, uint Nanoseconds);

/// <summary>One after the other the entries that <see cref="Directories.Read"/> gave, without "." and "..".</summary>
internal ref struct DirectoryEntries(ReadOnlySpan<byte> buffer)
{
    private const int LengthAt = 16, TypeAt = 18, NameAt = 19;
    private const byte UnknownType = 0, DirectoryType = 4;

    private ReadOnlySpan<byte> _rest = buffer;

    public ReadOnlySpan<byte> Name { get; private set; }

    /// <summary>Also when the file system does not say: whoever opens it finds out.</summary>
    public bool MayBeDirectory { get; private set; }

    public bool MoveNext()
    {
        do
        {
            if (_rest.IsEmpty)
            {
                return false;
            }

            var entry = _rest[..BinaryPrimitives.ReadUInt16LittleEndian(_rest[LengthAt..])];
            _rest = _rest[entry.Length..];
            Name = entry[NameAt..];
            Name = Name[..Name.IndexOf((byte)0)];
            MayBeDirectory = entry[TypeAt] is DirectoryType or UnknownType;
        }
        while (Name.SequenceEqual("."u8) || Name.SequenceEqual(".."u8));

        return true;
    }
}
