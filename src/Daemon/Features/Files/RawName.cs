using System.Buffers;
using System.Text;

namespace PocketCoder.Daemon.Features.Files;

/// <summary>
/// File names are bytes on Unix, and text on the wire. What is valid UTF-8 stays as it is; each other byte becomes one character U+EF80 to U+EFFF
/// (the private range that MirBSD's OPTU encoding uses for the same end), so that every file can be named, and named back. Bytes that
/// spell one of these very characters are treated as invalid too, so that no two names look the same.
/// </summary>
internal static class RawName
{
    private const char First = '\uEF80', Last = '\uEFFF';
    private const int Offset = 0xEF00;

    public static string ToText(ReadOnlySpan<byte> name)
    {
        var text = System.Text.Unicode.Utf8.IsValid(name) ? Encoding.UTF8.GetString(name) : null;
        return text is not null && !IsEscaped(text) ? text : Escape(name);
    }

    /// <summary>Does the text stand for a name that is not UTF-8?</summary>
    public static bool IsEscaped(string text) => text.AsSpan().ContainsAnyInRange(First, Last);

    public static byte[] ToBytes(string text)
    {
        if (!IsEscaped(text))
        {
            return Encoding.UTF8.GetBytes(text);
        }

        List<byte> bytes = new(text.Length);
        for (var i = 0; i < text.Length;)
        {
            if (text[i] is >= First and <= Last)
            {
                bytes.Add((byte)(text[i++] - Offset));
                continue;
            }

            var end = text.AsSpan(i).IndexOfAnyInRange(First, Last) is var next and >= 0 ? i + next : text.Length;
            bytes.AddRange(Encoding.UTF8.GetBytes(text, i, end - i));
            i = end;
        }

        return [.. bytes];
    }

    private static string Escape(ReadOnlySpan<byte> name)
    {
        StringBuilder text = new(name.Length);
        while (!name.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(name, out var rune, out var length) == OperationStatus.Done && rune.Value is < First or > Last)
            {
                text.Append(rune.ToString());
            }
            else
            {
                length = 1;
                text.Append((char)(Offset + name[0]));
            }

            name = name[length..];
        }

        return text.ToString();
    }
}
