using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using PocketCoder.Protocol;

namespace PocketCoder.Relay.Sockets;

/// <summary>An address on which HTTP is spoken in the clear.</summary>
internal sealed class PlainEndPoint(IPAddress address, int port) : IPEndPoint(address, port);

/// <summary>
/// Accepts the connections of a plain address. An ordinary WebSocket request is answered here and its socket served without a layer in between; everything else
/// is Kestrel's, which finds the socket unread.
/// </summary>
internal sealed partial class FrontDoor(Func<PlainRequest, bool> welcomes, Func<SocketConnection, Task> serve, ILoggerFactory loggers)
    : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    public bool CanBind(EndPoint endpoint) => endpoint is PlainEndPoint;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        var plain = (PlainEndPoint)endpoint;
        Socket socket = new(plain.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (plain.Address.Equals(IPAddress.IPv6Any))
            {
                socket.DualMode = true;
            }

            socket.Bind(plain);
            socket.Listen(512);
            return ValueTask.FromResult<IConnectionListener>(new Listener(socket, welcomes, serve, loggers));
        }
        catch (SocketException ex) when (ex.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            socket.Dispose();
            throw new AddressInUseException(ex.Message, ex);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A connection could not be introduced")]
    private static partial void LogFailed(ILogger logger, Exception exception);

    private sealed class Listener : IConnectionListener
    {
        private static readonly TimeSpan FirstByte = TimeSpan.FromSeconds(10);
        private readonly Channel<ConnectionContext> _forKestrel = Channel.CreateUnbounded<ConnectionContext>();
        private readonly Socket _socket;
        private readonly Func<PlainRequest, bool> _welcomes;
        private readonly Func<SocketConnection, Task> _serve;
        private readonly SocketConnectionContextFactory _contexts;
        private readonly ILogger _logger;
        private readonly Task _accepting;

        public Listener(Socket socket, Func<PlainRequest, bool> welcomes, Func<SocketConnection, Task> serve, ILoggerFactory loggers)
        {
            (_socket, _welcomes, _serve, _logger) = (socket, welcomes, serve, loggers.CreateLogger<FrontDoor>());
            _contexts = new SocketConnectionContextFactory(new SocketConnectionFactoryOptions(), _logger);
            EndPoint = socket.LocalEndPoint!;
            _accepting = AcceptAllAsync();
        }

        public EndPoint EndPoint { get; }

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default) =>
            await _forKestrel.Reader.WaitToReadAsync(cancellationToken) && _forKestrel.Reader.TryRead(out var context) ? context : null;

        public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            _socket.Dispose();
            await _accepting;
            _forKestrel.Writer.TryComplete();
        }

        public ValueTask DisposeAsync()
        {
            _socket.Dispose();
            _contexts.Dispose();
            return ValueTask.CompletedTask;
        }

        private async Task AcceptAllAsync()
        {
            while (true)
            {
                try
                {
                    _ = IntroduceAsync(await _socket.AcceptAsync());
                }
                catch (Exception ex) when (ex is ObjectDisposedException or SocketException { SocketErrorCode: SocketError.OperationAborted or SocketError.InvalidArgument })
                {
                    return;
                }
                catch (SocketException)
                {
                    // No descriptor is free, or the caller went away at once. Others may have gone in a moment.
                    await Task.Delay(TimeSpan.FromMilliseconds(100));
                }
            }
        }

        private async Task IntroduceAsync(Socket socket)
        {
            try
            {
                socket.NoDelay = true;
                using (CancellationTokenSource patience = new(FirstByte))
                {
                    await socket.ReceiveAsync(Memory<byte>.Empty, patience.Token);
                }

                if (Peek(socket) is { } request && _welcomes(request))
                {
                    await AgreeAsync(socket, request);
                    _ = _serve(new SocketConnection(socket, Address(socket)));
                }
                else if (!_forKestrel.Writer.TryWrite(_contexts.Create(socket)))
                {
                    socket.Dispose();
                }
            }
            catch (Exception ex)
            {
                // Whatever it was: a socket that nobody serves must not stay.
                socket.Dispose();
                if (ex is not (SocketException or OperationCanceledException or ObjectDisposedException))
                {
                    LogFailed(_logger, ex);
                }
            }
        }

        private static PlainRequest? Peek(Socket socket)
        {
            Span<byte> head = stackalloc byte[PlainRequest.LongestHead];
            return PlainRequest.TryParse(head[..socket.Receive(head, SocketFlags.Peek)]);
        }

        private static async Task AgreeAsync(Socket socket, PlainRequest request)
        {
            var head = new byte[request.Length];
            for (var read = 0; read < head.Length;)
            {
                read += await socket.ReceiveAsync(head.AsMemory(read));
            }

            await socket.SendAsync(Encoding.ASCII.GetBytes(
                $"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {Handshake.Accept(request.Key)}\r\nSec-WebSocket-Protocol: {Wire.Subprotocol}\r\n\r\n"));
        }

        private static string Address(Socket socket) => PeerAddress.Of(((IPEndPoint)socket.RemoteEndPoint!).Address);
    }
}
