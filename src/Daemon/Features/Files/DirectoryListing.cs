using Microsoft.Win32.SafeHandles;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Files;

/// <summary>A directory as <c>fs_list</c> shows it: directories first, then by name.</summary>
internal sealed record DirectoryListing(IReadOnlyList<FsEntry> Children, bool Truncated)
{
    private const int MaxEntries = 10_000;

    // Names alone are cheap; beyond this a directory is not sorted as a whole any more.
    private const int MaxNames = 500_000;

    /// <param name="directory">The very directory, whatever its name leads to by now.</param>
    /// <param name="location">Its path, for systems that cannot list a handle.</param>
    /// <param name="relative">Its path in the project.</param>
    public static DirectoryListing Read(SafeFileHandle directory, string location, string relative)
    {
        var prefix = relative.Length == 0 ? "" : relative.TrimEnd('/') + "/";
        if (OperatingSystem.IsWindows())
        {
            return ByName.List(location, prefix, MaxEntries);
        }

        var entries = DirectoryReader.Read(directory, MaxNames);
        var named = entries.ConvertAll(entry => (Text: RawName.ToText(entry.Name), Entry: entry));
        named.Sort((a, b) => (a.Entry.Kind == FileKind.Directory, b.Entry.Kind == FileKind.Directory) switch
        {
            (true, false) => -1,
            (false, true) => 1,
            _ => string.CompareOrdinal(a.Text, b.Text),
        });

        List<FsEntry> children = new(Math.Min(named.Count, MaxEntries));
        foreach (var (text, entry) in named)
        {
            if (children.Count == MaxEntries)
            {
                break;
            }

            // Gone since its name was read: not listed.
            if (Native.StatusOf(directory, entry.Name) is { } status)
            {
                var kind = status.IsLink ? FsEntryKind.Symlink : status.Kind == FileKind.Directory ? FsEntryKind.Directory : FsEntryKind.File;
                children.Add(new FsEntry(text, prefix + text, kind, kind == FsEntryKind.Directory ? 0 : status.Size, status.ModifiedAt));
            }
        }

        return new DirectoryListing(children, Truncated: named.Count > MaxEntries);
    }
}
