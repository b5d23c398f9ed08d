using System.Text;
using System.Text.Json;
using CsCheck;
using PocketCoder.Protocol.Messaging;
using Xunit;

namespace PocketCoder.Protocol.Tests;

public sealed class EnvelopeTests
{
    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"type":""}""")]
    [InlineData("""{"type":7}""")]
    [InlineData("""{"type":"a","type":"b"}""")]
    [InlineData("""{"type":"a"} {"type":"b"}""")]
    [InlineData("""{"type":"a","clientId":"x","payload":{},"clientId":"y"}""")]
    [InlineData("""{"type":"a","payload":{},"payload":{}}""")]
    [InlineData("""{"type":"a","payload":{}""")]
    [InlineData("""{"type":"a","requestId":1}""")]
    [InlineData("""{"type":"\ud800"}""")]
    public void What_is_no_message_is_a_protocol_violation(string json)
    {
        var violation = Assert.Throws<ProtocolViolationException>(() => MessageSocket.Parse(Encoding.UTF8.GetBytes(json)));

        Assert.Equal(CloseCode.ProtocolError, violation.CloseCode);
    }

    [Fact]
    public void Nesting_beyond_the_limit_is_a_protocol_violation()
    {
        var json = $$"""{"type":"a","payload":{{new string('[', 100_000)}}{{new string(']', 100_000)}}}""";

        Assert.Throws<ProtocolViolationException>(() => MessageSocket.Parse(Encoding.UTF8.GetBytes(json)));
    }

    [Fact]
    public void A_payload_is_carried_byte_for_byte()
    {
        const string payload = """{ "a" : 1.50, "é":"\u00e9", "type":"x", "nested":{"clientId":"no"} }""";

        var envelope = Envelope.Parse(Encoding.UTF8.GetBytes($$"""{"payload":{{payload}},"unknown":[1,{"b":2}],"type":"t"}"""));

        Assert.Equal(payload, Encoding.UTF8.GetString(envelope.Payload.Span));
        Assert.Equal("t", envelope.Type);
        Assert.Null(envelope.ClientId);
        Assert.EndsWith($"\"payload\":{payload}}}", Encoding.UTF8.GetString(envelope.ToBytes()), StringComparison.Ordinal);
    }

    [Fact]
    public void Any_bytes_are_a_message_or_a_protocol_violation() =>
        Gen.Byte.Array[0, 200].Sample(bytes => ReadsOrRefuses(bytes));

    [Fact]
    public void A_message_damaged_anywhere_is_a_message_or_a_protocol_violation()
    {
        var golden = Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Golden")).Select(File.ReadAllBytes).ToArray();

        Gen.Select(Gen.Int[0, golden.Length - 1].Select(i => golden[i]), Gen.Int[0, 4000], Gen.Byte, Gen.Bool).Sample((message, at, value, cut) =>
        {
            var damaged = cut ? message[..(at % message.Length)] : [.. message];
            if (!cut)
            {
                damaged[at % damaged.Length] = value;
            }

            ReadsOrRefuses(damaged);
        });
    }

    private static void ReadsOrRefuses(byte[] bytes)
    {
        try
        {
            MessageSocket.Parse(bytes);
        }
        catch (ProtocolViolationException)
        {
        }
    }

    [Theory]
    [InlineData("""{"path":"a","path":"b"}""")]
    [InlineData("""{"path":null}""")]
    [InlineData("""{"path":7}""")]
    [InlineData("""{}""")]
    [InlineData("""[]""")]
    [InlineData("\"\"")]
    public void A_payload_that_does_not_fit_is_refused(string payload)
    {
        Envelope envelope = new() { Type = FsListRequest.Type, Payload = Encoding.UTF8.GetBytes(payload) };

        Assert.Throws<JsonException>(() => envelope.Read<FsListRequest>());
    }
}
