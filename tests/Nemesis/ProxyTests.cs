using System.Net;
using System.Net.Sockets;
using System.Text;
using PocketCoder.Nemesis.Processes;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Nemesis;

public sealed class ProxyTests : IAsyncLifetime
{
    private readonly TcpListener _target = new(IPAddress.Loopback, 0);
    private readonly Proxy _proxy = new();

    public ValueTask InitializeAsync()
    {
        _target.Start();
        _proxy.Target = ((IPEndPoint)_target.LocalEndpoint).Port;
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _proxy.DisposeAsync();
        _target.Dispose();
    }

    [Fact]
    public async Task What_goes_in_comes_out_both_ways()
    {
        using var caller = await ConnectAsync();
        using var called = await _target.AcceptSocketAsync();

        await caller.SendAsync("there"u8.ToArray());
        await called.SendAsync("back"u8.ToArray());

        Assert.Equal("there", await ReceiveAsync(called, 5));
        Assert.Equal("back", await ReceiveAsync(caller, 4));
    }

    [Fact]
    public async Task An_end_of_one_side_is_heard_by_the_other()
    {
        using var caller = await ConnectAsync();
        using var called = await _target.AcceptSocketAsync();

        await caller.SendAsync("last"u8.ToArray());
        caller.Shutdown(SocketShutdown.Send);

        Assert.Equal("last", await ReceiveAsync(called, 4));
        Assert.Equal(0, await called.ReceiveAsync(new byte[1]).WaitAsync(TestClient.Patience));
    }

    [Fact]
    public async Task A_cut_is_a_reset_on_both_sides_and_the_next_connection_works()
    {
        using var caller = await ConnectAsync();
        using var called = await _target.AcceptSocketAsync();

        _proxy.CutAll();

        await Assert.ThrowsAsync<SocketException>(() => caller.ReceiveAsync(new byte[1]).WaitAsync(TestClient.Patience));
        await Assert.ThrowsAsync<SocketException>(() => called.ReceiveAsync(new byte[1]).WaitAsync(TestClient.Patience));
        using var next = await ConnectAsync();
        using var reached = await _target.AcceptSocketAsync();
        await next.SendAsync("x"u8.ToArray());
        Assert.Equal("x", await ReceiveAsync(reached, 1));
    }

    [Fact]
    public async Task What_is_held_comes_when_it_is_released()
    {
        using var caller = await ConnectAsync();
        using var called = await _target.AcceptSocketAsync();
        await caller.SendAsync("a"u8.ToArray());
        await ReceiveAsync(called, 1);

        _proxy.Hold();
        await caller.SendAsync("b"u8.ToArray());
        var received = ReceiveAsync(called, 1);
        Assert.False(received.IsCompleted);
        _proxy.Release();

        Assert.Equal("b", await received);
    }

    [Fact]
    public async Task Who_is_refused_is_not_let_through()
    {
        _proxy.Refuses = true;

        // At once, or with the first byte that is wanted.
        await Assert.ThrowsAsync<SocketException>(async () =>
        {
            using var caller = await ConnectAsync();
            await caller.ReceiveAsync(new byte[1]).WaitAsync(TestClient.Patience);
        });
        Assert.False(_target.Pending());
    }

    private async Task<Socket> ConnectAsync()
    {
        Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, _proxy.Port);
        return socket;
    }

    private static async Task<string> ReceiveAsync(Socket socket, int count)
    {
        var buffer = new byte[count];
        for (var received = 0; received < count;)
        {
            received += await socket.ReceiveAsync(buffer.AsMemory(received)).AsTask().WaitAsync(TestClient.Patience);
        }

        return Encoding.UTF8.GetString(buffer);
    }
}
