using System.IO.Enumeration;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace PocketCoder.Daemon.Features.Files;

/// <summary>The names in the directory behind a handle, as bytes. On Linux straight from the kernel, for .NET decodes names and so loses those that are not UTF-8.</summary>
internal static class DirectoryReader
{
    internal readonly record struct Entry(byte[] Name, FileKind Kind, bool IsLink);

    /// <summary>All entries but "." and "..", in no order; at most <paramref name="limit"/>.</summary>
    public static List<Entry> Read(SafeFileHandle directory, int limit = int.MaxValue) =>
        OperatingSystem.IsLinux() ? ReadLinux(directory, limit) : ReadElsewhere($"/dev/fd/{directory.DangerousGetHandle()}", limit);

    private static unsafe List<Entry> ReadLinux(SafeFileHandle directory, int limit)
    {
        // struct linux_dirent64 of getdents64(2): length at 16, type at 18, the name from 19 to a NUL.
        const int lengthAt = 16, typeAt = 18, nameAt = 19, size = 64 * 1024;
        const byte unknown = 0, isDirectory = 4, isRegular = 8, isLink = 10;
        List<Entry> entries = [];
        var buffer = (byte*)NativeMemory.Alloc(size);
        try
        {
            for (nint count; entries.Count < limit && (count = Native.ReadEntries(directory, buffer, size)) > 0;)
            {
                for (nint at = 0; at < count && entries.Count < limit; at += *(ushort*)(buffer + at + lengthAt))
                {
                    var name = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(buffer + at + nameAt);
                    if (name.SequenceEqual("."u8) || name.SequenceEqual(".."u8))
                    {
                        continue;
                    }

                    var bytes = name.ToArray();
                    entries.Add(buffer[at + typeAt] switch
                    {
                        // Some file systems do not say; then the file itself is asked.
                        unknown => Native.StatusOf(directory, bytes) is { } status ? new Entry(bytes, status.Kind, status.IsLink) : new Entry(bytes, FileKind.Other, false),
                        var type => new Entry(bytes, type switch { isDirectory => FileKind.Directory, isRegular => FileKind.Regular, _ => FileKind.Other }, type == isLink),
                    });
                }
            }
        }
        finally
        {
            NativeMemory.Free(buffer);
        }

        return entries;
    }

    private static List<Entry> ReadElsewhere(string path, int limit) => [.. new FileSystemEnumerable<Entry>(
        path,
        (ref FileSystemEntry entry) => new Entry(
            RawName.ToBytes(entry.FileName.ToString()),
            entry.Attributes.HasFlag(FileAttributes.ReparsePoint) ? FileKind.Other : entry.IsDirectory ? FileKind.Directory : FileKind.Regular,
            entry.Attributes.HasFlag(FileAttributes.ReparsePoint)),
        new EnumerationOptions { AttributesToSkip = 0, IgnoreInaccessible = true, ReturnSpecialDirectories = false }).Take(limit)];
}
