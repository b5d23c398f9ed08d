using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace PocketCoder.Daemon.Features.Agent;

/// <summary>
/// Splits a stream into lines at the byte 0x0A, so that no character is ever cut. A line beyond the limit is passed over, and reading goes on.
/// </summary>
internal static class LineReader
{
    /// <param name="onTooLong">Called once for each line that was passed over.</param>
    public static async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadLinesAsync(
        Stream stream, int maxBytes, Action onTooLong, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var reader = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 32 * 1024));
        var skipping = false;

        // How far the unfinished line was searched already: without it a long line costs the square of its length.
        long searched = 0;
        while (true)
        {
            var result = await reader.ReadAsync(cancellationToken);
            var buffer = result.Buffer;
            while (buffer.Slice(searched).PositionOf((byte)'\n') is { } end)
            {
                searched = 0;
                var line = buffer.Slice(0, end);
                buffer = buffer.Slice(buffer.GetPosition(1, end));
                if (skipping || line.Length > maxBytes)
                {
                    onTooLong();
                    skipping = false;
                }
                else if (line.Length > 0)
                {
                    yield return line.ToArray();
                }
            }

            if (skipping || buffer.Length > maxBytes)
            {
                skipping = true;
                buffer = buffer.Slice(buffer.End);
            }

            if (result.IsCompleted)
            {
                if (skipping)
                {
                    onTooLong();
                }
                else if (buffer.Length > 0)
                {
                    yield return buffer.ToArray();
                }

                await reader.CompleteAsync();
                yield break;
            }

            searched = buffer.Length;
            reader.AdvanceTo(buffer.Start, buffer.End);
        }
    }
}
