namespace PocketCoder.Daemon.Features.Files;

/// <summary>What stat says of a file. <c>Mode</c>: the permission bits; times in nanoseconds since 1970.</summary>
internal readonly record struct FileStatus(FileKind Kind, bool IsLink, int Mode, uint User, uint Group, ulong Inode, long Size, long ModifiedNanoseconds)
{
    private const int TypeMask = 0xF000, Directory = 0x4000, Regular = 0x8000, Link = 0xA000, PermissionMask = 0xFFF;

    public DateTimeOffset ModifiedAt => DateTimeOffset.UnixEpoch.AddTicks(ModifiedNanoseconds / 100);

    /// <summary>Changes with the content: a replaced file has another inode, a rewritten one another time.</summary>
    public string Etag => FormattableString.Invariant($"{Inode:x}-{Size:x}-{ModifiedNanoseconds:x}");

    /// <summary>struct statx of Linux's uapi/linux/stat.h.</summary>
    public static unsafe FileStatus OfStatx(byte* s) => Of(
        *(ushort*)(s + 28), *(uint*)(s + 20), *(uint*)(s + 24), *(ulong*)(s + 32), *(long*)(s + 40), *(long*)(s + 112), *(uint*)(s + 120));

    /// <summary>struct stat (64-bit inodes) of macOS's sys/stat.h.</summary>
    public static unsafe FileStatus OfMacStat(byte* s) => Of(
        *(ushort*)(s + 4), *(uint*)(s + 16), *(uint*)(s + 20), *(ulong*)(s + 8), *(long*)(s + 96), *(long*)(s + 48), *(long*)(s + 56));

    private static FileStatus Of(int mode, uint user, uint group, ulong inode, long size, long seconds, long nanoseconds) => new(
        (mode & TypeMask) switch { Directory => FileKind.Directory, Regular => FileKind.Regular, _ => FileKind.Other },
        (mode & TypeMask) == Link, mode & PermissionMask, user, group, inode, size, (seconds * 1_000_000_000) + nanoseconds);
}

internal enum FileKind
{
    Regular,
    Directory,

    /// <summary>A FIFO, socket or device.</summary>
    Other,
}
