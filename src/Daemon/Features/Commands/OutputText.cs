using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace PocketCoder.Daemon.Features.Commands;

/// <summary>
/// Makes text of one stream's bytes, wherever these were cut: a character waits for its last byte, and what is no UTF-8 becomes U+FFFD as in
/// <see cref="Encoding.UTF8"/>.
/// </summary>
internal sealed class OutputText
{
    public const int ChunkBytes = 16 * 1024;

    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();

    /// <summary>
    /// Hands on chunks of at most 16 KiB and <paramref name="budget"/> bytes of UTF-8 in all, each with its size. False when something did not fit.
    /// </summary>
    public bool Decode(ReadOnlySpan<byte> bytes, bool last, int budget, Action<string, int> chunk)
    {
        var chars = ArrayPool<char>.Shared.Rent(Encoding.UTF8.GetMaxCharCount(bytes.Length));
        var encoded = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        try
        {
            var rest = chars.AsSpan(0, _decoder.GetChars(bytes, chars, flush: last));
            while (!rest.IsEmpty)
            {
                // Encodes as much as fits and never half a character.
                Utf8.FromUtf16(rest, encoded.AsSpan(0, Math.Min(ChunkBytes, budget)), out var taken, out var size);
                if (taken == 0)
                {
                    return false;
                }

                chunk(rest[..taken].ToString(), size);
                rest = rest[taken..];
                budget -= size;
            }

            return true;
        }
        finally
        {
            ArrayPool<char>.Shared.Return(chars);
            ArrayPool<byte>.Shared.Return(encoded);
        }
    }
}
