using System.Net;
using System.Net.Sockets;

namespace PocketCoder.Relay.Tests.Cluster;

/// <summary>What stands before the nodes: each connection goes to the next one that takes it.</summary>
internal sealed class Balancer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Task _accepting;
    private int _next = -1;

    public Balancer()
    {
        _listener.Start();
        _accepting = AcceptAllAsync();
    }

    public Uri Url => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    /// <summary>The ports of the nodes.</summary>
    public IReadOnlyList<int> Nodes { get; set; } = [];

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _accepting;
    }

    private async Task AcceptAllAsync()
    {
        try
        {
            while (true)
            {
                _ = ServeAsync(await _listener.AcceptTcpClientAsync());
            }
        }
        catch (Exception ex) when (ex is SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }

    private async Task ServeAsync(TcpClient outside)
    {
        using (outside)
        using (TcpClient inside = new())
        {
            var nodes = Nodes;
            for (var tries = 0; tries < nodes.Count && !inside.Connected; tries++)
            {
                try
                {
                    await inside.ConnectAsync(IPAddress.Loopback, nodes[(int)((uint)Interlocked.Increment(ref _next) % nodes.Count)]);
                }
                catch (SocketException)
                {
                    // That one is down.
                }
            }

            if (inside.Connected)
            {
                await Task.WhenAny(PumpAsync(outside, inside), PumpAsync(inside, outside));
            }
        }
    }

    private static async Task PumpAsync(TcpClient from, TcpClient to)
    {
        try
        {
            await from.GetStream().CopyToAsync(to.GetStream());
        }
        catch (Exception ex) when (ex is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // The other end of it is told by closing.
        }
    }
}
