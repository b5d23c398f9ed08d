using CsCheck;
using PocketCoder.Protocol.Messaging;
using PocketCoder.Relay.Sockets;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Relay.Tests;

public sealed class FrameReaderTests
{
    private const int Most = 1 << 20;

    [Fact]
    public void Messages_come_out_as_they_went_in_however_they_are_cut_into_frames_and_reads()
    {
        var part = Gen.Byte.Array[Gen.Frequency((8, Gen.Int[0, 300]), (1, Gen.Int[60_000, 140_000]))];
        var message = Gen.Select(part.Array[1, 4], Gen.Bool);
        Gen.Select(message.Array[1, 4], Gen.Int[1, 70_000], Gen.Bool).Sample((messages, read, withPings) =>
        {
            List<byte> wire = [];
            foreach (var (parts, isText) in messages)
            {
                for (var i = 0; i < parts.Length; i++)
                {
                    wire.AddRange(RawWebSocket.Frame(i > 0 ? RawWebSocket.Continuation : isText ? RawWebSocket.Text : RawWebSocket.Binary, parts[i], isLast: i == parts.Length - 1));
                    wire.AddRange(withPings ? RawWebSocket.Frame(RawWebSocket.Ping, "between"u8) : []);
                }
            }

            FrameReader reader = new();
            List<(bool IsText, byte[] Bytes)> got = [];
            foreach (var chunk in wire.Chunk(read))
            {
                Feed(reader, chunk, received =>
                {
                    if (received is { IsWhole: true, Kind: Opcode.Text or Opcode.Binary })
                    {
                        got.Add((received.Kind == Opcode.Text, received.Bytes.ToArray()));
                    }
                });
            }

            Assert.True(reader.HoldsNothing);
            Assert.False(reader.IsMidMessage);
            Assert.Equal(messages.Select(m => m.Item2), got.Select(g => g.IsText));
            Assert.Equal(messages.Select(m => m.Item1.SelectMany(p => p).ToArray()), got.Select(g => g.Bytes));
        }, iter: 200);
    }

    public static TheoryData<string, byte[]> Broken => new()
    {
        { "without a mask", RawWebSocket.Frame(RawWebSocket.Text, "{}"u8, isMasked: false) },
        { "compressed", RawWebSocket.Frame(RawWebSocket.Text, "{}"u8, reserved: 4) },
        { "a reserved bit", RawWebSocket.Frame(RawWebSocket.Text, "{}"u8, reserved: 1) },
        { "an unknown kind", RawWebSocket.Frame(3, "{}"u8) },
        { "an unknown control frame", RawWebSocket.Frame(11, "{}"u8) },
        { "a part of nothing", RawWebSocket.Frame(RawWebSocket.Continuation, "{}"u8) },
        { "a message within a message", [.. RawWebSocket.Frame(RawWebSocket.Text, "{"u8, isLast: false), .. RawWebSocket.Frame(RawWebSocket.Text, "}"u8)] },
        { "a ping in parts", RawWebSocket.Frame(RawWebSocket.Ping, "x"u8, isLast: false) },
        { "a ping of 126 bytes", RawWebSocket.Frame(RawWebSocket.Ping, new byte[126]) },
        { "a length that could be shorter", [0x81, 0xFE, 0, 5, 0, 0, 0, 0, 1, 2, 3, 4, 5] },
        { "a long length that could be shorter", [0x81, 0xFF, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 1, 2, 3, 4, 5] },
        { "a negative length", [0x81, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0] },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public void A_frame_that_breaks_the_rules_ends_the_connection(string what, byte[] wire)
    {
        var violation = Assert.Throws<ProtocolViolationException>(() => Feed(new FrameReader(), wire, _ => { }));

        Assert.True(violation.CloseCode == 1002, what);
    }

    [Theory]
    [InlineData(Most, 0)]
    [InlineData(Most + 1, 1009)]
    [InlineData(int.MaxValue, 1009)]
    public void A_length_is_judged_when_it_is_announced_and_not_when_it_has_come(long announced, int closeCode)
    {
        byte[] header = [0x81, 0xFF, .. BitConverter.GetBytes(announced).Reverse(), 0, 0, 0, 0];
        FrameReader reader = new();

        var violation = Record.Exception(() => Feed(reader, header, _ => { })) as ProtocolViolationException;

        Assert.Equal(closeCode, violation?.CloseCode ?? 0);
    }

    [Fact]
    public void Parts_are_counted_and_their_bytes_summed()
    {
        var (many, large) = (new FrameReader(), new FrameReader());
        Feed(many, RawWebSocket.Frame(RawWebSocket.Text, "x"u8, isLast: false), _ => { });
        Feed(large, RawWebSocket.Frame(RawWebSocket.Text, new byte[Most - 1], isLast: false), _ => { });
        var empty = RawWebSocket.Frame(RawWebSocket.Continuation, default, isLast: false);
        for (var i = 1; i < Limits.PartsOfMessage; i++)
        {
            Feed(many, empty, _ => { });
        }

        Assert.Equal(4400, Assert.Throws<ProtocolViolationException>(() => Feed(many, empty, _ => { })).CloseCode);
        Assert.Equal(1009, Assert.Throws<ProtocolViolationException>(() => Feed(large, RawWebSocket.Frame(RawWebSocket.Continuation, "xx"u8), _ => { })).CloseCode);
    }

    [Fact]
    public void Any_bytes_are_frames_or_a_violation() => Gen.Byte.Array[0, 200].Array[1, 3].Sample(chunks =>
    {
        FrameReader reader = new();
        try
        {
            foreach (var chunk in chunks)
            {
                Feed(reader, chunk, _ => { });
            }
        }
        catch (ProtocolViolationException)
        {
            // That is the other thing that may happen.
        }
    });

    private static void Feed(FrameReader reader, byte[] bytes, Action<Received> onFrame)
    {
        for (var done = 0; done < bytes.Length;)
        {
            var room = reader.Room();
            var count = Math.Min(room.Length, bytes.Length - done);
            bytes.AsMemory(done, count).CopyTo(room);
            reader.Add(count);
            done += count;
            while (reader.TryRead(Most, out var received))
            {
                onFrame(received);
            }

            reader.Rest();
        }
    }
}
