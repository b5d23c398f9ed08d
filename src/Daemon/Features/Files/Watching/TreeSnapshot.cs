using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace PocketCoder.Daemon.Features.Files.Watching;

/// <summary>Every path of a project at one time, by which a later one tells what changed.</summary>
[SupportedOSPlatform("linux")]
internal sealed class TreeSnapshot
{
    private readonly Dictionary<string, FileStatus> _entries = new(StringComparer.Ordinal);

    /// <summary>Null when the directory cannot be opened.</summary>
    public static TreeSnapshot? Take(string root)
    {
        using var handle = Directories.OpenRoot(root);
        if (handle is null)
        {
            return null;
        }

        TreeSnapshot snapshot = new();
        snapshot.Add(handle, "", depth: 0);
        return snapshot;
    }

    public void TellChanges(TreeSnapshot before, ChangeFeed feed)
    {
        // What is in a directory that went is told with it; the directory stands before what is in it.
        HashSet<string> gone = new(StringComparer.Ordinal);
        foreach (var (path, old) in before._entries)
        {
            if (gone.Contains(ParentOf(path)) || !_entries.TryGetValue(path, out var now) || IsAnother(old, now))
            {
                gone.Add(path);
                if (!gone.Contains(ParentOf(path)))
                {
                    feed.Vanished(path, IsDirectory(old));
                }
            }
        }

        foreach (var (path, now) in _entries)
        {
            var existed = before._entries.TryGetValue(path, out var old) && !gone.Contains(path);

            // A directory's own time moves with what is in it, which is told by itself.
            if (!existed || (!IsDirectory(now) && now != old))
            {
                feed.Appeared(path, IsDirectory(now), existed);
            }
        }
    }

    private static bool IsDirectory(FileStatus status) => status.Kind == FileKind.Directory;

    // A file that was replaced is a modified file; a directory that was may have other things in it.
    private static bool IsAnother(FileStatus old, FileStatus now) =>
        IsDirectory(old) != IsDirectory(now) || (IsDirectory(old) && old.Inode != now.Inode);

    private static string ParentOf(string path) => path[..Math.Max(0, path.LastIndexOf('/'))];

    private void Add(SafeFileHandle directory, string prefix, int depth)
    {
        List<(byte[] Name, string Path)> subdirectories = [];
        foreach (var entry in DirectoryReader.Read(directory))
        {
            if (Native.StatusOf(directory, entry.Name) is not { } status || (IsDirectory(status) && IgnoredDirectories.Has(entry.Name)))
            {
                continue;
            }

            var path = prefix + RawName.ToText(entry.Name);
            _entries[path] = status;
            if (IsDirectory(status) && depth < Directories.MaxDepth)
            {
                subdirectories.Add((entry.Name, path));
            }
        }

        foreach (var (name, path) in subdirectories)
        {
            using var subdirectory = Directories.Open(directory, name, out _);
            if (subdirectory is not null)
            {
                Add(subdirectory, path + "/", depth + 1);
            }
        }
    }
}
