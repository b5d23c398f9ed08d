using System.Net;
using System.Net.Sockets;
using System.Text;

namespace PocketCoder.Daemon.Tests.Features;

/// <summary>A web server that wants a password for everything.</summary>
internal sealed class GitUnauthorizedServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Task _serving;

    public GitUnauthorizedServer()
    {
        _listener.Start();
        _serving = ServeAsync();
    }

    /// <summary>HOST:PORT.</summary>
    public string Address => _listener.LocalEndpoint.ToString()!;

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _serving;
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                using var connection = await _listener.AcceptTcpClientAsync();
                using StreamReader request = new(connection.GetStream());
                while (await request.ReadLineAsync() is { Length: > 0 })
                {
                }

                await connection.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
                    "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"test\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
            }
        }
        catch (Exception ex) when (ex is SocketException or ObjectDisposedException)
        {
        }
    }
}
