using System.Buffers;
using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using PocketCoder.Protocol.Messaging;

namespace PocketCoder.Protocol;

/// <summary>
/// One message on the wire: what the relay routes by, and the payload as bytes that only the two ends open.
/// </summary>
public sealed record Envelope
{
    /// <summary>snake_case, required.</summary>
    public required string Type { get; init; }

    /// <summary>Set by the asker, unique per connection; echoed by everything that answers it.</summary>
    public string? RequestId { get; init; }

    /// <summary>Client to relay: which machine; relay to client: which machine sent it.</summary>
    public string? MachineKey { get; init; }

    /// <summary>Added by the relay on the way to the daemon; the daemon echoes it.</summary>
    public string? ClientId { get; init; }

    /// <summary>The project a request or event is about.</summary>
    public string? SessionId { get; init; }

    /// <summary>Set by the relay on the way to the daemon: who asks reads the binary form.</summary>
    public bool ReadsBinary { get; init; }

    /// <summary>The payload as UTF-8 JSON; empty when there is none.</summary>
    public ReadOnlyMemory<byte> Payload { get; init; }

    /// <summary>The <c>error</c> member of an <c>error</c> message as UTF-8 JSON; empty otherwise.</summary>
    public ReadOnlyMemory<byte> Error { get; init; }

    /// <summary>What follows the message in its binary form; null: it is a text message.</summary>
    public ReadOnlyMemory<byte>? Bulk { get; init; }

    /// <summary>Disposed when the message has been sent: gets the memory of payload and bulk back.</summary>
    public IDisposable? Owner { get; init; }

    /// <summary>How many bytes it has, but for the few of its envelope.</summary>
    public int BodyLength => Payload.Length + Error.Length + (Bulk?.Length ?? 0);

    /// <summary>Reads a message. Throws <see cref="JsonException"/> when it is not one object with a type, or says a routing field twice.</summary>
    public static Envelope Parse(ReadOnlyMemory<byte> json)
    {
        // The payload is walked, not opened: a smuggled second "clientId" behind a payload that ends early must not pass.
        Utf8JsonReader reader = new(json.Span, new JsonReaderOptions { MaxDepth = Wire.MaxDepth });
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("A message is one JSON object.");
        }

