using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace PocketCoder.Relay.Sockets;

internal enum Opcode : byte
{
    Continuation = 0,
    Text = 1,
    Binary = 2,
    Close = 8,
    Ping = 9,
    Pong = 10,
}

/// <summary>The bytes of RFC 6455 around a payload, as a server writes and reads them.</summary>
internal static class Frames
{
    public const int MaskBytes = 4;
    public const int MaxControlPayload = 125;

    public static int HeaderBytes(int payload) => payload < 126 ? 2 : payload <= ushort.MaxValue ? 4 : 10;

    /// <summary>Writes the header of a whole, unmasked message; gives what follows it.</summary>
    public static Span<byte> WriteHeader(Span<byte> output, Opcode opcode, int payload)
    {
        output[0] = (byte)(0x80 | (byte)opcode);
        switch (payload)
        {
            case < 126:
                output[1] = (byte)payload;
                break;
            case <= ushort.MaxValue:
                output[1] = 126;
                BinaryPrimitives.WriteUInt16BigEndian(output[2..], (ushort)payload);
                break;
            default:
                output[1] = 127;
                BinaryPrimitives.WriteUInt64BigEndian(output[2..], (ulong)payload);
                break;
        }

        return output[HeaderBytes(payload)..];
    }

    /// <summary>Takes the mask off, in place.</summary>
    public static void Unmask(Span<byte> payload, ReadOnlySpan<byte> mask)
    {
        var key = MemoryMarshal.Read<uint>(mask);
        var done = 0;
        if (payload.Length >= Vector<byte>.Count)
        {
            var keys = Vector.AsVectorByte(new Vector<uint>(key));
            for (; done <= payload.Length - Vector<byte>.Count; done += Vector<byte>.Count)
            {
                var part = payload.Slice(done, Vector<byte>.Count);
                (new Vector<byte>(part) ^ keys).CopyTo(part);
            }
        }

        for (; done < payload.Length; done++)
        {
            payload[done] ^= mask[done & 3];
        }
    }
}
