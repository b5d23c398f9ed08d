using System.Buffers;
using System.Net.WebSockets;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace PocketCoder.Protocol.Messaging;

/// <summary>
/// A WebSocket that carries one JSON object a text frame. One reader and one writer at a time; the owner serialises its writes.
/// </summary>
public sealed class MessageSocket(WebSocket socket) : IDisposable
{
    private const int MaxFrame = 512 * 1024, RoomForEnvelope = 1024;

    private byte[] _buffer = new byte[4096];
    private volatile int _framesSent;

    public WebSocket WebSocket => socket;

    /// <summary>Counts the frames that went out: while it grows the other side takes what it is sent.</summary>
    public int FramesSent => _framesSent;

    /// <summary>
    /// The next message as bytes that stay valid until the next call; null when the other side closed.
    /// What breaks the protocol throws <see cref="ProtocolViolationException"/> with the close code to give.
    /// </summary>
    public async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(int maxBytes, CancellationToken cancellationToken)
    {
        var length = 0;
        while (true)
        {
            var received = await socket.ReceiveAsync(_buffer.AsMemory(length), cancellationToken);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                return null;
            }

            length += received.Count;
            if (length > maxBytes)
            {
                throw new ProtocolViolationException(CloseCode.TooBig, $"A message may have {maxBytes} bytes.");
            }

            if (received.EndOfMessage)
            {
                return received.MessageType == WebSocketMessageType.Text
                    ? _buffer.AsMemory(0, length)
                    : throw new ProtocolViolationException(CloseCode.ProtocolError, "A message is a text frame.");
            }

            if (length == _buffer.Length)
            {
                Array.Resize(ref _buffer, Math.Min(_buffer.Length * 2, maxBytes + 1));
            }
        }
    }

    /// <summary>Messages until the other side closes; each one is a copy of its own.</summary>
    public async IAsyncEnumerable<Envelope> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (await ReadAsync(Wire.MaxMessageBytes, cancellationToken) is { } bytes)
        {
            yield return Parse(bytes.ToArray());
            Shrink();
        }
    }

    /// <summary>Reads a message or says with which close code to end.</summary>
    public static Envelope Parse(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            return Envelope.Parse(bytes);
        }
        catch (Exception ex) when (ex is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: text that is not valid UTF-8 or half a surrogate pair.
            throw new ProtocolViolationException(CloseCode.ProtocolError, "A message is one JSON object with a type.");
        }
    }

    /// <summary>Sends a message in its text or binary form, a large one in frames of half a megabyte, and gives its memory back.</summary>
    public async ValueTask SendAsync(Envelope message, CancellationToken cancellationToken)
    {
        using var owner = message.Owner;
        var kind = message.Bulk is null ? WebSocketMessageType.Text : WebSocketMessageType.Binary;
        using var memory = LargeBuffers.Rent(Math.Min(message.BodyLength + RoomForEnvelope, MaxFrame));
        var frame = memory.Memory;
        var filled = 0;
        foreach (var piece in message.Pieces())
        {
            for (var rest = piece; !rest.IsEmpty;)
            {
                if (filled == frame.Length)
                {
                    await socket.SendAsync(frame, kind, endOfMessage: false, cancellationToken);
                    _framesSent++;
                    filled = 0;
                }

                var part = rest[..Math.Min(rest.Length, frame.Length - filled)];
                part.CopyTo(frame[filled..]);
                filled += part.Length;
                rest = rest[part.Length..];
            }
        }

        await socket.SendAsync(frame[..filled], kind, endOfMessage: true, cancellationToken);
        _framesSent++;
    }

    // A large message must not leave its buffer behind on an idle connection.
    public void Shrink()
    {
        if (_buffer.Length > 64 * 1024)
        {
            _buffer = new byte[4096];
        }
    }

    public void Dispose() => socket.Dispose();
}

/// <summary>The other side broke the protocol; the connection ends with this code.</summary>
public sealed class ProtocolViolationException(int closeCode, string message) : Exception(message)
{
    public int CloseCode { get; } = closeCode;
}
