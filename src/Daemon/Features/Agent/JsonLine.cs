using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace PocketCoder.Daemon.Features.Agent;

/// <summary>A line that an agent printed.</summary>
internal static class JsonLine
{
    /// <summary>
    /// The line as JSON; null when it is none. Bytes that are no UTF-8 become U+FFFD first: the parser would let them pass and throw when the text is read.
    /// </summary>
    public static JsonDocument? Parse(ReadOnlyMemory<byte> line)
    {
        try
        {
            return JsonDocument.Parse(
                Utf8.IsValid(line.Span) ? line : Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(line.Span)),
                new JsonDocumentOptions { MaxDepth = 256 });
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
