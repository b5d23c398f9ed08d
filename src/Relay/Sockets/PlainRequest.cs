using System.Buffers;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace PocketCoder.Relay.Sockets;

/// <summary>
/// The head of a WebSocket request as every ordinary client sends it. Anything out of the ordinary is not read here but left to Kestrel, so this parser
/// needs to know one form only and may be strict.
/// </summary>
internal sealed record PlainRequest(HostString Host, string? Origin, string Key, int Length)
{
    public const int LongestHead = 4096;

    private static readonly SearchValues<char> NameCharacters = SearchValues.Create("-_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    // Whoever sends one of these came through somebody else, or wants something that a WebSocket has not.
    private static readonly string[] Unusual = ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Content-Length", "Transfer-Encoding", "Expect"];

    public static PlainRequest? TryParse(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOf("\r\n\r\n"u8);
        if (end < 0 || !bytes.StartsWith("GET /ws HTTP/1.1\r\n"u8))
        {
            return null;
        }

        Dictionary<string, string> headers = new(StringComparer.OrdinalIgnoreCase);
        foreach (var line in Encoding.ASCII.GetString(bytes[..end]).Split("\r\n").Skip(1))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0 || line.AsSpan(0, colon).ContainsAnyExcept(NameCharacters) || line.AsSpan(colon).ContainsAnyExceptInRange(' ', '~')
                || !headers.TryAdd(line[..colon], line[(colon + 1)..].Trim(' ')))
            {
                return null;
            }
        }

        return IsOrdinary(headers) ? new PlainRequest(new HostString(headers["Host"]), headers.GetValueOrDefault("Origin"), headers["Sec-WebSocket-Key"], end + 4) : null;
    }

    private static bool IsOrdinary(Dictionary<string, string> headers) =>
        headers.ContainsKey("Host")
        && string.Equals(headers.GetValueOrDefault("Upgrade"), "websocket", StringComparison.OrdinalIgnoreCase)
        && headers.GetValueOrDefault("Connection", "").Split(',', StringSplitOptions.TrimEntries).Contains("upgrade", StringComparer.OrdinalIgnoreCase)
        && headers.GetValueOrDefault("Sec-WebSocket-Version") == "13"
        && Handshake.IsKey(headers.GetValueOrDefault("Sec-WebSocket-Key"))
        && Handshake.IsOffered([headers.GetValueOrDefault("Sec-WebSocket-Protocol")])
        && !Unusual.Any(headers.ContainsKey);
}
