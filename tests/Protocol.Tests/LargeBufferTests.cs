using System.Buffers;
using CsCheck;
using PocketCoder.Protocol.Messaging;
using Xunit;

namespace PocketCoder.Protocol.Tests;

public sealed class LargeBufferTests
{
    [Fact]
    public void Memory_that_was_given_back_is_used_again_and_only_once()
    {
        const int size = 3 * 1024 * 1024;
        var first = LargeBuffers.Rent(size);
        first.Memory.Span[0] = 42;
        first.Dispose();
        first.Dispose();

        using var second = LargeBuffers.Rent(size);
        using var third = LargeBuffers.Rent(size);
        third.Memory.Span[0] = 1;

        Assert.Equal(42, second.Memory.Span[0]);
        Assert.Throws<ObjectDisposedException>(() => first.Memory);
    }

    [Fact]
    public void What_is_written_is_the_same_however_the_memory_grew() =>
        Gen.Select(Gen.Int[0, 2_000_000], Gen.Byte.Array[0, 300_000].Array[0, 20]).Sample((expected, parts) =>
        {
            using LargeBufferWriter writer = new(expected);
            foreach (var part in parts)
            {
                writer.Write(part);
            }

            Assert.True(writer.Written.Span.SequenceEqual(parts.SelectMany(part => part).ToArray()));
        }, iter: 50);

    [Fact]
    public void A_message_in_pieces_is_the_message_whole() =>
        Gen.Select(Gen.String.Null(), Gen.Byte.Array[0, 40], Gen.Bool, Gen.Bool).Sample((requestId, bulk, isBinary, hasPayload) =>
        {
            Envelope message = new() { Type = "t", RequestId = requestId, Payload = hasPayload ? "{\"a\":1}"u8.ToArray() : default, Error = hasPayload ? default : "{}"u8.ToArray() };
            var text = message.ToBytes();

            var pieces = (isBinary ? message with { Bulk = bulk } : message).Pieces().SelectMany(piece => piece.ToArray()).ToArray();

            Assert.Equal(isBinary ? [0, 0, (byte)(text.Length >> 8), (byte)text.Length, .. text, .. bulk] : text, pieces);
        });
}