        var readsBinary = false;
        string? type = null, requestId = null, machineKey = null, clientId = null, sessionId = null;
        ReadOnlyMemory<byte>? payload = null, error = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("type"u8)) { type = ReadOnce(ref reader, type); }
            else if (reader.ValueTextEquals("requestId"u8)) { requestId = ReadOnce(ref reader, requestId); }
            else if (reader.ValueTextEquals("machineKey"u8)) { machineKey = ReadOnce(ref reader, machineKey); }
            else if (reader.ValueTextEquals("clientId"u8)) { clientId = ReadOnce(ref reader, clientId); }
            else if (reader.ValueTextEquals("sessionId"u8)) { sessionId = ReadOnce(ref reader, sessionId); }
            else if (reader.ValueTextEquals("payload"u8)) { payload = SliceOnce(ref reader, json, payload); }
            else if (reader.ValueTextEquals("error"u8)) { error = SliceOnce(ref reader, json, error); }
            else if (reader.ValueTextEquals("features"u8)) { readsBinary = HasBinary(ref reader); }
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

        return new Envelope
        {
            ReadsBinary = readsBinary,
            Type = string.IsNullOrEmpty(type) ? throw new JsonException("A message needs a type.") : type,
            RequestId = requestId,
            MachineKey = machineKey,
            ClientId = clientId,
            SessionId = sessionId,
            Payload = payload ?? default,
            Error = error ?? default,
        };
    }

    /// <summary>Writes a text message with its payload last and copied byte for byte.</summary>
    public void WriteTo(IBufferWriter<byte> output)
    {
        WriteHead(output);
        output.Write(Payload.Span);
        WriteTail(output);
    }

    /// <summary>The bytes on the wire, text or binary form, in pieces that are not copied together.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Pieces()
    {
        ArrayBufferWriter<byte> head = new(256), tail = new(Error.Length + 16);
        WriteHead(head);
        WriteTail(tail);
        if (Bulk is not null)
        {
            var length = new byte[sizeof(int)];
            BinaryPrimitives.WriteInt32BigEndian(length, head.WrittenCount + Payload.Length + tail.WrittenCount);
            yield return length;
        }

        yield return head.WrittenMemory;
        yield return Payload;
        yield return tail.WrittenMemory;
        if (Bulk is { } bulk)
        {
            yield return bulk;
        }
    }

    public byte[] ToBytes()
    {
        ArrayBufferWriter<byte> buffer = new(Payload.Length + Error.Length + 256);
        WriteTo(buffer);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>The payload as <typeparamref name="T"/>; a missing payload counts as <c>{}</c>.</summary>
    public T Read<T>(JsonTypeInfo<T> typeInfo) =>
        JsonSerializer.Deserialize(Payload.IsEmpty ? "{}"u8 : Payload.Span, typeInfo)
        ?? throw new JsonException($"{Type} needs a payload.");

    public T Read<T>() => Read(ProtocolJson.For<T>());

    public ErrorInfo ReadError() =>
        JsonSerializer.Deserialize(Error.Span, ProtocolJson.For<ErrorInfo>()) ?? throw new JsonException("An error message needs an error.");

    public static byte[] Serialize<T>(T payload) => JsonSerializer.SerializeToUtf8Bytes(payload, ProtocolJson.For<T>());

    public static Envelope Of<T>(T payload, string? requestId = null, string? sessionId = null, string? clientId = null, string? machineKey = null)
        where T : IMessage => new()
        {
            Type = T.Type,
            RequestId = requestId,
            SessionId = sessionId,
            ClientId = clientId,
            MachineKey = machineKey,
            Payload = Serialize(payload),
        };

    /// <summary>The same for a payload that may be large: it is written into memory that is used again.</summary>
    public static Envelope OfLarge<T>(T payload, int expectedBytes, string? requestId, string? sessionId, string? clientId)
        where T : IMessage
    {
        LargeBufferWriter buffer = new(expectedBytes);
        using (Utf8JsonWriter writer = new(buffer, new JsonWriterOptions { SkipValidation = true, Encoder = ProtocolJson.Options.Encoder }))
        {
            JsonSerializer.Serialize(writer, payload, ProtocolJson.For<T>());
        }

        return new Envelope { Type = T.Type, RequestId = requestId, SessionId = sessionId, ClientId = clientId, Payload = buffer.Written, Owner = buffer };
    }

    public static Envelope OfError(ErrorInfo error, string? requestId, string? clientId = null, string? machineKey = null) => new()
    {
        Type = Wire.Error,
        RequestId = requestId,
        ClientId = clientId,
        MachineKey = machineKey,
        Error = Serialize(error),
    };

    private static string? ReadOnce(ref Utf8JsonReader reader, string? present)
    {
        reader.Read();
        return reader.TokenType switch
        {
            _ when present is not null => throw new JsonException("A field of the envelope is there twice."),
            JsonTokenType.String => reader.GetString(),
            JsonTokenType.Null => null,
            _ => throw new JsonException("A field of the envelope is not a string."),
        };
    }

    private static ReadOnlyMemory<byte> SliceOnce(ref Utf8JsonReader reader, ReadOnlyMemory<byte> json, ReadOnlyMemory<byte>? present)
    {
        if (present is not null)
        {
            throw new JsonException("A field of the envelope is there twice.");
        }

        reader.Read();
        var start = (int)reader.TokenStartIndex;
        var isNull = reader.TokenType == JsonTokenType.Null;
        reader.Skip();
        return isNull ? default : json[start..(int)reader.BytesConsumed];
    }

    private static bool HasBinary(ref Utf8JsonReader reader)
    {
        reader.Read();
        var found = false;
        if (reader.TokenType == JsonTokenType.StartArray)
        {
            for (var depth = reader.CurrentDepth; reader.Read() && reader.CurrentDepth > depth;)
            {
                found |= reader.TokenType == JsonTokenType.String && reader.ValueTextEquals(Wire.BinaryFeature);
            }
        }
        else
        {
            reader.Skip();
        }

        return found;
    }

    // Everything before the payload.
    private void WriteHead(IBufferWriter<byte> output)
    {
        using Utf8JsonWriter writer = new(output, new JsonWriterOptions { SkipValidation = true });
        writer.WriteStartObject();
        writer.WriteString("type"u8, Type);
        WriteIfSet(writer, "requestId"u8, RequestId);
        WriteIfSet(writer, "machineKey"u8, MachineKey);
        WriteIfSet(writer, "clientId"u8, ClientId);
        WriteIfSet(writer, "sessionId"u8, SessionId);
        if (ReadsBinary)
        {
            writer.WriteStartArray("features"u8);
            writer.WriteStringValue(Wire.BinaryFeature);
            writer.WriteEndArray();
        }

        if (!Payload.IsEmpty)
        {
            writer.WritePropertyName("payload"u8);
        }
    }

    private void WriteTail(IBufferWriter<byte> output)
    {
        if (!Error.IsEmpty)
        {
            output.Write(",\"error\":"u8);
            output.Write(Error.Span);
        }

        output.Write("}"u8);
    }

    private static void WriteIfSet(Utf8JsonWriter writer, ReadOnlySpan<byte> name, string? value)
    {
        if (value is not null)
        {
            writer.WriteString(name, value);
        }
    }
}
