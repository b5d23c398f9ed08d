using System.Buffers.Binary;
using System.Net.WebSockets;
using PocketCoder.Protocol;
using PocketCoder.Protocol.Messaging;

namespace PocketCoder.Relay.Sockets;

/// <summary>What a peer sent. The bytes are good until the reader is used again.</summary>
internal readonly record struct Received(Opcode Kind, bool IsWhole, ReadOnlyMemory<byte> Bytes);

/// <summary>
/// Makes messages of bytes, as a server of RFC 6455 must: masked frames only, no extension, no gap in the rules. It reads nothing by itself. Between messages it
/// holds no buffer; in the midst of one, at most twice what came of it (never what its header merely announces).
/// </summary>
internal sealed class FrameReader
{
    private const int ReadBytes = 128 * 1024;
    private const int SmallestRest = 512;

    private byte[]? _buffer;
    private int _start, _end;
    private byte[]? _parts, _given;
    private int _partsLength, _partsCount;
    private Opcode _partsKind;

    public bool HoldsNothing => _buffer is null;

    /// <summary>A message was begun and is not whole.</summary>
    public bool IsMidMessage => _start != _end || _parts is not null;

    /// <summary>Where the next bytes are to be read to.</summary>
    public Memory<byte> Room()
    {
        if (_buffer is null)
        {
            _buffer = Buffers.Rent(ReadBytes);
        }
        else if (_end == _buffer.Length)
        {
            MoveTo(Buffers.Rent(Math.Max(2 * (_end - _start), SmallestRest)));
        }

        return _buffer.AsMemory(_end);
    }

    public void Add(int bytes) => _end += bytes;

    /// <summary>The next frame that is all there. What breaks the rules throws <see cref="ProtocolViolationException"/> with the close code to give.</summary>
    public bool TryRead(int maxBytes, out Received received)
    {
        received = default;
        var input = _buffer.AsSpan(_start, _end - _start);
        if (input.Length < 2)
        {
            return false;
        }

        var opcode = (Opcode)(input[0] & 0x0F);
        var isLast = (input[0] & 0x80) != 0;
        if ((input[0] & 0x70) != 0 || (input[1] & 0x80) == 0 || opcode is not (Opcode.Continuation or Opcode.Text or Opcode.Binary or Opcode.Close or Opcode.Ping or Opcode.Pong))
        {
            throw Broken("a frame with reserved bits, without a mask, or of no known kind");
        }

        var isControl = opcode >= Opcode.Close;
        if (isControl ? !isLast || (input[1] & 0x7F) > Frames.MaxControlPayload : (opcode == Opcode.Continuation) != _parts is not null)
        {
            throw Broken("a frame that is out of order");
        }

        if (!TryReadLength(input, out var headerBytes, out var length))
        {
            return false;
        }

        if (!isControl && (length > maxBytes || length + _partsLength > maxBytes))
        {
            throw new ProtocolViolationException(CloseCode.TooBig, $"A message may have {maxBytes} bytes.");
        }

        if (input.Length < headerBytes + length)
        {
            return false;
        }

        var payload = _buffer.AsMemory(_start + headerBytes, (int)length);
        Frames.Unmask(payload.Span, input.Slice(headerBytes - Frames.MaskBytes, Frames.MaskBytes));
        _start += headerBytes + (int)length;
        received = isControl || (isLast && _parts is null) ? new Received(opcode, true, payload) : AddPart(opcode, isLast, payload.Span);
        return true;
    }

    /// <summary>Lets go of all memory that is not needed for what is not whole yet.</summary>
    public void Rest()
    {
        LetGo(ref _given);
        if (_buffer is null)
        {
            return;
        }

        var left = _end - _start;
        if (left == 0)
        {
            Buffers.Return(_buffer);
            (_buffer, _start, _end) = (null, 0, 0);
        }
        else if (left < _buffer.Length / 4 && _buffer.Length > SmallestRest)
        {
            MoveTo(Buffers.Rent(Math.Max(2 * left, SmallestRest)));
        }
    }

    /// <summary>Forgets everything; what comes is no longer of interest.</summary>
    public void Discard()
    {
        _start = _end = _partsLength = 0;
        LetGo(ref _parts);
        Rest();
    }

    private static bool TryReadLength(ReadOnlySpan<byte> input, out int headerBytes, out long length)
    {
        length = input[1] & 0x7F;
        headerBytes = 2 + Frames.MaskBytes + (length == 126 ? 2 : length == 127 ? 8 : 0);
        if (input.Length < headerBytes)
        {
            return false;
        }

        switch (length)
        {
            case 126:
                length = BinaryPrimitives.ReadUInt16BigEndian(input[2..]);
                return length > 125 ? true : throw Broken("a length that is not written in the shortest way");
            case 127:
                length = BinaryPrimitives.ReadInt64BigEndian(input[2..]);
                return length > ushort.MaxValue ? true : throw Broken("a length that is not written in the shortest way");
            default:
                return true;
        }
    }

    private Received AddPart(Opcode opcode, bool isLast, ReadOnlySpan<byte> payload)
    {
        if (_parts is null)
        {
            (_parts, _partsLength, _partsCount, _partsKind) = (Buffers.Rent(Math.Max(payload.Length, SmallestRest)), 0, 0, opcode);
        }

        if (++_partsCount > Limits.PartsOfMessage)
        {
            throw new ProtocolViolationException(CloseCode.ProtocolError, $"A message may come in {Limits.PartsOfMessage} frames.");
        }

        if (_partsLength + payload.Length > _parts.Length)
        {
            var larger = Buffers.Rent(Math.Max(_partsLength + payload.Length, 2 * _parts.Length));
            _parts.AsSpan(0, _partsLength).CopyTo(larger);
            Buffers.Return(_parts);
            _parts = larger;
        }

        payload.CopyTo(_parts.AsSpan(_partsLength));
        _partsLength += payload.Length;
        if (!isLast)
        {
            return new Received(_partsKind, false, default);
        }

        // Given away once; its buffer goes when the reader is used again.
        var message = _parts.AsMemory(0, _partsLength);
        LetGo(ref _given);
        (_given, _parts, _partsLength) = (_parts, null, 0);
        return new Received(_partsKind, true, message);
    }

    private static void LetGo(ref byte[]? buffer)
    {
        if (buffer is not null)
        {
            Buffers.Return(buffer);
            buffer = null;
        }
    }

    private void MoveTo(byte[] buffer)
    {
        _buffer.AsSpan(_start, _end - _start).CopyTo(buffer);
        Buffers.Return(_buffer!);
        (_buffer, _start, _end) = (buffer, 0, _end - _start);
    }

    private static ProtocolViolationException Broken(string what) => new((int)WebSocketCloseStatus.ProtocolError, what);
}
