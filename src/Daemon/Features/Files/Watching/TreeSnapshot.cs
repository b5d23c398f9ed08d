using System.Runtime.Versioning;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace PocketCoder.Daemon.Features.Files.Watching;

/// <summary>Every path of a project at one time, by which a later one tells what changed.</summary>
[SupportedOSPlatform("linux")]
internal sealed class TreeSnapshot
{
    private readonly Dictionary<string, EntryStamp> _entries = new(StringComparer.Ordinal);

    /// <summary>Null when the directory cannot be opened.</summary>
    public static TreeSnapshot? Take(string root)
    {
        using var handle = Directories.OpenRoot(root);
        if (handle.IsInvalid)
        {
            return null;
        }

        TreeSnapshot snapshot = new();
        snapshot.Add(handle, "", new byte[32 * 1024], depth: 0);
        return snapshot;
    }

    public void TellChanges(TreeSnapshot before, ChangeFeed feed)
    {
        foreach (var (path, old) in before._entries)
        {
            if (!_entries.TryGetValue(path, out var now) || now.IsDirectory != old.IsDirectory || (old.IsDirectory && now.Inode != old.Inode))
            {
                feed.Vanished(path, old.IsDirectory);
            }
        }

        foreach (var (path, now) in _entries)
        {
            // A directory's own stamp moves with what is in it, which is told by itself.
            var existed = before._entries.TryGetValue(path, out var old) && old.IsDirectory == now.IsDirectory;
            if (!existed || (now.IsDirectory ? now.Inode != old.Inode : now != old))
            {
                feed.Appeared(path, now.IsDirectory, existed);
            }
        }
    }

    private void Add(SafeFileHandle directory, string prefix, byte[] buffer, int depth)
    {
        List<byte[]> subdirectories = [];
        for (ReadOnlySpan<byte> read; !(read = Directories.Read(directory, buffer)).IsEmpty;)
        {
            DirectoryEntries entries = new(read);
            while (entries.MoveNext())
            {
                if (Directories.StampOf(directory, entries.Name) is not { } stamp || (stamp.IsDirectory && IgnoredDirectories.Has(entries.Name)))
                {
                    continue;
                }

                _entries[prefix + Encoding.UTF8.GetString(entries.Name)] = stamp;
                if (stamp.IsDirectory && depth < Directories.MaxDepth)
                {
                    subdirectories.Add(entries.Name.ToArray());
                }
            }
        }

        foreach (var name in subdirectories)
        {
            using var subdirectory = Directories.Open(directory, name, out _);
            if (!subdirectory.IsInvalid)
            {
                Add(subdirectory, prefix + Encoding.UTF8.GetString(name) + "/", buffer, depth + 1);
            }
        }
    }
}
