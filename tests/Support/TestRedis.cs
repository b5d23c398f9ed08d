using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace PocketCoder.TestSupport;

/// <summary>A real Redis on loopback that writes down what it is told, so that it can go and come back.</summary>
public sealed class TestRedis : IAsyncDisposable
{
    private readonly TempDirectory _directory = new();
    private Process? _process;
    private int _databases;

    private TestRedis(int port) => Port = port;

    public int Port { get; }

    public string Url => $"redis://127.0.0.1:{Port}";

    /// <summary>An empty database of its own for a test.</summary>
    public string NextUrl() => $"{Url}/{Interlocked.Increment(ref _databases)}";

    public int ProcessId => _process!.Id;

    public static async Task<TestRedis> StartAsync()
    {
        using TcpListener free = new(IPAddress.Loopback, 0);
        free.Start();
        TestRedis redis = new(((IPEndPoint)free.LocalEndpoint).Port);
        free.Stop();
        await redis.StartAgainAsync();
        return redis;
    }

    public async Task StartAgainAsync()
    {
        _process = Process.Start(new ProcessStartInfo("redis-server",
        [
            "--port", $"{Port}", "--bind", "127.0.0.1", "--dir", _directory.Path, "--appendonly", "yes", "--appendfsync", "always", "--save", "", "--daemonize", "no", "--databases", "1000",
        ])
        { RedirectStandardOutput = true })!;
        using CancellationTokenSource limit = new(TestClient.Patience);
        while (await _process.StandardOutput.ReadLineAsync(limit.Token) is { } line)
        {
            if (line.Contains("Ready to accept connections", StringComparison.Ordinal))
            {
                _ = _process.StandardOutput.ReadToEndAsync(CancellationToken.None);
                return;
            }
        }

        throw new InvalidOperationException("redis-server did not start.");
    }

    /// <summary>As a crash ends it.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _process = null;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await KillAsync();
        }

        _directory.Dispose();
    }
}
