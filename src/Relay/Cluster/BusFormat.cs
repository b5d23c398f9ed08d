using System.Buffers.Binary;
using System.Text;
using PocketCoder.Relay.Routing;

namespace PocketCoder.Relay.Cluster;

internal enum BusKind : byte
{
    /// <summary>To a machine: who asks, which connection of it is meant, the message.</summary>
    ToMachine = 1,

    /// <summary>To a client: which machine says it, the message.</summary>
    ToClient = 2,

    /// <summary>To a client: its request could not be delivered.</summary>
    Refused = 3,

    /// <summary>To all clients of an account: which machine says it, the message.</summary>
    ToClients = 4,

    /// <summary>Where a machine is connected now.</summary>
    Status = 5,

    /// <summary>A client is gone.</summary>
    ClientLeft = 6,

    /// <summary>A device was revoked.</summary>
    Revoked = 7,
}

[Flags]
internal enum BusFlags : byte
{
    None = 0,

    /// <summary>Of a status: the machine is connected to the node that says so.</summary>
    Connected = 1,

    /// <summary>Of a status: clients are to look anew even if they knew.</summary>
    News = 2,

    /// <summary>Of a status: what was under way may be lost.</summary>
    Doubt = 8,

    /// <summary>Of a refusal: the machine does not read binary messages. Otherwise it is not connected there.</summary>
    NotReadable = 4,
}

/// <summary>
/// One record of what the nodes say to each other. They trust each other: whoever can write to their Redis is one of them.
/// <code>
///   length(4) kind(1) flags(1) fence(8) hasMessage(1) | user, to, from, text: length(2) bytes | message: form(1), 6 x (length(4) bytes)
/// </code>
/// <c>From</c> is a name as JSON, quotes included, ready to be put into an envelope.
/// </summary>
internal ref struct BusRecord
{
    private const int Fixed = 4 + 1 + 1 + 8, Parts = 6;
    private const int IsBinary = 1, WantsBinary = 2;

    public BusKind Kind;
    public BusFlags Flags;
    public long Fence;
    public ReadOnlySpan<byte> User, To, From, Text;

    /// <summary>The message, when <see cref="HasMessage"/>.</summary>
    public RoutedMessage Message;
    public bool HasMessage;

    public readonly int Length => Fixed + 1 + (4 * 2) + User.Length + To.Length + From.Length + Text.Length + (HasMessage ? 1 + (Parts * 4) + BytesOf(Message) : 0);

    public readonly void Write(Span<byte> output)
    {
        BinaryPrimitives.WriteInt32LittleEndian(output, Length);
        output[4] = (byte)Kind;
        output[5] = (byte)Flags;
        BinaryPrimitives.WriteInt64LittleEndian(output[6..], Fence);
        output[Fixed] = HasMessage ? (byte)1 : (byte)0;
        output = output[(Fixed + 1)..];
        PutShort(ref output, User);
        PutShort(ref output, To);
        PutShort(ref output, From);
        PutShort(ref output, Text);
        if (HasMessage)
        {
            output[0] = (byte)((Message.IsBinary ? IsBinary : 0) | (Message.WantsBinary ? WantsBinary : 0));
            output = output[1..];
            PutLong(ref output, Message.Type.Raw);
            PutLong(ref output, Message.RequestId.Raw);
            PutLong(ref output, Message.SessionId.Raw);
            PutLong(ref output, Message.Payload);
            PutLong(ref output, Message.Error);
            PutLong(ref output, Message.Bulk);
        }
    }

    /// <summary>Reads the first record, and gives what comes behind it.</summary>
    public static BusRecord Read(scoped ref ReadOnlySpan<byte> input)
    {
        var length = BinaryPrimitives.ReadInt32LittleEndian(input);
        var rest = input[..length];
        input = input[length..];
        BusRecord record = new() { Kind = (BusKind)rest[4], Flags = (BusFlags)rest[5], Fence = BinaryPrimitives.ReadInt64LittleEndian(rest[6..]), HasMessage = rest[Fixed] == 1 };
        rest = rest[(Fixed + 1)..];
        record.User = TakeShort(ref rest);
        record.To = TakeShort(ref rest);
        record.From = TakeShort(ref rest);
        record.Text = TakeShort(ref rest);
        if (record.HasMessage)
        {
            record.Message.IsBinary = (rest[0] & IsBinary) != 0;
            record.Message.WantsBinary = (rest[0] & WantsBinary) != 0;
            rest = rest[1..];
            record.Message.Type = Field.Of(TakeLong(ref rest));
            record.Message.RequestId = Field.Of(TakeLong(ref rest));
            record.Message.SessionId = Field.Of(TakeLong(ref rest));
            record.Message.Payload = TakeLong(ref rest);
            record.Message.Error = TakeLong(ref rest);
            record.Message.Bulk = TakeLong(ref rest);
        }

        return record;
    }

    public static string Name(ReadOnlySpan<byte> utf8) => Encoding.UTF8.GetString(utf8);

    private static int BytesOf(in RoutedMessage message) =>
        message.Type.Raw.Length + message.RequestId.Raw.Length + message.SessionId.Raw.Length + message.Payload.Length + message.Error.Length + message.Bulk.Length;

    private static void PutShort(scoped ref Span<byte> output, ReadOnlySpan<byte> bytes)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(output, checked((ushort)bytes.Length));
        bytes.CopyTo(output[2..]);
        output = output[(2 + bytes.Length)..];
    }

    private static ReadOnlySpan<byte> TakeShort(scoped ref ReadOnlySpan<byte> input)
    {
        var bytes = input.Slice(2, BinaryPrimitives.ReadUInt16LittleEndian(input));
        input = input[(2 + bytes.Length)..];
        return bytes;
    }

    private static void PutLong(scoped ref Span<byte> output, ReadOnlySpan<byte> bytes)
    {
        BinaryPrimitives.WriteInt32LittleEndian(output, bytes.Length);
        bytes.CopyTo(output[4..]);
        output = output[(4 + bytes.Length)..];
    }

    private static ReadOnlySpan<byte> TakeLong(scoped ref ReadOnlySpan<byte> input)
    {
        var bytes = input.Slice(4, BinaryPrimitives.ReadInt32LittleEndian(input));
        input = input[(4 + bytes.Length)..];
        return bytes;
    }
}
