using System.Buffers;
using System.Numerics;

namespace PocketCoder.Protocol.Messaging;

/// <summary>
/// Memory for large messages. It is used again while they come, for the collector would let hundreds of megabytes gather, and goes back to the system when none
/// has come for a moment.
/// </summary>
public static class LargeBuffers
{
    private const int SmallestKept = 256 * 1024, MostKept = 12, WorthCollecting = 16 * 1024 * 1024;
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(5);
    private static readonly Lock Guard = new();
    private static readonly List<byte[]> Kept = [];
    private static readonly Timer Trimming = new(_ => Trim());

    /// <summary>At least so many bytes, with any content; disposing gives them back.</summary>
    public static IMemoryOwner<byte> Rent(int length) => new Buffer(RentArray(length));

    /// <summary>The same as an array, for who gives it back with <see cref="Return"/>, once.</summary>
    public static byte[] RentArray(int length)
    {
        if (length < SmallestKept)
        {
            return new byte[length];
        }

        var size = (int)BitOperations.RoundUpToPowerOf2((uint)length);
        lock (Guard)
        {
            var found = Kept.FindLastIndex(buffer => buffer.Length == size);
            if (found >= 0)
            {
                var buffer = Kept[found];
                Kept.RemoveAt(found);
                return buffer;
            }
        }

        return GC.AllocateUninitializedArray<byte>(size);
    }

    public static void Return(byte[] buffer)
    {
        if (buffer.Length < SmallestKept)
        {
            return;
        }

        lock (Guard)
        {
            if (Kept.Count == MostKept)
            {
                Kept.RemoveAt(0);
            }

            Kept.Add(buffer);
            Trimming.Change(Quiet, Timeout.InfiniteTimeSpan);
        }
    }

    private static void Trim()
    {
        long bytes;
        lock (Guard)
        {
            bytes = Kept.Sum(buffer => (long)buffer.Length);
            Kept.Clear();
        }

        // A relay of many must not stop for a little.
        if (bytes < WorthCollecting)
        {
            return;
        }

        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
    }

    private sealed class Buffer(byte[] array) : IMemoryOwner<byte>
    {
        private byte[]? _array = array;

        public Memory<byte> Memory => _array ?? throw new ObjectDisposedException(nameof(Buffer));

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _array, null) is { } array)
            {
                Return(array);
            }
        }
    }
}

/// <summary>Writes into <see cref="LargeBuffers"/>.</summary>
public sealed class LargeBufferWriter(int expected) : IBufferWriter<byte>, IDisposable
{
    private IMemoryOwner<byte> _owner = LargeBuffers.Rent(expected);
    private int _written;

    public ReadOnlyMemory<byte> Written => _owner.Memory[.._written];

    public void Advance(int count) => _written += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (_owner.Memory.Length - _written < Math.Max(sizeHint, 1))
        {
            var larger = LargeBuffers.Rent(Math.Max(checked(_written + sizeHint), _owner.Memory.Length * 2));
            Written.CopyTo(larger.Memory);
            _owner.Dispose();
            _owner = larger;
        }

        return _owner.Memory[_written..];
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public void Dispose() => _owner.Dispose();
}
