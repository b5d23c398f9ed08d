using System.Collections.Concurrent;
using PocketCoder.Protocol;

namespace PocketCoder.Relay;

/// <summary>
/// The requests that went to a machine and have no terminal answer yet. Each is answered exactly once: by the machine, by the 15 s
/// rule, or because the machine went away. What arrives later is dropped.
/// </summary>
internal sealed class PendingRequests(TimeProvider time)
{
    private readonly ConcurrentDictionary<(string ClientId, string RequestId), Pending> _pending = new();

    private sealed record Pending(Peer Client, string MachineKey, ITimer Deadline);

    /// <summary>False when the client uses this request id already.</summary>
    public bool TryAdd(Peer client, string clientId, string requestId, string machineKey)
    {
        var deadline = time.CreateTimer(_ => Expire(clientId, requestId), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        if (!_pending.TryAdd((clientId, requestId), new Pending(client, machineKey, deadline)))
        {
            deadline.Dispose();
            return false;
        }

        deadline.Change(Wire.RequestTimeout, Timeout.InfiniteTimeSpan);
        return true;
    }

    public int CountOf(string clientId) => _pending.Keys.Count(key => key.ClientId == clientId);

    /// <summary>Notes a sign of life from a machine; false when nobody waits for it.</summary>
    public bool TryAnswer(string clientId, string requestId, string machineKey, string type)
    {
        if (!_pending.TryGetValue((clientId, requestId), out var pending) || pending.MachineKey != machineKey)
        {
            return false;
        }

        if (!Wire.IsTerminal(type))
        {
            return pending.Deadline.Change(Wire.RequestTimeout, Timeout.InfiniteTimeSpan);
        }

        return Remove((clientId, requestId)) is not null;
    }

    /// <summary>The machine's socket is gone: whoever waits for it hears so now, not in 15 s.</summary>
    public void MachineGone(string machineKey)
    {
        foreach (var (key, pending) in _pending.Where(p => p.Value.MachineKey == machineKey))
        {
            if (Remove(key) is not null)
            {
                pending.Client.Send(Envelope.OfError(Refusals.Offline, key.RequestId, machineKey: machineKey));
            }
        }
    }

    public void ClientGone(string clientId)
    {
        foreach (var key in _pending.Keys.Where(key => key.ClientId == clientId))
        {
            Remove(key);
        }
    }

    private void Expire(string clientId, string requestId)
    {
        if (Remove((clientId, requestId)) is { } pending)
        {
            pending.Client.Send(Envelope.OfError(
                new ErrorInfo(ErrorCode.RelayTimeout, "The machine did not answer within 15 seconds. Try again; if it stays so, look at it with: pocketcoder status"),
                requestId, machineKey: pending.MachineKey));
        }
    }

    private Pending? Remove((string, string) key)
    {
        if (!_pending.TryRemove(key, out var pending))
        {
            return null;
        }

        pending.Deadline.Dispose();
        return pending;
    }
}
