using System.Collections.Concurrent;
using PocketCoder.Nemesis.History;

namespace PocketCoder.Nemesis.Workload;

/// <summary>What all clients of a run share.</summary>
internal sealed record Surroundings(Uri Relay, string AccessToken, string MachineKey, string ProjectId, Recorder Recorder)
{
    private const int Busy = 6;
    private readonly ConcurrentQueue<string> _busy = new();

    /// <summary>How often each kind of operation was begun.</summary>
    public ConcurrentDictionary<string, int> Operations { get; } = new();

    /// <summary>All sessions that were ever acknowledged.</summary>
    public ConcurrentDictionary<string, bool> Sessions { get; } = new();

    public bool NeedsSession => _busy.Count < Busy;

    /// <summary>The sessions that the clients work in; the oldest retires when there are too many.</summary>
    public IReadOnlyList<string> BusySessions() => [.. _busy];

    public void Begun(string session)
    {
        if (Sessions.TryAdd(session, true))
        {
            _busy.Enqueue(session);
            if (_busy.Count > Busy)
            {
                _busy.TryDequeue(out _);
            }
        }
    }

    public void Count(string operation) => Operations.AddOrUpdate(operation, 1, (_, count) => count + 1);
}
