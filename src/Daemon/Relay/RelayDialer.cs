using System.Net.WebSockets;
using PocketCoder.Protocol;
using PocketCoder.Protocol.Messaging;

namespace PocketCoder.Daemon.Relay;

/// <summary>Opens the socket. Pings tell a dead link from a quiet one.</summary>
internal sealed class RelayDialer(Uri gateway)
{
    public Uri Endpoint { get; } = EndpointOf(gateway);

    /// <summary>However the two are written.</summary>
    public static bool IsSameRelay(Uri one, Uri other) => EndpointOf(one) == EndpointOf(other);

    public async Task<MessageSocket> ConnectAsync(CancellationToken cancellationToken)
    {
        ClientWebSocket socket = new();
        try
        {
            socket.Options.AddSubProtocol(Wire.Subprotocol);
            socket.Options.KeepAliveInterval = TimeSpan.FromSeconds(30);
            socket.Options.KeepAliveTimeout = TimeSpan.FromSeconds(20);
            await socket.ConnectAsync(Endpoint, cancellationToken);
            return new MessageSocket(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    // http and https are taken too, and the path may be left out.
    private static Uri EndpointOf(Uri gateway)
    {
        UriBuilder builder = new(gateway)
        {
            Scheme = gateway.Scheme switch { "http" => "ws", "https" => "wss", var scheme => scheme },
        };
        if (builder.Path == "/")
        {
            builder.Path = "/ws";
        }

        return builder.Uri;
    }
}
