using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using PocketCoder.Protocol;
using PocketCoder.Relay.Routing;
using PocketCoder.Relay.Sockets;

namespace PocketCoder.Relay;

/// <summary>Who a registered socket speaks for. Rights come from the token alone.</summary>
internal abstract record Registration(string UserId, string DeviceId, DateTimeOffset ExpiresAt);

/// <param name="Label">The machine's name.</param>
/// <param name="Fence">The count of this machine's connections: of two that both claim to be its newest, the one with the greater number is.</param>
internal sealed record DaemonRegistration(string UserId, string DeviceId, DateTimeOffset ExpiresAt, string MachineKey, string Label, long Fence = 0) : Registration(UserId, DeviceId, ExpiresAt);

internal sealed record ClientRegistration(string UserId, string DeviceId, DateTimeOffset ExpiresAt, string ClientId) : Registration(UserId, DeviceId, ExpiresAt);

/// <summary>One connection: who it speaks for, what is sent on it, and how it ends.</summary>
internal sealed class Peer(Connection connection, RelayCounters counters) : IDisposable
{
    private static readonly TimeSpan ClosePatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LastPatience = TimeSpan.FromSeconds(2);
    private readonly Outbox _outbox = new(connection);
    private byte[] _name = [];
    private Timer? _end;
    private int _closing;

    /// <summary>Closing: nothing it says counts any more.</summary>
    public bool IsClosing => _closing != 0;

    public Connection Connection => connection;

    public string RemoteAddress => connection.RemoteAddress;

    public Registration? Registration
    {
        get;
        set
        {
            field = value;
            _name = value switch
            {
                DaemonRegistration daemon => Quoted(daemon.MachineKey),
                ClientRegistration client => Quoted(client.ClientId),
                _ => [],
            };
        }
    }

    /// <summary>The machine's key or the client's id, as JSON.</summary>
    public ReadOnlySpan<byte> Name => _name;

    /// <summary>It said that it reads the binary form.</summary>
    public bool ReadsBinary { get; set; }

    /// <summary>A client's requests that have no answer yet.</summary>
    public PendingRequests? Pending { get; set; }

    /// <summary>The account that it belongs to, once it is registered.</summary>
    public Tenant? Tenant { get; set; }

    /// <summary>The device as which it is counted among its account's connections; null: it is not.</summary>
    public string? AdmittedDevice { get; set; }

    /// <summary>What a machine last told of itself that clients show.</summary>
    public string? Told { get; set; }

    /// <summary>When it was last heard, by the clock of the heartbeat.</summary>
    public long HeardAt { get; set; }

    /// <summary>When the message that is not whole yet was begun; 0: there is none.</summary>
    public long BegunAt { get; set; }

    /// <summary>How much of it has come.</summary>
    public long BegunBytes { get; set; }

    /// <summary>When it was asked whether it is still there; 0: it was not.</summary>
    public long PingedAt { get; set; }

    /// <summary>How far what is being sent had come when it last moved, and when that was; null: nothing was on its way.</summary>
    public (int Progress, long At)? Sending { get; set; }

    public int? SendProgress => _outbox.Progress;

    public int QueuedBytes => _outbox.QueuedBytes;

    /// <summary>All that is in memory to be sent to it.</summary>
    public long HeldBytes => _outbox.HeldBytes;

    /// <summary>Queues a message and sends it; false when the peer is closing or too slow (which ends it).</summary>
    public bool Send(Envelope message)
    {
        var sent = Check(_outbox.TryAdd(Opcode.Text, message.ToBytes()));
        _outbox.Flush();
        return sent;
    }

    /// <summary>Queues a message that goes through, to be flushed with its batch.</summary>
    public bool Send(in RoutedMessage message, ReadOnlySpan<byte> machineKey, ReadOnlySpan<byte> clientId, Batch batch)
    {
        var waited = HeldBytes;
        if (!Check(_outbox.TryAdd(message, machineKey, clientId)))
        {
            return false;
        }

        batch.Add(this);

        // For who keeps up nothing waited.
        if (waited > Limits.NoticeableBytes && Tenant?.Slowest() is { } slowest)
        {
            slowest.CutOff();
        }

        return true;
    }

    public void Control(Opcode opcode, ReadOnlySpan<byte> payload)
    {
        Check(_outbox.TryAdd(opcode, payload));
        _outbox.Flush();
    }

    public void Flush() => _outbox.Flush();

    /// <summary>Sends what is queued, then closes with this code.</summary>
    public void Close(int code, string reason)
    {
        if (Interlocked.Exchange(ref _closing, 1) == 0)
        {
            counters.Closed(code);
            _ = CloseAsync(code, reason);
        }
    }

    /// <summary>Ends the connection at once.</summary>
    public void Abort()
    {
        _closing = 1;
        _outbox.Drop();
        connection.Abort();
    }

    public void Dispose()
    {
        _end?.Dispose();
        _closing = 1;
        _outbox.Drop();
        connection.End();
    }

    /// <summary>After <see cref="Close"/>: what was queued is with the network, or cannot be any more.</summary>
    public Task SentAsync() => _outbox.CompleteAsync(default);

    private async Task CloseAsync(int code, string reason)
    {
        // Whoever does not take it in that time does not want it.
        _end = new Timer(static peer => ((Peer)peer!).Abort(), this, ClosePatience, Timeout.InfiniteTimeSpan);
        Span<byte> payload = stackalloc byte[Frames.MaxControlPayload];
        BinaryPrimitives.WriteUInt16BigEndian(payload, (ushort)code);
        var sent = _outbox.CompleteAsync(payload[..(2 + Encoding.UTF8.GetBytes(reason, payload[2..]))]);
        await sent;
        connection.EndOutput();
        try
        {
            _end.Change(LastPatience, Timeout.InfiniteTimeSpan);
        }
        catch (ObjectDisposedException)
        {
            // It has ended already.
        }
    }

    private bool Check(bool added)
    {
        if (!added)
        {
            CutOff();
        }

        return added;
    }

    // It did not keep up; it catches up by cursor when it returns.
    private void CutOff()
    {
        if (!IsClosing)
        {
            counters.CutOff();
            Abort();
        }
    }

    private static byte[] Quoted(string name) => [(byte)'"', .. JsonEncodedText.Encode(name).EncodedUtf8Bytes, (byte)'"'];
}
