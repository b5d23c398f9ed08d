using System.Buffers;
using PocketCoder.Protocol.Messaging;

namespace PocketCoder.Relay.Sockets;

/// <summary>Buffers from the shared pool, but for what is very large: the shared pool would keep it for good.</summary>
internal static class Buffers
{
    private const int LargestPooled = 1024 * 1024;

    public static byte[] Rent(int bytes) => bytes <= LargestPooled ? ArrayPool<byte>.Shared.Rent(bytes) : LargeBuffers.RentArray(bytes);

    public static void Return(byte[] buffer)
    {
        if (buffer.Length <= LargestPooled)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
        else
        {
            LargeBuffers.Return(buffer);
        }
    }
}
