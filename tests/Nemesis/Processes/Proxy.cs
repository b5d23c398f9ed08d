using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace PocketCoder.Nemesis.Processes;

/// <summary>A wire on loopback that can be cut, held and closed: what goes in at <see cref="Port"/> comes out at <see cref="Target"/>.</summary>
internal sealed class Proxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<Wire, Task> _wires = new();
    private readonly Task _accepting;
    private volatile TaskCompletionSource? _held;

    private sealed record Wire(Socket Caller, Socket Called);

    public Proxy()
    {
        _listener.Start();
        _accepting = Task.Run(AcceptAllAsync);
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public int Target { get; set; }

    /// <summary>New connections end at once.</summary>
    public bool Refuses { get; set; }

    public int Count => _wires.Count;

    /// <summary>Both ends of every connection hear a reset; what was under way is gone.</summary>
    public void CutAll()
    {
        foreach (var wire in _wires.Keys)
        {
            Cut(wire);
        }
    }

    /// <summary>Cuts one connection, whichever the number comes to.</summary>
    public void CutOne(int any)
    {
        var wires = _wires.Keys.ToList();
        if (wires.Count > 0)
        {
            Cut(wires[any % wires.Count]);
        }
    }

    /// <summary>Nothing passes until <see cref="Release"/>.</summary>
    public void Hold() => _held ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Release() => Interlocked.Exchange(ref _held, null)?.SetResult();

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _accepting;
        Release();
        CutAll();
        await Task.WhenAll(_wires.Values);
    }

    private async Task AcceptAllAsync()
    {
        while (true)
        {
            Socket caller;
            try
            {
                caller = await _listener.AcceptSocketAsync();
            }
            catch (Exception ex) when (ex is SocketException or ObjectDisposedException or InvalidOperationException)
            {
                return;
            }

            if (Refuses)
            {
                Reset(caller);
                continue;
            }

            Wire wire = new(caller, new Socket(SocketType.Stream, ProtocolType.Tcp));
            TaskCompletionSource begun = new();
            _wires[wire] = ServeAsync(wire, begun.Task);
            begun.SetResult();
        }
    }

    private async Task ServeAsync(Wire wire, Task begun)
    {
        // Not before it is among the wires, where its end takes it away.
        await begun;
        await Task.Yield();
        try
        {
            await wire.Called.ConnectAsync(IPAddress.Loopback, Target);
            wire.Caller.NoDelay = wire.Called.NoDelay = true;
            await Task.WhenAll(PumpAsync(wire.Caller, wire.Called, wire), PumpAsync(wire.Called, wire.Caller, wire));
        }
        catch (Exception ex) when (ex is SocketException or ObjectDisposedException)
        {
        }

        Cut(wire);
        _wires.TryRemove(wire, out _);
    }

    private async Task PumpAsync(Socket from, Socket to, Wire wire)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer) is var count and > 0)
            {
                if (_held is { } held)
                {
                    await held.Task;
                }

                for (var sent = 0; sent < count;)
                {
                    sent += await to.SendAsync(buffer.AsMemory(sent, count - sent));
                }
            }

            to.Shutdown(SocketShutdown.Send);
        }
        catch (Exception ex) when (ex is SocketException or ObjectDisposedException)
        {
            Cut(wire);
        }
    }

    private static void Cut(Wire wire)
    {
        Reset(wire.Caller);
        Reset(wire.Called);
    }

    private static void Reset(Socket socket)
    {
        try
        {
            socket.LingerState = new LingerOption(true, 0);
        }
        catch (Exception ex) when (ex is SocketException or ObjectDisposedException)
        {
            // It has ended already.
        }

        socket.Dispose();
    }
}
