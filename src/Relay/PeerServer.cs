using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using PocketCoder.Protocol;
using PocketCoder.Relay.Sockets;

namespace PocketCoder.Relay;

/// <summary>Everybody who is connected: how many may be before they say who they are, who is still there, and how all end.</summary>
internal sealed class PeerServer : IDisposable
{
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(5);
    private readonly ConcurrentDictionary<string, int> _unregistered = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<Peer, Task> _served = new();
    private readonly Registrar _registrar;
    private readonly Switchboard _switchboard;
    private readonly LocalPeers _here;
    private readonly RelayCounters _counters;
    private readonly RelayOptions _options;
    private readonly ILogger<PeerServer> _logger;
    private readonly ITimer _beat;
    private int _beating, _strangers;
    private volatile bool _stopping;

    public PeerServer(Registrar registrar, Switchboard switchboard, LocalPeers here, RelayCounters counters, RelayOptions options, ILogger<PeerServer> logger)
    {
        (_registrar, _switchboard, _here, _counters, _options, _logger) = (registrar, switchboard, here, counters, options, logger);
        _beat = options.HeartbeatTime.CreateTimer(_ => BeatOnce(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public LocalPeers Here => _here;

    public int Unregistered => Volatile.Read(ref _strangers);

    public long QueuedBytes => _served.Keys.Sum(peer => (long)peer.QueuedBytes);

    /// <summary>Serves a connection behind its handshake to its end.</summary>
    public Task ServeAsync(Connection connection)
    {
        Peer peer = new(connection, _counters) { HeardAt = _options.HeartbeatTime.GetTimestamp() };
        TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _served[peer] = ended.Task;
        if (Interlocked.Exchange(ref _beating, 1) == 0)
        {
            _beat.Change(Beat, Timeout.InfiniteTimeSpan);
        }

        return ServeAsync(peer, ended);
    }

    /// <summary>Closes everything; ends when all have read it, or after this time.</summary>
    public async Task StopAsync(TimeSpan patience)
    {
        _stopping = true;
        foreach (var peer in _served.Keys)
        {
            peer.Close(CloseCode.GoingAway, "the relay is shutting down");
        }

        await Task.WhenAny(Task.WhenAll(_served.Values), Task.Delay(patience));
    }

    public void Dispose()
    {
        _beat.Dispose();
        foreach (var peer in _served.Keys)
        {
            peer.Abort();
        }
    }

    private async Task ServeAsync(Peer peer, TaskCompletionSource ended)
    {
        var address = peer.RemoteAddress;
        var (counted, all, waits) = (_unregistered.AddOrUpdate(address, 1, static (_, count) => count + 1), Interlocked.Increment(ref _strangers), 1);

        // Once, wherever the registration got to.
        void Leave()
        {
            if (Interlocked.Exchange(ref waits, 0) == 1)
            {
                LeaveUnregistered(address);
            }
        }

        PeerSession session = new(peer, _registrar, _switchboard, _counters, _options, _logger, registered: Leave);
        try
        {
            if (counted > Limits.UnregisteredSocketsPerAddress || all > Limits.UnregisteredSockets)
            {
                peer.Close(CloseCode.Flooding, Refusals.TooManySockets.Message);
            }
            else if (_stopping)
            {
                peer.Close(CloseCode.GoingAway, "the relay is shutting down");
            }

            await session.RunAsync();
        }
        finally
        {
            Leave();
            try
            {
                await _switchboard.LeftAsync(peer);
            }
            finally
            {
                await session.EndAsync();
                _served.TryRemove(peer, out _);
                ended.SetResult();
            }
        }
    }

    private void LeaveUnregistered(string address)
    {
        Interlocked.Decrement(ref _strangers);
        if (_unregistered.AddOrUpdate(address, 0, static (_, count) => count - 1) <= 0)
        {
            _unregistered.TryRemove(new(address, 0));
        }
    }

    // It takes nothing of what is being sent to it.
    private static bool IsStalled(Peer peer, TimeProvider time)
    {
        if (peer.SendProgress is not { } progress)
        {
            peer.Sending = null;
            return false;
        }

        if (peer.Sending is not { } seen || seen.Progress != progress)
        {
            peer.Sending = (progress, time.GetTimestamp());
            return false;
        }

        return time.GetElapsedTime(seen.At) >= Limits.Stalled;
    }

    // Once in a while, and only while somebody is here: an idle relay sleeps.
    private void BeatOnce()
    {
        var time = _options.HeartbeatTime;
        foreach (var peer in _served.Keys)
        {
            if (IsStalled(peer, time))
            {
                peer.Abort();
            }
            else if (peer.PingedAt == 0)
            {
                if (time.GetElapsedTime(peer.HeardAt) >= Limits.PingAfter)
                {
                    peer.PingedAt = time.GetTimestamp();
                    peer.Control(Opcode.Ping, default);
                }
            }
            else if (peer.SendProgress is not null)
            {
                // The question still stands behind what is being sent.
                peer.PingedAt = time.GetTimestamp();
            }
            else if (time.GetElapsedTime(peer.PingedAt) >= Limits.PongWithin)
            {
                peer.Abort();
            }

            // Read once: the reader sets it to 0 when the message is whole.
            if (peer.BegunAt is var begun and not 0
                && time.GetElapsedTime(begun) > Limits.SlowMessage + TimeSpan.FromSeconds(peer.BegunBytes / (double)Limits.SlowestBytesPerSecond))
            {
                peer.Close(CloseCode.ProtocolError, "a message was begun and not finished");
            }
        }

        _switchboard.ForgetIdle();
        Volatile.Write(ref _beating, 0);
        if (!_served.IsEmpty && Interlocked.Exchange(ref _beating, 1) == 0)
        {
            _beat.Change(Beat, Timeout.InfiniteTimeSpan);
        }
    }
}
