using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using PocketCoder.Protocol;

namespace PocketCoder.Relay.Sockets;

/// <summary>The handshake of RFC 6455 (and RFC 8441 over HTTP/2). No extension is ever agreed to: compressing what a stranger chose beside what is secret leaks.</summary>
internal static class Handshake
{
    private const string Guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

    public static bool IsOffered(IEnumerable<string?> protocols) =>
        protocols.SelectMany(line => (line ?? "").Split(',', StringSplitOptions.TrimEntries)).Contains(Wire.Subprotocol, StringComparer.Ordinal);

    /// <summary>A key is 16 bytes in base64.</summary>
    public static bool IsKey(string? key) => key is { Length: 24 } && Convert.TryFromBase64String(key, stackalloc byte[18], out var bytes) && bytes == 16;

    [SuppressMessage("Security", "CA5350", Justification = "RFC 6455 says SHA-1; nothing is kept secret by it.")]
    public static string Accept(string key) => Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + Guid)));

    /// <summary>Is this a request for our endpoint, as it should be? Its origin is another question.</summary>
    public static bool IsValid(HttpContext context)
    {
        var headers = context.Request.Headers;
        var isUpgrade = context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true }
            && string.Equals(headers.Upgrade, "websocket", StringComparison.OrdinalIgnoreCase)
            && HttpMethods.IsGet(context.Request.Method)
            && IsKey(headers.SecWebSocketKey);
        var isConnect = context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true, Protocol: var protocol }
            && string.Equals(protocol, "websocket", StringComparison.OrdinalIgnoreCase);
        return (isUpgrade || isConnect) && headers.SecWebSocketVersion == "13" && IsOffered(headers.SecWebSocketProtocol);
    }

    /// <summary>Agrees, and gives the bytes behind the handshake.</summary>
    public static async Task<Stream> AcceptAsync(HttpContext context)
    {
        context.Response.Headers.SecWebSocketProtocol = Wire.Subprotocol;
        if (context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true } connect)
        {
            context.Response.StatusCode = StatusCodes.Status200OK;
            return await connect.AcceptAsync();
        }

        context.Response.Headers.Upgrade = "websocket";
        context.Response.Headers.Connection = "Upgrade";
        context.Response.Headers.SecWebSocketAccept = Accept(context.Request.Headers.SecWebSocketKey!);
        return await context.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
    }
}
