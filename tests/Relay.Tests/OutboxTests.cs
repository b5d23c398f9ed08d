using System.Text;
using CsCheck;
using PocketCoder.Relay.Routing;
using PocketCoder.Relay.Sockets;
using Xunit;

namespace PocketCoder.Relay.Tests;

/// <summary>What waits for a peer is bounded, and what it gets is whole and in order.</summary>
public sealed class OutboxTests
{
    [Fact]
    public void A_peer_that_does_not_read_costs_its_queue_and_no_more()
    {
        Outbox outbox = new(new Held());
        outbox.TryAdd(Opcode.Text, new byte[1000]);
        outbox.Flush();
        var sizes = Gen.Int[0, 200_000].Array[200].Single();
        long taken = 0;

        var refused = sizes.Concat(sizes).SkipWhile(size =>
        {
            var added = outbox.TryAdd(Opcode.Text, new byte[size]);
            taken += added ? size : 0;
            return added;
        }).First();

        Assert.InRange(outbox.QueuedBytes, taken, Limits.SendQueueBytes);
        Assert.True(outbox.QueuedBytes + refused + 10 > Limits.SendQueueBytes);
        Assert.True(outbox.TryAdd(Opcode.Text, new byte[Limits.SendQueueBytes + 1]), "one that is larger than the queue may wait beside it");
        Assert.False(outbox.TryAdd(Opcode.Text, new byte[Limits.SendQueueBytes + 1]), "and a second one may not");
    }

    [Fact]
    public void Frames_leave_whole_and_in_order_however_they_are_flushed() =>
        Gen.Select(Gen.Int[0, 70_000], Gen.Bool).Array[1, 40].Sample(messages =>
        {
            Held held = new() { IsOpen = true };
            Outbox outbox = new(held);
            List<byte> expected = [];
            foreach (var (size, flush) in messages)
            {
                var json = Encoding.UTF8.GetBytes($$"""{"type":"a","payload":"{{new string('x', size)}}"}""");
                Assert.True(outbox.TryAdd(RoutedMessage.Read(json), default, default));
                var frame = new byte[Frames.HeaderBytes(json.Length) + json.Length];
                json.CopyTo(Frames.WriteHeader(frame, Opcode.Text, json.Length));
                expected.AddRange(frame);
                if (flush)
                {
                    outbox.Flush();
                }
            }

            outbox.Flush();

            Assert.Equal(0, outbox.QueuedBytes);
            Assert.True(held.Written.GetBuffer().AsSpan(0, (int)held.Written.Length).SequenceEqual(expected.ToArray()));
        }, iter: 50);

    [Fact]
    public async Task A_close_comes_after_all_that_waited_and_nothing_after_it()
    {
        Held held = new() { IsOpen = true };
        Outbox outbox = new(held);
        outbox.TryAdd(Opcode.Text, "one"u8);

        await outbox.CompleteAsync([0x03, 0xE8]);

        Assert.False(outbox.TryAdd(Opcode.Text, "two"u8));
        Assert.Equal([0x81, 3, .. "one"u8, 0x88, 2, 0x03, 0xE8], held.Written.ToArray());
    }

    /// <summary>A network that takes everything, or nothing.</summary>
    private sealed class Held() : Connection(new Gate(), "")
    {
        public bool IsOpen { set => ((Gate)Stream).IsOpen = value; }

        public MemoryStream Written => (MemoryStream)Stream;

        public override void EndOutput()
        {
        }

        public override void End()
        {
        }

        public override void Abort()
        {
        }

        private sealed class Gate : MemoryStream
        {
            public bool IsOpen { get; set; }

            public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
                IsOpen ? base.WriteAsync(buffer, cancellationToken) : new ValueTask(new TaskCompletionSource().Task);
        }
    }
}
