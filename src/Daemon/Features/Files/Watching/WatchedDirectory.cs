namespace PocketCoder.Daemon.Features.Files.Watching;

/// <summary>
/// A directory that is watched: its name, its place, and its directories. Of its files only hashes are kept, to tell a new name from one that was
/// there: a rename over a file reads the same as one to a new name. 10,000 directories with 100,000 files take about 2 MB so.
/// </summary>
internal sealed class WatchedDirectory(WatchedDirectory? parent, byte[] name)
{
    private static readonly List<WatchedDirectory> None = [];

    private List<WatchedDirectory> _children = None;

    /// <summary>Of a root that is in use; of no other.</summary>
    public WatchedTree? Tree { get; set; }

    public WatchedDirectory? Parent { get; private set; } = parent;

    /// <summary>0 for the root. What is moved becomes another object, so this stays.</summary>
    public int Depth { get; } = parent is null ? 0 : parent.Depth + 1;

    public byte[] Name => name;

    public int Watch { get; set; }

    /// <summary>Another place of the same directory: in a project that contains this one, or from before it was moved here.</summary>
    public WatchedDirectory? SameWatch { get; set; }

    public NameHashes Names { get; } = new();

    public IReadOnlyList<WatchedDirectory> Children => _children;

    /// <summary>Null when this place is not in a project any more.</summary>
    public WatchedTree? FindTree()
    {
        var top = this;
        while (top.Parent is { } above)
        {
            top = above;
        }

        return top.Tree;
    }

    public WatchedDirectory? Find(ReadOnlySpan<byte> child) => IndexOf(child) is >= 0 and var index ? _children[index] : null;

    public WatchedDirectory AddChild(byte[] child)
    {
        WatchedDirectory added = new(this, child);
        Own().Insert(~IndexOf(child), added);
        return added;
    }

    /// <summary>Gives a directory that has none its children, in any order.</summary>
    public void AddChildren(List<WatchedDirectory> children)
    {
        if (children.Count > 0)
        {
            children.Sort(static (one, other) => one.Name.AsSpan().SequenceCompareTo(other.Name));
            _children = children;
        }
    }

    public void Detach()
    {
        Parent?._children.RemoveAt(Parent.IndexOf(Name));
        (Parent, Tree) = (null, null);
    }

    /// <summary>Relative to the project's root, as it goes over the wire.</summary>
    public string PathOf(ReadOnlySpan<byte> child)
    {
        var length = child.Length;
        for (var at = this; at.Parent is not null; at = at.Parent)
        {
            length += at.Name.Length + 1;
        }

        var path = length <= 1024 ? stackalloc byte[length] : new byte[length];
        child.CopyTo(path[(length - child.Length)..]);
        var end = length - child.Length;
        for (var at = this; at.Parent is not null; at = at.Parent)
        {
            path[--end] = (byte)'/';
            end -= at.Name.Length;
            at.Name.CopyTo(path[end..]);
        }

        return RawName.ToText(path);
    }

    private List<WatchedDirectory> Own() => _children == None ? _children = [] : _children;

    // The complement of where it belongs when it is not there.
    private int IndexOf(ReadOnlySpan<byte> child)
    {
        var (low, high) = (0, _children.Count - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            switch (_children[middle].Name.AsSpan().SequenceCompareTo(child))
            {
                case 0: return middle;
                case < 0: low = middle + 1; break;
                default: high = middle - 1; break;
            }
        }

        return ~low;
    }
}

/// <summary>The tree of a project, or what stands in for it.</summary>
internal sealed class WatchedTree(WatchedProject project)
{
    public WatchedProject Project => project;

    /// <summary>Null while the project is not watched with inotify.</summary>
    public WatchedDirectory? Root { get; set; }

    public Poller? Poller { get; set; }

    /// <summary>The system's limits when they were reached, and when that was.</summary>
    public (string Limits, long At) Exhausted { get; set; }
}

/// <summary>
/// The names in a directory by their hashes. Two names with the same hash, or more names than a listing shows, cost no more than a "create" that should
/// read "modify" or the other way round.
/// </summary>
internal sealed class NameHashes
{
    private const int MaxNames = 10_000;

    private int[] _hashes = [];
    private int _count;

    /// <summary>False when the name was there.</summary>
    public bool Add(ReadOnlySpan<byte> name)
    {
        var hash = HashOf(name);
        if (_hashes.AsSpan(0, _count).Contains(hash))
        {
            return false;
        }

        if (_count < MaxNames)
        {
            if (_count == _hashes.Length)
            {
                Array.Resize(ref _hashes, Math.Max(4, _count + (_count / 2)));
            }

            _hashes[_count++] = hash;
        }

        return true;
    }

    public void Remove(ReadOnlySpan<byte> name)
    {
        if (_hashes.AsSpan(0, _count).IndexOf(HashOf(name)) is >= 0 and var index)
        {
            _hashes[index] = _hashes[--_count];
        }
    }

    private static int HashOf(ReadOnlySpan<byte> name)
    {
        HashCode hash = new();
        hash.AddBytes(name);
        return hash.ToHashCode();
    }
}
