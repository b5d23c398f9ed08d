using System.Buffers;

namespace PocketCoder.Relay.Sockets;

/// <summary>Buffers from the shared pool. What is very large is left to the collector: the pool would keep it for good.</summary>
internal static class Buffers
{
    private const int LargestPooled = 1024 * 1024;

    public static byte[] Rent(int bytes) => bytes <= LargestPooled ? ArrayPool<byte>.Shared.Rent(bytes) : GC.AllocateUninitializedArray<byte>(bytes);

    public static void Return(byte[] buffer)
    {
        if (buffer.Length <= LargestPooled)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
