using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using PocketCoder.Protocol;

namespace PocketCoder.Relay.Routing;

/// <summary>One string of the envelope: as it was written, quotes and escapes included, and what it means.</summary>
internal readonly ref struct Field(ReadOnlySpan<byte> raw, ReadOnlySpan<byte> value)
{
    public ReadOnlySpan<byte> Raw { get; } = raw;

    public ReadOnlySpan<byte> Value { get; } = value;

    public bool IsSet => !Raw.IsEmpty;

    /// <summary>The meaning as characters, in a buffer of as many as a field has bytes.</summary>
    public ReadOnlySpan<char> Decode(Span<char> buffer) => buffer[..Encoding.UTF8.GetChars(Value, buffer)];

    public string? Text => IsSet ? Encoding.UTF8.GetString(Value) : null;

    /// <summary>A field that was read once already, as it was written; empty: not there.</summary>
    public static Field Of(ReadOnlySpan<byte> raw)
    {
        if (raw.IsEmpty)
        {
            return default;
        }

        if (!raw.Contains((byte)'\\'))
        {
            return new Field(raw, raw[1..^1]);
        }

        Utf8JsonReader reader = new(raw);
        reader.Read();
        return new Field(raw, Encoding.UTF8.GetBytes(reader.GetString()!));
    }
}

