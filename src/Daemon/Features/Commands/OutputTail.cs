using System.Text;

namespace PocketCoder.Daemon.Features.Commands;

/// <summary>The last 4 KB of everything that was printed, also of what was dropped: errors stand at the end.</summary>
internal sealed class OutputTail
{
    private const int Size = 4096;

    private readonly byte[] _bytes = new byte[Size];
    private int _length;

    public void Append(ReadOnlySpan<byte> bytes)
    {
        bytes = bytes[Math.Max(0, bytes.Length - Size)..];
        var kept = Math.Min(_length, Size - bytes.Length);
        _bytes.AsSpan(_length - kept, kept).CopyTo(_bytes);
        bytes.CopyTo(_bytes.AsSpan(kept));
        _length = kept + bytes.Length;
    }

    public override string ToString()
    {
        var bytes = _bytes.AsSpan(0, _length);

        // The cut may have gone through a character.
        const int continuationMask = 0xC0, continuation = 0x80, longest = 3;
        for (var i = 0; _length == Size && i < longest && (bytes[0] & continuationMask) == continuation; i++)
        {
            bytes = bytes[1..];
        }

        return Encoding.UTF8.GetString(bytes);
    }
}
