using System.Buffers;
using System.Text;
using System.Text.Unicode;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Files;

/// <summary>Bytes of a file as they go into a message: as text where they are text, else base64.</summary>
internal sealed record FileContent(FileBytes Content, bool Binary)
{
    // What JSON writes as more than one byte; a control character takes six.
    private static readonly SearchValues<byte> Escaped = SearchValues.Create([.. Enumerable.Range(0, 32).Select(b => (byte)b), (byte)'"', (byte)'\\']);

    /// <param name="content">The bytes.</param>
    /// <param name="isPart">A range may begin and end within a character; what is text without these bytes is text.</param>
    /// <param name="owner">Gets their memory back.</param>
    public static FileContent Of(ReadOnlyMemory<byte> content, bool isPart, IDisposable? owner = null)
    {
        var bytes = content.Span;
        var whole = Utf8.IsValid(bytes);
        var binary = bytes.Contains((byte)0) || (!whole && !(isPart && Utf8.IsValid(WithoutCutCharacters(bytes))));
        return !binary && whole && FitsAsText(bytes)
            ? new FileContent(new FileBytes(content, ContentEncoding.Utf8, owner), Binary: false)
            : new FileContent(new FileBytes(content, ContentEncoding.Base64, owner), binary);
    }

    public static byte[] ToBytes(string content, ContentEncoding encoding)
    {
        try
        {
            return encoding switch
            {
                ContentEncoding.Utf8 => Strict.GetBytes(content),
                ContentEncoding.Base64 => Convert.FromBase64String(content),
                _ => throw new RequestException(ErrorCode.InvalidRequest, "Content is written as utf-8 or base64."),
            };
        }
        catch (FormatException)
        {
            throw new RequestException(ErrorCode.InvalidRequest, "The content is not base64.");
        }
        catch (EncoderFallbackException)
        {
            throw new RequestException(ErrorCode.InvalidRequest, "The content has half a surrogate pair, which no file can hold as UTF-8. Send it as base64.");
        }
    }

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private static ReadOnlySpan<byte> WithoutCutCharacters(ReadOnlySpan<byte> bytes)
    {
        const int longest = 4;
        var start = 0;
        while (start < Math.Min(longest - 1, bytes.Length) && (bytes[start] & 0xC0) == 0x80)
        {
            start++;
        }

        // The last character begins at most three bytes before the end.
        var end = bytes.Length;
        for (var back = 1; back < longest && end - back >= start; back++)
        {
            if ((bytes[end - back] & 0xC0) != 0x80)
            {
                end = Rune.DecodeFromUtf8(bytes[(end - back)..], out _, out _) == OperationStatus.NeedMoreData ? end - back : end;
                break;
            }
        }

        return bytes[start..end];
    }

    // Base64 of the largest file fits into a message; text of nothing but control characters would not.
    private static bool FitsAsText(ReadOnlySpan<byte> bytes)
    {
        const int room = Wire.MaxMessageBytes - (64 * 1024);
        long size = bytes.Length;
        for (var rest = bytes; size <= room && rest.IndexOfAny(Escaped) is var at and >= 0; rest = rest[(at + 1)..])
        {
            size += rest[at] is (byte)'\n' or (byte)'\r' or (byte)'\t' or (byte)'"' or (byte)'\\' ? 1 : 5;
        }

        return size <= room;
    }
}
