using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using PocketCoder.Daemon;
using PocketCoder.Protocol;
using PocketCoder.TestSupport;

namespace PocketCoder.Cli.Tests;

internal sealed record Outcome(int ExitCode, string Output, string Error)
{
    public JsonNode Json => JsonNode.Parse(Output)!;
}

/// <summary>The executable as a person or a script uses it: arguments in, text and an exit code out. Its home goes away with the test.</summary>
internal sealed class InstalledCli : IDisposable
{
    private readonly List<Process> _running = [];

    public TempDirectory Directory { get; } = new();

    public string Home => Directory["home"];

    public DaemonPaths Paths => new(Home);

    public string Work => System.IO.Directory.CreateDirectory(Directory["work"]).FullName;

    /// <summary>What the environment says beside POCKETCODER_HOME; null takes a variable away. At first a relay that is not there.</summary>
    public Dictionary<string, string?> Environment { get; } = new()
    {
        ["GATEWAY_URL"] = "ws://127.0.0.1:9",
        ["POCKETCODER_CLAUDE"] = TestSystem.FakeClaude,
        ["LOG_LEVEL"] = null,
    };

    /// <summary>Words before the executable's name, such as those that change the user.</summary>
    public IReadOnlyList<string> Before { get; set; } = [];

    public StoredTokens? Tokens => File.Exists(Paths.Auth) ? JsonSerializer.Deserialize(File.ReadAllBytes(Paths.Auth), ProtocolJson.For<StoredTokens>()) : null;

    public Process Start(params string[] arguments)
    {
        // A suite that runs in the background of a script may have inherited an ignored SIGINT and would hand it on; env gives it back.
        string[] command = ["env", "--default-signal=INT", .. Before, TestSystem.Supervisor, .. arguments];
        ProcessStartInfo start = new(command[0], command[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Work,
        };
        start.Environment["POCKETCODER_HOME"] = Home;
        foreach (var (name, value) in Environment)
        {
            start.Environment[name] = value;
        }

        var process = Process.Start(start)!;
        _running.Add(process);
        return process;
    }

    public Task<Outcome> RunAsync(params string[] arguments) => RunWithAsync("", arguments);

    /// <summary>Runs to the end, with this text on standard input.</summary>
    public async Task<Outcome> RunWithAsync(string input, params string[] arguments)
    {
        var process = Start(arguments);
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        return await EndAsync(process);
    }

    public static async Task<Outcome> EndAsync(Process process)
    {
        using CancellationTokenSource limit = new(TimeSpan.FromSeconds(40));
        var error = process.StandardError.ReadToEndAsync(limit.Token);
        var output = await process.StandardOutput.ReadToEndAsync(limit.Token);
        await process.WaitForExitAsync(limit.Token);
        return new Outcome(process.ExitCode, output, await error);
    }

    /// <summary>The first line that a serving command prints; what it says instead fails the test.</summary>
    public static async Task<string> FirstLineAsync(Process process) =>
        await process.StandardOutput.ReadLineAsync().WaitAsync(TestClient.Patience)
        ?? throw new InvalidOperationException(await process.StandardError.ReadToEndAsync());

    public async Task<(Process Process, JsonNode Ready)> UpAsync(params string[] more)
    {
        var up = Start(["up", "--json", "--listen", "http://127.0.0.1:0", "--no-open", .. more]);
        return (up, JsonNode.Parse(await FirstLineAsync(up))!);
    }

    public async Task<(Process Process, JsonNode Ready)> RelayAsync(int port = 0)
    {
        var relay = Start("relay", "--json", "--listen", $"http://127.0.0.1:{port}", "--data-dir", Directory["relay"]);
        return (relay, JsonNode.Parse(await FirstLineAsync(relay))!);
    }

    /// <summary>Waits until the running daemon says this of itself.</summary>
    public async Task<JsonNode> StatusAsync(Func<JsonNode, bool> holds)
    {
        var patience = Stopwatch.StartNew();
        while (true)
        {
            var status = await RunAsync("status", "--json");
            if (status.ExitCode == 0 && holds(status.Json))
            {
                return status.Json;
            }

            if (patience.Elapsed > TestClient.Patience)
            {
                throw new TimeoutException(status.Output + status.Error);
            }
        }
    }

    public static void Signal(Process process, int signal) => Process.Start("kill", [$"-{signal}", $"{process.Id}"])!.WaitForExit();

    public void Dispose()
    {
        foreach (var process in _running.Where(p => !p.HasExited))
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
        }

        // Background daemons have left our tree.
        if (InstanceLock.RunningPid(Paths) is { } pid)
        {
            using var daemon = Process.GetProcessById(pid);
            daemon.Kill(entireProcessTree: true);
            daemon.WaitForExit();
        }

        _running.ForEach(p => p.Dispose());
        Directory.Dispose();
    }
}
