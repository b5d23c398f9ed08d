using System.Diagnostics;
using System.Text.Json.Nodes;
using PocketCoder.Daemon.Tests.Features;
using PocketCoder.TestSupport;

namespace PocketCoder.Daemon.Tests;

/// <summary><c>pocketcoder up</c> as a process of its own, which can be killed and started again in the same directory.</summary>
internal sealed class DaemonProcess(TempDirectory directory) : IDisposable
{
    private Process? _process;

    public string Home => directory["home"];

    public string Project => directory["work"];

    public JsonObject Ready { get; private set; } = [];

    /// <param name="prefix">A program that runs the rest of its arguments, such as a shell that sets a umask first.</param>
    public async Task StartAsync(params string[] prefix)
    {
        string[] words = [.. prefix, TestSystem.Supervisor, "up", "--json", "--listen", "http://127.0.0.1:0", "--no-open"];
        ProcessStartInfo start = new(words[0], words[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Directory.CreateDirectory(Project).FullName,
        };
        start.Environment["POCKETCODER_HOME"] = Home;
        start.Environment["POCKETCODER_CLAUDE"] = TestSystem.FakeClaude;
        _process?.Dispose();
        _process = Process.Start(start)!;
        var line = await _process.StandardOutput.ReadLineAsync().WaitAsync(TestClient.Patience * 2);
        Ready = line is null ? throw new InvalidOperationException(await _process.StandardError.ReadToEndAsync()) : JsonNode.Parse(line)!.AsObject();
    }

    public async Task<CommandCaller> CallerAsync() => new(
        await TestClient.PairedAsync(new Uri((string)Ready["url"]!), (string)Ready["pairCode"]!), (string)Ready["machineKey"]!, (string)Ready["projects"]![0]!["projectId"]!);

    /// <summary>SIGKILL to the daemon alone.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync().WaitAsync(TestClient.Patience);
    }

    public void Dispose()
    {
        if (_process is { HasExited: false })
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
        }

        _process?.Dispose();
    }
}
