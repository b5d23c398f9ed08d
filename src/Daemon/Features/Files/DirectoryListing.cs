using System.IO.Enumeration;
using Microsoft.Win32.SafeHandles;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Files;

/// <summary>Lists the directory behind a handle, not behind a name.</summary>
internal static class DirectoryListing
{
    private const int MaxEntries = 10_000;

    public static (IReadOnlyList<FsEntry> Children, bool Truncated) Read(SafeFileHandle directory, string name, string relative)
    {
        if (Native.KindOf(directory) != FileKind.Directory)
        {
            throw new RequestException(ErrorCode.NotADirectory, "This is not a directory.", new ErrorDetails { Path = relative });
        }

        // /proc/self/fd leads to the very directory that was opened, whatever its name leads to by now.
        var location = OperatingSystem.IsLinux() ? $"/proc/self/fd/{directory.DangerousGetHandle()}/" : name;
        var prefix = relative.Length == 0 ? "" : relative.TrimEnd('/') + "/";
        FileSystemEnumerable<FsEntry> entries = new(
            location,
            (ref FileSystemEntry entry) => ToEntry(ref entry, prefix),
            new EnumerationOptions { AttributesToSkip = 0, IgnoreInaccessible = true, ReturnSpecialDirectories = false });

        var found = entries.Take(MaxEntries + 1).ToList();
        var truncated = found.Count > MaxEntries;
        var children = found
            .Take(MaxEntries)
            .OrderBy(e => e.Kind == FsEntryKind.Directory ? 0 : 1)
            .ThenBy(e => e.Name, StringComparer.Ordinal)
            .ToList();
        return (children, truncated);
    }

    private static FsEntry ToEntry(ref FileSystemEntry entry, string prefix)
    {
        var name = entry.FileName.ToString();
        var link = (entry.Attributes & FileAttributes.ReparsePoint) != 0;
        var kind = link ? FsEntryKind.Symlink : entry.IsDirectory ? FsEntryKind.Directory : FsEntryKind.File;
        return new FsEntry(name, prefix + name, kind, kind == FsEntryKind.Directory ? 0 : entry.Length, entry.LastWriteTimeUtc);
    }
}
