using System.Buffers;
using System.Text;
using PocketCoder.Relay.Stores.Redis;
using StackExchange.Redis;

namespace PocketCoder.Relay.Cluster;

/// <summary>
/// What this node says on one channel, in order. While some publications are under way the next records wait and go together: the busier it is, the more of
/// them share one.
/// <code>
///   publication: node(12) record record …
/// </code>
/// </summary>
internal sealed class BusChannel(ISubscriber bus, RedisChannel channel, string self, Action<BusTrouble> troubled)
{
    private const int MaxUnderWay = 4;

    private readonly Lock _lock = new();
    private byte[]? _waiting;
    private int _length, _underWay;

    /// <summary>False when too much waits already; then it was not taken. One large record may wait beside.</summary>
    public bool TryAdd(in BusRecord record)
    {
        lock (_lock)
        {
            var length = record.Length;
            if (_waiting is not null && _length > Limits.SendQueueBytes)
            {
                return false;
            }

            Grow(length);
            record.Write(_waiting.AsSpan(_length, length));
            _length += length;
            return true;
        }
    }

    public void Flush()
    {
        lock (_lock)
        {
            if (_waiting is { } bytes && _underWay < MaxUnderWay)
            {
                var length = _length;
                (_waiting, _length) = (null, 0);
                _underWay++;

                // Handed over in here, so that they go in the order in which they were taken.
                _ = PublishAsync(bytes, length);
            }
        }
    }

    /// <summary>One record as a publication of its own.</summary>
    public static byte[] Publication(string self, in BusRecord record)
    {
        var bytes = new byte[self.Length + record.Length];
        record.Write(bytes.AsSpan(Encoding.ASCII.GetBytes(self, bytes)));
        return bytes;
    }

    /// <summary>Does anybody listen to this channel, this node among them?</summary>
    public async Task<bool> IsHeardAsync()
    {
        try
        {
            return bus.IsConnected(channel) && await bus.PublishAsync(channel, self) > 0;
        }
        catch (Exception ex) when (RedisConnection.IsTrouble(ex))
        {
            return false;
        }
    }

    private async Task PublishAsync(byte[] bytes, int length)
    {
        try
        {
            var heard = await bus.PublishAsync(channel, new ReadOnlyMemory<byte>(bytes, 0, length)).ConfigureAwait(ConfigureAwaitOptions.ForceYielding);

            // Answered, so it was written.
            ArrayPool<byte>.Shared.Return(bytes);
            if (heard == 0)
            {
                troubled(BusTrouble.NobodyThere);
            }
        }
        catch (Exception ex) when (RedisConnection.IsTrouble(ex))
        {
            // It may have failed at once, still within the lock.
            await Task.Yield();
            troubled(BusTrouble.NotSent);
        }
        finally
        {
            lock (_lock)
            {
                _underWay--;
            }

            Flush();
        }
    }

    private void Grow(int more)
    {
        if (_waiting is null)
        {
            _waiting = ArrayPool<byte>.Shared.Rent(Math.Max(512, self.Length + more));
            _length = Encoding.ASCII.GetBytes(self, _waiting);
        }
        else if (_waiting.Length - _length < more)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_waiting.Length * 2, _length + more));
            _waiting.AsSpan(0, _length).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_waiting);
            _waiting = larger;
        }
    }
}

internal enum BusTrouble
{
    /// <summary>Whether it arrived is not known.</summary>
    NotSent,

    /// <summary>Nobody listens on that channel.</summary>
    NobodyThere,
}