/// <summary>
/// A received message, read as far as the relay routes by it. The whole of it is walked, so that what can be read in two ways is refused; the payload is a slice
/// of what was received, and goes on byte for byte.
/// </summary>
internal ref struct RoutedMessage
{
    private const int BinaryPrefix = 4;

    public Field Type, RequestId, MachineKey, ClientId, SessionId;
    public ReadOnlySpan<byte> Payload, Error, Bulk;

    /// <summary>The binary form: a header, then raw bytes.</summary>
    public bool IsBinary;

    /// <summary>Of a request: who asks reads the binary form. The relay's own word, whatever the message said.</summary>
    public bool WantsBinary;

    /// <summary>Reads a text message. Throws <see cref="JsonException"/> when it is not one object with a type, or says a field of the envelope twice.</summary>
    public static RoutedMessage Read(ReadOnlySpan<byte> json)
    {
        RoutedMessage message = default;
        Utf8JsonReader reader = new(json, new JsonReaderOptions { MaxDepth = Wire.MaxDepth });
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("A message is one JSON object.");
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("type"u8)) { ReadOnce(ref reader, json, ref message.Type); }
            else if (reader.ValueTextEquals("requestId"u8)) { ReadOnce(ref reader, json, ref message.RequestId); }
            else if (reader.ValueTextEquals("machineKey"u8)) { ReadOnce(ref reader, json, ref message.MachineKey); }
            else if (reader.ValueTextEquals("clientId"u8)) { ReadOnce(ref reader, json, ref message.ClientId); }
            else if (reader.ValueTextEquals("sessionId"u8)) { ReadOnce(ref reader, json, ref message.SessionId); }
            else if (reader.ValueTextEquals("payload"u8)) { SliceOnce(ref reader, json, ref message.Payload); }
            else if (reader.ValueTextEquals("error"u8)) { SliceOnce(ref reader, json, ref message.Error); }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }

        if (reader.Read())
        {
            throw new JsonException("Something follows the message.");
        }

        // A null counts as not there, once it has been seen that it is not there twice.
        message.Clear();
        return message.Type.Value.IsEmpty ? throw new JsonException("A message needs a type.") : message;
    }

    /// <summary>Reads the binary form: four bytes with the length of the header, the header, raw bytes.</summary>
    public static RoutedMessage ReadBinary(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < BinaryPrefix || BinaryPrimitives.ReadUInt32BigEndian(bytes) is var length && length > bytes.Length - BinaryPrefix)
        {
            throw new JsonException("A binary message begins with the length of its header.");
        }

        var header = bytes.Slice(BinaryPrefix, (int)BinaryPrimitives.ReadUInt32BigEndian(bytes));
        if (!System.Text.Unicode.Utf8.IsValid(header))
        {
            throw new JsonException("The header of a binary message is JSON.");
        }

        var message = Read(header);
        message.IsBinary = true;
        message.Bulk = bytes[(BinaryPrefix + header.Length)..];
        return message;
    }

    /// <summary>How many bytes it has on the way on, with these names in its envelope (quoted; empty: none).</summary>
    public readonly int LengthWith(ReadOnlySpan<byte> machineKey, ReadOnlySpan<byte> clientId) => HeaderLength(machineKey, clientId) + (IsBinary ? BinaryPrefix + Bulk.Length : 0);

    /// <summary>Writes it with these names in its envelope and its payload as it came.</summary>
    public readonly void Write(Span<byte> output, ReadOnlySpan<byte> machineKey, ReadOnlySpan<byte> clientId)
    {
        if (IsBinary)
        {
            BinaryPrimitives.WriteInt32BigEndian(output, HeaderLength(machineKey, clientId));
            output = output[BinaryPrefix..];
        }

        Put(ref output, "{\"type\":"u8, Type.Raw);
        Put(ref output, RequestIdName, RequestId.Raw);
        Put(ref output, MachineKeyName, machineKey);
        Put(ref output, ClientIdName, clientId);
        Put(ref output, SessionIdName, SessionId.Raw);
        Put(ref output, FeaturesName, Features);
        Put(ref output, PayloadName, Payload);
        Put(ref output, ErrorName, Error);
        output[0] = (byte)'}';
        Bulk.CopyTo(output[1..]);
    }

    private static ReadOnlySpan<byte> RequestIdName => ",\"requestId\":"u8;

    private static ReadOnlySpan<byte> MachineKeyName => ",\"machineKey\":"u8;

    private static ReadOnlySpan<byte> ClientIdName => ",\"clientId\":"u8;

    private static ReadOnlySpan<byte> SessionIdName => ",\"sessionId\":"u8;

    private static ReadOnlySpan<byte> FeaturesName => ",\"features\":"u8;

    private static ReadOnlySpan<byte> PayloadName => ",\"payload\":"u8;

    private static ReadOnlySpan<byte> ErrorName => ",\"error\":"u8;

    private readonly ReadOnlySpan<byte> Features => WantsBinary ? "[\"binary\"]"u8 : default;

    private readonly int HeaderLength(ReadOnlySpan<byte> machineKey, ReadOnlySpan<byte> clientId) =>
        "{\"type\":}"u8.Length + Type.Raw.Length
        + Length(RequestIdName, RequestId.Raw) + Length(MachineKeyName, machineKey) + Length(ClientIdName, clientId)
        + Length(SessionIdName, SessionId.Raw) + Length(FeaturesName, Features) + Length(PayloadName, Payload) + Length(ErrorName, Error);

    private static int Length(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) => value.IsEmpty ? 0 : name.Length + value.Length;

    private static void Put(ref Span<byte> output, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (!value.IsEmpty)
        {
            name.CopyTo(output);
            value.CopyTo(output[name.Length..]);
            output = output[(name.Length + value.Length)..];
        }
    }

    private void Clear()
    {
        Clear(ref Type);
        Clear(ref RequestId);
        Clear(ref MachineKey);
        Clear(ref ClientId);
        Clear(ref SessionId);
        Payload = IsNull(Payload) ? default : Payload;
        Error = IsNull(Error) ? default : Error;
    }

    private static void Clear(ref Field field)
    {
        if (IsNull(field.Raw))
        {
            field = default;
        }
    }

    private static bool IsNull(ReadOnlySpan<byte> raw) => raw.Length == 4 && raw[0] == (byte)'n';

    private static void ReadOnce(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, ref Field field)
    {
        if (field.IsSet)
        {
            throw new JsonException("A field of the envelope is there twice.");
        }

        reader.Read();
        if (reader.TokenType is not (JsonTokenType.String or JsonTokenType.Null) || reader.ValueSpan.Length > Limits.FieldBytes)
        {
            throw new JsonException("A field of the envelope is no string, or too long.");
        }

        // GetString refuses half a surrogate pair.
        field = new Field(
            json[(int)reader.TokenStartIndex..(int)reader.BytesConsumed],
            reader.ValueIsEscaped ? Encoding.UTF8.GetBytes(reader.GetString()!) : reader.ValueSpan);
    }

    private static void SliceOnce(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, ref ReadOnlySpan<byte> slice)
    {
        if (!slice.IsEmpty)
        {
            throw new JsonException("A field of the envelope is there twice.");
        }

        reader.Read();
        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        slice = json[start..(int)reader.BytesConsumed];
    }
}
