using System.Diagnostics;

namespace PocketCoder.Nemesis.History;

/// <summary>Everything the checker gets to know.</summary>
internal sealed record Recording(IReadOnlyList<Entry> Entries, Outcome Outcome);

/// <summary>
/// What was there when all had ended. <c>Logs</c>: each session as a client that knew nothing was given it. <c>Ledger</c>: the ids of the messages that an
/// agent really ran, once for each time.
/// </summary>
internal sealed record Outcome(
    IReadOnlyDictionary<string, IReadOnlyList<LoggedEvent>> Logs, IReadOnlyDictionary<string, SessionRest> States, IReadOnlyList<string> Ledger);

/// <summary>What a session's entry in the list says at the end.</summary>
internal sealed record SessionRest(string State, int Queued, int OpenPrompts);

/// <summary>Takes the entries of all clients and of the faults, and so gives them one order.</summary>
internal sealed class Recorder
{
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private readonly Lock _lock = new();
    private readonly List<Entry> _entries = [];
    private int _acknowledgements;

    /// <summary>How many messages were acknowledged: how far the work has come.</summary>
    public int Acknowledgements => Volatile.Read(ref _acknowledgements);

    public void Add(Entry entry)
    {
        lock (_lock)
        {
            _acknowledgements += entry is Acknowledged ? 1 : 0;
            _entries.Add(entry with { Number = _entries.Count, Seconds = _watch.Elapsed.TotalSeconds });
        }
    }

    public IReadOnlyList<Entry> Entries()
    {
        lock (_lock)
        {
            return [.. _entries];
        }
    }
}
