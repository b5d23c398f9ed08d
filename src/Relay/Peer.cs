using System.Net.WebSockets;
using System.Threading.Channels;
using PocketCoder.Protocol;
using PocketCoder.Protocol.Messaging;

namespace PocketCoder.Relay;

/// <summary>Who a registered socket speaks for. Rights come from the token alone.</summary>
internal abstract record Registration(string UserId, string DeviceId, DateTimeOffset ExpiresAt);

internal sealed record DaemonRegistration(string UserId, string DeviceId, DateTimeOffset ExpiresAt, string MachineKey) : Registration(UserId, DeviceId, ExpiresAt);

internal sealed record ClientRegistration(string UserId, string DeviceId, DateTimeOffset ExpiresAt, string ClientId) : Registration(UserId, DeviceId, ExpiresAt);

/// <summary>
/// One socket and what waits to be sent on it. The queue is bounded: a peer that does not keep up is cut off, and catches up by cursor when it returns.
/// </summary>
internal sealed class Peer(MessageSocket socket, string remoteAddress) : IDisposable
{
    private readonly Channel<byte[]> _queue = Channel.CreateUnbounded<byte[]>(new UnboundedChannelOptions { SingleReader = true });
    private readonly CancellationTokenSource _aborted = new();
    private int _queuedBytes, _largeWaits;
    private (int Code, string Reason)? _close;

    /// <summary>Closing: nothing it says counts any more.</summary>
    public bool IsClosing => _close is not null;

    public MessageSocket Socket => socket;

    public string RemoteAddress => remoteAddress;

    public Registration? Registration { get; set; }

    /// <summary>What a machine last told of itself that clients show.</summary>
    public string? Told { get; set; }

    /// <summary>Cancelled when the socket must not be read any longer.</summary>
    public CancellationToken Aborted => _aborted.Token;

    /// <summary>Queues a message; false when the peer is closing or too slow (which closes it).</summary>
    public bool Send(Envelope message)
    {
        // One message that is larger than the queue may wait beside it: a file of 10 MB is no reason to cut off whoever is told of a change meanwhile.
        var bytes = message.ToBytes();
        if (IsLarge(bytes) ? Interlocked.Exchange(ref _largeWaits, 1) == 1 : Interlocked.Add(ref _queuedBytes, bytes.Length) > Limits.SendQueueBytes)
        {
            Abort();
            return false;
        }

        return _queue.Writer.TryWrite(bytes);
    }

    /// <summary>Sends what is queued, then closes with this code.</summary>
    public void Close(int code, string reason)
    {
        _close ??= (code, reason);
        _queue.Writer.TryComplete();
        Cancel(after: TimeSpan.FromSeconds(5));
    }

    /// <summary>Ends the socket at once.</summary>
    public void Abort()
    {
        _queue.Writer.TryComplete();
        Cancel(after: TimeSpan.Zero);
    }

    /// <summary>The only writer of the socket; ends when the peer is closed or gone.</summary>
    public async Task SendAllAsync()
    {
        try
        {
            await foreach (var bytes in _queue.Reader.ReadAllAsync(_aborted.Token))
            {
                // What is on its way does not stand in the queue.
                if (IsLarge(bytes))
                {
                    Volatile.Write(ref _largeWaits, 0);
                }
                else
                {
                    Interlocked.Add(ref _queuedBytes, -bytes.Length);
                }

                await socket.WebSocket.SendAsync(bytes, WebSocketMessageType.Text, endOfMessage: true, _aborted.Token);
            }

            if (_close is var (code, reason))
            {
                using CancellationTokenSource patience = new(TimeSpan.FromSeconds(5));
                await socket.WebSocket.CloseOutputAsync((WebSocketCloseStatus)code, reason, patience.Token);
                Cancel(after: TimeSpan.FromSeconds(2));
            }
        }
        catch (Exception ex) when (ex is WebSocketException or OperationCanceledException or ObjectDisposedException or IOException)
        {
            // The peer is gone; its reader finds out by itself.
            Cancel(after: TimeSpan.Zero);
        }
    }

    private static bool IsLarge(byte[] message) => message.Length > Limits.SendQueueBytes;

    private void Cancel(TimeSpan after)
    {
        try
        {
            _aborted.CancelAfter(after);
        }
        catch (ObjectDisposedException)
        {
            // Its connection has ended already.
        }
    }

    public void Dispose()
    {
        socket.Dispose();
        _aborted.Dispose();
    }
}
