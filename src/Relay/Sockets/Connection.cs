using System.Net.Sockets;
using Microsoft.AspNetCore.Http;

namespace PocketCoder.Relay.Sockets;

/// <summary>The bytes of one WebSocket, behind its handshake.</summary>
internal abstract class Connection(Stream stream, string remoteAddress)
{
    public Stream Stream => stream;

    /// <summary>Who is at the other end, by its address.</summary>
    public string RemoteAddress => remoteAddress;

    /// <summary>Tells the other end that nothing more comes.</summary>
    public abstract void EndOutput();

    /// <summary>Lets go of it when all has been said.</summary>
    public abstract void End();

    /// <summary>Ends it at once; whoever reads or writes gets an exception.</summary>
    public abstract void Abort();
}

/// <summary>A plain TCP socket of our own: no layer between it and the relay.</summary>
internal sealed class SocketConnection(Socket socket, string remoteAddress) : Connection(new NetworkStream(socket, ownsSocket: true), remoteAddress)
{
    public override void EndOutput()
    {
        try
        {
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception ex) when (ex is SocketException or ObjectDisposedException)
        {
            // It is gone already.
        }
    }

    public override void End() => socket.Dispose();

    public override void Abort() => socket.Dispose();
}

/// <summary>What Kestrel unwrapped from TLS, or took in several pieces.</summary>
internal sealed class UpgradedConnection(HttpContext context, Stream stream, string remoteAddress) : Connection(stream, remoteAddress)
{
    private readonly Lock _lock = new();
    private bool _ended;

    // Kestrel ends both when the request has been served.
    public override void EndOutput()
    {
    }

    public override void End()
    {
        lock (_lock)
        {
            _ended = true;
        }
    }

    // After its request the context is Kestrel's again, and may be somebody else's already.
    public override void Abort()
    {
        lock (_lock)
        {
            if (!_ended)
            {
                context.Abort();
            }
        }
    }
}
