namespace PocketCoder.Daemon.Features.Agent.Terminal;

/// <summary>
/// One conversation out of a transcript: the way from its beginning to its last line. Lines can stand in any order in the file, and with what was rewound and
/// tried anew they are a tree. Never throws, whatever the lines say: a line comes at most once, and after its parent.
/// </summary>
internal sealed class TranscriptView
{
    private readonly List<TranscriptLine> _all;
    private readonly int _count;
    private readonly Dictionary<Guid, int> _indexes = [];

    /// <param name="count">Only the first so many lines are there.</param>
    /// <param name="named">The leaf that the transcript names last, at <paramref name="namedAt"/>.</param>
    /// <param name="exactly">The leaf is this one, whatever came after.</param>
    public TranscriptView(List<TranscriptLine> all, int count, Guid? named, long namedAt, bool exactly = false)
    {
        (_all, _count) = (all, count);
        for (var i = 0; i < count; i++)
        {
            _indexes[all[i].Id] = i;
        }

        if (count == 0)
        {
            return;
        }

        var leaf = LeafOf(named, namedAt, exactly);
        var path = PathTo(leaf);
        Path = [.. path.Select(i => all[i])];
        Lines = WithSiblings(path);
        Leaf = all[leaf].Id;
        IsWhole = path.Count > 0 && all[path[0]].Parent is null;
    }

    /// <summary>Each line's parent is the one before it.</summary>
    public IReadOnlyList<TranscriptLine> Path { get; } = [];

    /// <summary>The path, and what belongs to it beside it: tools that are called together, and their results, are children of one line.</summary>
    public IReadOnlyList<TranscriptLine> Lines { get; } = [];

    public Guid? Leaf { get; }

    /// <summary>Begins where the conversation began. Else the beginning is still being written, or was cut.</summary>
    public bool IsWhole { get; }

    private int LeafOf(Guid? named, long namedAt, bool exactly)
    {
        var last = _count - 1;
        if (named is not { } name || !_indexes.TryGetValue(name, out var index))
        {
            return LatestBelow(last);
        }

        // The name is written now and then, so it can lag behind.
        return exactly || (namedAt > _all[last].Offset && !Above(last).Contains(index)) ? index : LatestBelow(last);
    }

    private int LatestBelow(int index)
    {
        Dictionary<int, int> latestChild = [];
        for (var i = 0; i < _count; i++)
        {
            if (ParentOf(i) is { } parent)
            {
                latestChild[parent] = i;
            }
        }

        HashSet<int> seen = [];
        while (seen.Add(index) && latestChild.TryGetValue(index, out var child) && !seen.Contains(child))
        {
            index = child;
        }

        return index;
    }

    private List<int> PathTo(int leaf)
    {
        List<int> path = [.. Above(leaf)];
        path.Reverse();
        return path;
    }

    private IEnumerable<int> Above(int index)
    {
        HashSet<int> seen = [];
        for (int? at = index; at is { } i && seen.Add(i); at = ParentOf(i))
        {
            yield return i;
        }
    }

    private int? ParentOf(int index) => _all[index].Parent is { } parent && _indexes.TryGetValue(parent, out var found) && found != index ? found : null;

    private List<TranscriptLine> WithSiblings(List<int> path)
    {
        HashSet<int> included = [.. path];
        var messages = path.Select(i => _all[i].Message).Where(m => m != 0).ToHashSet();
        Dictionary<int, List<int>> beside = [];

        // Twice, for a result can stand before the sibling whose it is.
        for (var round = 0; round < 2; round++)
        {
            for (var i = 0; i < _count; i++)
            {
                var line = _all[i];
                if (!included.Contains(i) && ParentOf(i) is { } parent && included.Contains(parent) && _all[parent].Kind == TranscriptLineKind.Assistant
                    && (line.Kind == TranscriptLineKind.ToolResult || (line.Message != 0 && messages.Contains(line.Message))))
                {
                    included.Add(i);
                    (beside.TryGetValue(parent, out var siblings) ? siblings : beside[parent] = []).Add(i);
                }
            }
        }

        List<TranscriptLine> lines = [];
        Stack<int> open = new();
        foreach (var index in path)
        {
            open.Push(index);
            while (open.TryPop(out var next))
            {
                lines.Add(_all[next]);
                foreach (var sibling in Enumerable.Reverse(beside.GetValueOrDefault(next) ?? []))
                {
                    open.Push(sibling);
                }
            }
        }

        return lines;
    }
}
