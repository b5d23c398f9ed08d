using System.Runtime.CompilerServices;
using PocketCoder.Protocol.Messaging;

namespace PocketCoder.Daemon.Features.Agent;

/// <summary>
/// Splits a stream into lines at the byte 0x0A, so that no character is ever cut. A line beyond the limit is passed over, and reading goes on.
/// </summary>
internal static class LineReader
{
    private const int Usual = 64 * 1024, LargestKept = 2 * 1024 * 1024;

    /// <summary>Each line is valid until the next one is asked for.</summary>
    /// <param name="onTooLong">Called once for each line that was passed over.</param>
    public static async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadLinesAsync(
        Stream stream, int maxBytes, Action onTooLong, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var buffer = LargeBuffers.RentArray(Usual);
        var (start, end, skipping) = (0, 0, false);
        try
        {
            while (true)
            {
                // How far the unfinished line was searched already: without it a long line costs the square of its length.
                var searched = end - start;
                var read = await stream.ReadAsync(buffer.AsMemory(end, Math.Min(buffer.Length - end, Usual)), cancellationToken);
                end += read;
                for (int length; (length = buffer.AsSpan(start + searched, end - start - searched).IndexOf((byte)'\n')) >= 0;)
                {
                    var line = buffer.AsMemory(start, searched + length);
                    start += line.Length + 1;
                    searched = 0;
                    if (skipping || line.Length > maxBytes)
                    {
                        onTooLong();
                        skipping = false;
                    }
                    else if (line.Length > 0)
                    {
                        yield return line;
                    }
                }

                if (skipping || end - start > maxBytes)
                {
                    (skipping, start) = (true, end);
                }

                if (read == 0)
                {
                    if (skipping)
                    {
                        onTooLong();
                    }
                    else if (end > start)
                    {
                        yield return buffer.AsMemory(start, end - start);
                    }

                    yield break;
                }

                (buffer, end) = WithRoom(buffer, start, end);
                start = 0;
            }
        }
        finally
        {
            LargeBuffers.Return(buffer);
        }
    }

    // The rest at its beginning, with as much room behind it; a long line leaves no large buffer behind.
    private static (byte[] Buffer, int End) WithRoom(byte[] buffer, int start, int end)
    {
        var rest = buffer.AsSpan(start, end - start);
        var wanted = rest.Length + Math.Max(Usual, rest.Length / 2);
        if (buffer.Length >= wanted && (buffer.Length <= LargestKept || rest.Length > buffer.Length / 4))
        {
            if (start > 0)
            {
                rest.CopyTo(buffer);
            }

            return (buffer, rest.Length);
        }

        var other = LargeBuffers.RentArray(wanted);
        rest.CopyTo(other);
        LargeBuffers.Return(buffer);
        return (other, rest.Length);
    }
}
