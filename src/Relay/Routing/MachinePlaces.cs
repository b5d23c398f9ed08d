namespace PocketCoder.Relay.Routing;

/// <summary>Where a machine is connected.</summary>
/// <param name="MachineKey">The machine's key, as it is kept.</param>
/// <param name="Label">The machine's name.</param>
/// <param name="Fence">The count of its connections when it got this one: what is heard of an older connection is old.</param>
/// <param name="Node">The node of the relay; null: nowhere.</param>
internal readonly record struct Place(string MachineKey, string Label, long Fence, string? Node);

/// <summary>
/// The machines of one account and where each is connected, as far as it was heard here. Thread-safe; who tells clients of a change does it in the order of
/// the changes.
/// </summary>
internal sealed class MachinePlaces
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, (Place Place, long Noted)> _places = new(StringComparer.Ordinal);
    private long _noted;

    /// <summary>Counts what was noted: what is read elsewhere while this stands still is not older than what is known.</summary>
    public long Noted
    {
        get
        {
            lock (_lock)
            {
                return _noted;
            }
        }
    }

    public IReadOnlyList<Place> All
    {
        get
        {
            lock (_lock)
            {
                return [.. _places.Values.Select(known => known.Place)];
            }
        }
    }

    /// <summary>Null when the account has no such machine.</summary>
    public Place? Find(ReadOnlySpan<char> machineKey)
    {
        lock (_lock)
        {
            return _places.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(machineKey, out var known) ? known.Place : null;
        }
    }

    public bool IsConnected(string machineKey) => Find(machineKey) is { Node: not null };

    /// <summary>Notes what was heard, unless it is of an older connection, and then tells it; the place that was known before is given with it.</summary>
    public void Note(Place place, Action<Place?> tell)
    {
        lock (_lock)
        {
            Place? before = _places.TryGetValue(place.MachineKey, out var known) ? known.Place : null;
            if (before is null || place.Fence >= before.Value.Fence)
            {
                _places[place.MachineKey] = (place, ++_noted);
                tell(before);
            }
        }
    }

    /// <summary>Notes what was read from the store: what was heard since <paramref name="noted"/> is newer, unless it is of an older connection.</summary>
    public void Merge(Place place, long noted, Action<Place?> tell)
    {
        lock (_lock)
        {
            if (!_places.TryGetValue(place.MachineKey, out var known) || place.Fence > known.Place.Fence
                || (place.Fence == known.Place.Fence && known.Noted <= noted && place != known.Place))
            {
                Note(place, tell);
            }
        }
    }
}
