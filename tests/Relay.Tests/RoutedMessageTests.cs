using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using PocketCoder.Protocol;
using PocketCoder.Relay.Routing;
using Xunit;

namespace PocketCoder.Relay.Tests;

/// <summary>What the relay reads of a message, and that it passes on all the rest as it came.</summary>
public sealed class RoutedMessageTests
{
    private static Gen<string> OneOf(params string[] texts) => Gen.Int[0, texts.Length - 1].Select(i => texts[i]);

    private static readonly Gen<string> Json = Gen.Recursive<string>((depth, self) => depth > 4
        ? OneOf("null", "true", "-0.00e+12", "1234567890123456789012345678901234567890.5", "\"\"", "\"\\ud83d\\ude00 \\\" \\u0000 é😀\"", "[]", "{}")
        : Gen.OneOf(
            Gen.String[Gen.Char.AlphaNumeric, 0, 40].Select(text => $"\"{text}\""),
            Gen.Double.Where(double.IsFinite).Select(number => number.ToString("R", System.Globalization.CultureInfo.InvariantCulture)),
            self.Array[0, 4].Select(items => $"[ {string.Join(" , ", items)}\n]"),
            Gen.Select(OneOf("machineKey", "clientId", "a", "payload", "type", "\\u0061", "é"), self).Array[0, 4]
                .Select(members => $"{{{string.Join(",\t", members.Select(m => $"\"{m.Item1}\": {m.Item2}"))}}}")));

    private static readonly Gen<string> Spaces = OneOf("", " ", "\n\t", "  ");

    [Fact]
    public void A_payload_goes_on_byte_for_byte_wherever_it_stood()
    {
        Gen.Select(Json, Json, Spaces, Gen.Int[0, 3], Gen.Byte.Array[0, 300], Gen.Bool).Sample((payload, other, space, place, bulk, isBinary) =>
        {
            List<string> members = ["\"type\":\"fs_write\"", "\"requestId\":\"r1\"", $"\"machineKey\"{space}:{space}\"theirs\"", $"\"other\":{other}"];
            members.Insert(place, $"\"payload\"{space}:{space}{payload}");
            var header = Encoding.UTF8.GetBytes($"{{{string.Join("," + space, members)}}}{space}");
            var received = isBinary ? Binary(header, bulk) : header;

            var message = isBinary ? RoutedMessage.ReadBinary(received) : RoutedMessage.Read(received);
            var sent = Write(message, "\"mine\"", "\"cl_1\"");

            var length = isBinary ? BinaryPrimitives.ReadInt32BigEndian(sent) : sent.Length;
            var text = Encoding.UTF8.GetString(sent, isBinary ? 4 : 0, length);
            Assert.Equal($$"""{"type":"fs_write","requestId":"r1","machineKey":"mine","clientId":"cl_1"{{(payload == "null" ? "" : $",\"payload\":{payload}")}}}""", text);
            Assert.Equal(isBinary ? bulk : [], sent[(length + (isBinary ? 4 : 0))..]);
        });
    }

    [Theory]
    [InlineData("""{"type":"a","\u006dachineKey":"x"}""", "x")]
    [InlineData("""{"type":"a","machineKey":"\u0078"}""", "x")]
    [InlineData("""{"payload":{"machineKey":"no","type":"no"},"type":"a","machineKey":"x"}""", "x")]
    [InlineData("""{"type":"a","MachineKey":"no","machineKey ":"no"}""", null)]
    [InlineData("""{"type":"a","machineKey":null}""", null)]
    [InlineData("""{"type":"a","payload":"\"machineKey\":\"no\""}""", null)]
    [InlineData("""{"type":"a","payload":[{"machineKey":"no"}],"machineKey":""}""", "")]
    public void A_name_is_taken_from_the_envelope_alone_however_it_is_written(string json, string? machineKey) =>
        Assert.Equal(machineKey, RoutedMessage.Read(Encoding.UTF8.GetBytes(json)).MachineKey.Text);

    public static TheoryData<string> Smuggled =>
    [
        """{"type":"a","machineKey":"x","machineKey":"y"}""",
        """{"type":"a","machineKey":"x","\u006dachineKey":"y"}""",
        """{"type":"a","machineKey":null,"machineKey":"y"}""",
        """{"type":"a","clientId":"x","payload":{},"client\u0049d":"y"}""",
        """{"type":"a","payload":null,"payload":{}}""",
        """{"type":"a","payload":{},"payload":null}""",
        """{"type":"a","error":{},"error":{}}""",
        """{"type":"a","type":"b"}""",
        """{"type":"a"}{"type":"b"}""",
        """{"type":"a"},"machineKey":"y"}""",
        """{"type":"a"}x""",
        "{\"type\":\"a\"}\0",
        "\uFEFF{\"type\":\"a\"}",
        "\0{\"type\":\"a\"}",
        "{\"type\":\"a\u0001\"}",
        """{"type":"a","payload":{"x":1}""",
        """{"type":"a","payload":{"x":01}}""",
        """{"type":"a","payload":{"x":1e}}""",
        """{"type":"a","payload":{"x":NaN}}""",
        """{"type":"a","payload":{x:1}}""",
        """{"type":"a","payload":{"x":1,}}""",
        """{"type":"a","payload":/* */{}}""",
        """{"type":"a","payload":"\x41"}""",
        """{"type":"\ud800"}""",
        """{"type":"a","requestId":"\udc00"}""",
        """{"type":"a","machineKey":7}""",
        """{"type":"a","clientId":{"a":1}}""",
        """{"type":null}""",
        """{"type":""}""",
        """["type"]""",
        "7",
        "",
        $$"""{"type":"a","requestId":"{{new string('r', 257)}}"}""",
        $$"""{"type":"a","payload":{{new string('[', 64)}}{{new string(']', 64)}}}""",
    ];

    [Theory]
    [MemberData(nameof(Smuggled))]
    public void What_can_be_read_in_two_ways_or_in_none_is_refused(string json)
    {
        Assert.ThrowsAny<Exception>(() => RoutedMessage.Read(Encoding.UTF8.GetBytes(json)));
        Assert.ThrowsAny<Exception>(() => RoutedMessage.ReadBinary(Binary(Encoding.UTF8.GetBytes(json), [])));
    }

    [Theory]
    [InlineData(64 - 1)]
    [InlineData(1)]
    public void Nesting_within_the_limit_passes(int depth) =>
        RoutedMessage.Read(Encoding.UTF8.GetBytes($$"""{"type":"a","payload":{{new string('[', depth)}}{{new string(']', depth)}}}"""));

    [Theory]
    [InlineData(new byte[] { })]
    [InlineData(new byte[] { 0, 0, 0 })]
    [InlineData(new byte[] { 0, 0, 0, 1 })]
    [InlineData(new byte[] { 255, 255, 255, 255, 1 })]
    [InlineData(new byte[] { 0, 0, 0, 0, (byte)'{', (byte)'}' })]
    public void A_binary_message_whose_header_is_not_there_is_refused(byte[] bytes) => Assert.ThrowsAny<JsonException>(() => RoutedMessage.ReadBinary(bytes));

    [Fact]
    public void Any_damage_is_a_refusal_or_a_message_that_others_read_in_the_same_way()
    {
        var whole = Encoding.UTF8.GetBytes("""{"type":"a","requestId":"r","machineKey":"m","clientId":"c","sessionId":"s","payload":{"a":[1,"x",null]},"z":0}""");
        Gen.Select(Gen.Int[0, whole.Length - 1], Gen.Byte, Gen.Int[0, 2]).Array[1, 4].Sample(damages =>
        {
            var bytes = whole.ToList();
            foreach (var (at, value, kind) in damages.Where(d => d.Item1 < bytes.Count))
            {
                switch (kind)
                {
                    case 0:
                        bytes[at] = value;
                        break;
                    case 1:
                        bytes.Insert(at, value);
                        break;
                    default:
                        bytes.RemoveAt(at);
                        break;
                }
            }

            byte[] damaged = [.. bytes];
            if (!System.Text.Unicode.Utf8.IsValid(damaged))
            {
                return;
            }

            RoutedMessage message;
            try
            {
                message = RoutedMessage.Read(damaged);
            }
            catch (Exception ex) when (ex is JsonException or InvalidOperationException)
            {
                return;
            }

            var sent = Envelope.Parse(Write(message, message.MachineKey.Raw, message.ClientId.Raw));
            var read = Envelope.Parse(damaged);
            Assert.Equal((read.Type, read.RequestId, read.MachineKey, read.ClientId, read.SessionId), (sent.Type, sent.RequestId, sent.MachineKey, sent.ClientId, sent.SessionId));
            Assert.True(read.Payload.Span.SequenceEqual(sent.Payload.Span));
        });
    }

    private static byte[] Write(in RoutedMessage message, string machineKey, string clientId) => Write(message, Encoding.UTF8.GetBytes(machineKey), Encoding.UTF8.GetBytes(clientId));

    private static byte[] Write(in RoutedMessage message, ReadOnlySpan<byte> machineKey, ReadOnlySpan<byte> clientId)
    {
        var sent = new byte[message.LengthWith(machineKey, clientId)];
        message.Write(sent, machineKey, clientId);
        return sent;
    }

    private static byte[] Binary(byte[] header, byte[] bulk)
    {
        var length = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, header.Length);
        return [.. length, .. header, .. bulk];
    }
}
