using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Files.Watching;

/// <summary>
/// What happened to the paths of a project since the event before, at most <see cref="MaxChanges"/> of them: not a history, but what a client
/// has to do to get from then to now. Whoever listed the project in between may have seen anything in between, so a path that is gone is always told.
/// </summary>
internal sealed class ChangeSet
{
    public const int MaxChanges = 500;

    private readonly OrderedDictionary<string, Fate> _fates = new(StringComparer.Ordinal);

    /// <summary>Something happened that has no place here: the client has to list again.</summary>
    public bool Truncated { get; set; }

    /// <summary>The path is there. <paramref name="existed"/>: it was before, as the same kind of thing.</summary>
    public void Appeared(string path, bool isDirectory, bool existed)
    {
        if (_fates.TryGetValue(path, out var fate))
        {
            // A directory that went and came may hold less than before, so it must go for the client too.
            _fates[path] = fate with { Exists = true, Replaced = fate.Replaced || (!fate.Exists && (fate.WasDirectory || isDirectory)) };
        }
        else
        {
            Add(path, new Fate(Existed: existed, Exists: true));
        }
    }

    /// <summary>The path is gone with everything below it.</summary>
    public void Vanished(string path, bool wasDirectory)
    {
        if (wasDirectory)
        {
            ForgetBelow(path + "/");
        }

        if (_fates.TryGetValue(path, out var fate))
        {
            _fates[path] = fate with { Exists = false, WasDirectory = fate.WasDirectory || wasDirectory };
        }
        else
        {
            Add(path, new Fate(Existed: true, Exists: false, WasDirectory: wasDirectory));
        }
    }

    /// <summary>Empties the set.</summary>
    public (IReadOnlyList<FsChange> Changes, bool Truncated) Take()
    {
        List<FsChange> changes = [];
        foreach (var (path, fate) in _fates)
        {
            if (fate.Replaced || !fate.Exists)
            {
                changes.Add(new FsChange(FsChangeKind.Delete, path));
            }

            if (fate.Exists)
            {
                changes.Add(new FsChange(fate.Existed && !fate.Replaced ? FsChangeKind.Modify : FsChangeKind.Create, path));
            }
        }

        var truncated = Truncated || changes.Count > MaxChanges;
        Truncated = false;
        _fates.Clear();
        return (changes.Count > MaxChanges ? changes[..MaxChanges] : changes, truncated);
    }

    private void Add(string path, Fate fate)
    {
        if (_fates.Count < MaxChanges)
        {
            _fates.Add(path, fate);
        }
        else
        {
            Truncated = true;
        }
    }

    private void ForgetBelow(string prefix)
    {
        for (var i = _fates.Count - 1; i >= 0; i--)
        {
            if (_fates.GetAt(i).Key.StartsWith(prefix, StringComparison.Ordinal))
            {
                _fates.RemoveAt(i);
            }
        }
    }

    private readonly record struct Fate(bool Existed, bool Exists, bool WasDirectory = false, bool Replaced = false);
}
