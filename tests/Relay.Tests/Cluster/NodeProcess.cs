using System.Diagnostics;
using System.Text.Json.Nodes;
using PocketCoder.TestSupport;

namespace PocketCoder.Relay.Tests.Cluster;

/// <summary>A node in a process of its own, as an operator starts it.</summary>
internal sealed class NodeProcess : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly Process _process;

    private NodeProcess(Process process, TempDirectory directory, int port) => (_process, _directory, Port) = (process, directory, port);

    public int Port { get; }

    public static async Task<NodeProcess> StartAsync(string redis, int port = 0)
    {
        TempDirectory directory = new();
        var process = Process.Start(new ProcessStartInfo(TestSystem.Supervisor, ["relay", "--json", "--listen", $"http://127.0.0.1:{port}", "--data-dir", directory["relay"]])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["POCKETCODER_REDIS"] = redis, ["POCKETCODER_HOME"] = directory.Path },
        })!;
        using CancellationTokenSource limit = new(TestClient.Patience);
        var ready = await process.StandardOutput.ReadLineAsync(limit.Token) ?? throw new InvalidOperationException(await process.StandardError.ReadToEndAsync(limit.Token));
        return new NodeProcess(process, directory, new Uri((string)JsonNode.Parse(ready)!["url"]!).Port);
    }

    /// <summary>kill -9.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    /// <summary>As a service manager ends it.</summary>
    public async Task StopAsync()
    {
        using (Process.Start("kill", ["-TERM", $"{_process.Id}"]))
        {
            await _process.WaitForExitAsync().WaitAsync(TestClient.Patience);
        }
    }

    public void Dispose()
    {
        Kill();
        _process.Dispose();
        _directory.Dispose();
    }
}
