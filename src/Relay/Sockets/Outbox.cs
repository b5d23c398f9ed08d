using System.Net.Sockets;
using PocketCoder.Protocol;
using PocketCoder.Relay.Routing;

namespace PocketCoder.Relay.Sockets;

/// <summary>
/// What waits to be sent on one connection, already as frames. Bounded by bytes: a peer that does not keep up is cut off, and catches up by cursor when it returns.
/// One that is idle has no buffer here. Adding and flushing are two steps, so that what came in together goes out together.
/// </summary>
internal sealed class Outbox(Connection connection)
{
    private const int FirstBuffer = 4 * 1024;
    private const int LargestShared = 64 * 1024;

    private readonly Lock _lock = new();
    private Queue<Segment>? _full;
    private Segment _open;
    private int _queuedBytes, _steps;
    private bool _largeWaits, _writing, _completed;
    private long _heldBytes;
    private TaskCompletionSource? _drained;

    private record struct Segment(byte[] Buffer, int Length)
    {
        public readonly bool IsLarge => Length > Limits.SendQueueBytes;
    }

    /// <summary>Bytes that wait here.</summary>
    public int QueuedBytes => _queuedBytes;

    /// <summary>All that is in memory here for this connection: what waits and what is on its way.</summary>
    public long HeldBytes => Interlocked.Read(ref _heldBytes);

    /// <summary>Something is on its way to the network, and this counts how far it has come; null while nothing is.</summary>
    public int? Progress => _writing ? _steps : null;

    /// <summary>Adds one frame; false when nothing more is taken.</summary>
    public bool TryAdd(Opcode opcode, ReadOnlySpan<byte> payload)
    {
        lock (_lock)
        {
            if (_completed || !TryRoom(Frames.HeaderBytes(payload.Length) + payload.Length, out var room))
            {
                return false;
            }

            payload.CopyTo(Frames.WriteHeader(room, opcode, payload.Length));
            return true;
        }
    }

    /// <summary>Adds a message on its way through, straight from where it was received to where it is sent from.</summary>
    public bool TryAdd(in RoutedMessage message, ReadOnlySpan<byte> machineKey, ReadOnlySpan<byte> clientId)
    {
        var length = message.LengthWith(machineKey, clientId);
        lock (_lock)
        {
            if (_completed || !TryRoom(Frames.HeaderBytes(length) + length, out var room))
            {
                return false;
            }

            message.Write(Frames.WriteHeader(room, message.IsBinary ? Opcode.Binary : Opcode.Text, length), machineKey, clientId);
            return true;
        }
    }

    /// <summary>Sends what waits. Returns at once; there is one writer at a time.</summary>
    public void Flush()
    {
        lock (_lock)
        {
            if (_writing || (_open.Length == 0 && _drained is null))
            {
                return;
            }

            _writing = true;
        }

        _ = WriteAllAsync();
    }

    /// <summary>Sends what waits and then this close frame; done when it is with the network, or cannot be any more.</summary>
    public Task CompleteAsync(ReadOnlySpan<byte> closePayload)
    {
        lock (_lock)
        {
            if (_drained is null)
            {
                _drained = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                if (!_completed)
                {
                    closePayload.CopyTo(Frames.WriteHeader(Room(Frames.HeaderBytes(closePayload.Length) + closePayload.Length), Opcode.Close, closePayload.Length));
                    _completed = true;
                }
            }
        }

        Flush();
        return _drained.Task;
    }

    /// <summary>Takes nothing more and drops what waits.</summary>
    public void Drop()
    {
        lock (_lock)
        {
            _completed = true;
            while (TryTake(out var segment))
            {
                Return(segment);
            }
        }
    }

    private async Task WriteAllAsync()
    {
        try
        {
            while (true)
            {
                Segment segment;
                lock (_lock)
                {
                    if (!TryTake(out segment))
                    {
                        _writing = false;
                        _drained?.TrySetResult();
                        return;
                    }
                }

                try
                {
                    for (var sent = 0; sent < segment.Length; sent += LargestShared)
                    {
                        await connection.Stream.WriteAsync(segment.Buffer.AsMemory(sent, Math.Min(LargestShared, segment.Length - sent)));
                        _steps++;
                    }
                }
                finally
                {
                    Return(segment);
                }
            }
        }
        catch (Exception ex) when (ex is IOException or SocketException or ObjectDisposedException or OperationCanceledException or InvalidOperationException)
        {
            // The peer is gone; its reader finds out by itself.
            Drop();
            connection.Abort();
            lock (_lock)
            {
                _writing = false;
                _drained?.TrySetResult();
            }
        }
    }

    private void Return(in Segment segment)
    {
        Buffers.Return(segment.Buffer);
        Interlocked.Add(ref _heldBytes, -segment.Length);
    }

    // What is on its way does not stand in the queue.
    private bool TryTake(out Segment segment)
    {
        if (_full is not { Count: > 0 } full || !full.TryDequeue(out segment))
        {
            (segment, _open) = (_open, default);
        }

        if (segment.IsLarge)
        {
            _largeWaits = false;
        }
        else
        {
            _queuedBytes -= segment.Length;
        }

        return segment.Length > 0;
    }

    private bool TryRoom(int bytes, out Span<byte> room)
    {
        room = default;

        // One message that is larger than the queue may wait beside it: a file of 10 MB is no reason to cut off whoever is told of a change meanwhile.
        if (bytes > Limits.SendQueueBytes ? _largeWaits : _queuedBytes + bytes > Limits.SendQueueBytes)
        {
            return false;
        }

        room = Room(bytes);
        return true;
    }

    private Span<byte> Room(int bytes)
    {
        if (_open.Length > 0 && (_open.Length + bytes > LargestShared || _open.Length + bytes > _open.Buffer.Length))
        {
            (_full ??= new Queue<Segment>()).Enqueue(_open);
            _open = default;
        }

        if (_open.Length == 0)
        {
            _open = new Segment(Buffers.Rent(Math.Max(bytes, _full is { Count: > 0 } ? LargestShared : FirstBuffer)), 0);
        }

        var room = _open.Buffer.AsSpan(_open.Length, bytes);
        _open.Length += bytes;
        Interlocked.Add(ref _heldBytes, bytes);
        if (bytes > Limits.SendQueueBytes)
        {
            _largeWaits = true;
        }
        else
        {
            _queuedBytes += bytes;
        }

        return room;
    }
}
