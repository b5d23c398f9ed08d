using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using PocketCoder.Daemon;
using PocketCoder.Protocol;
using PocketCoder.TestSupport;

namespace PocketCoder.Nemesis.Processes;

/// <summary>
/// A relay and a daemon as processes that can die alone, and the wires to the relay: one for the clients, one for the daemon. All of it lives in one
/// directory, whose path is in the environment of each of its processes.
/// </summary>
internal sealed partial class Apart : IAsyncDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly string? _plantedBug;

    private Apart(string? plantedBug) => _plantedBug = plantedBug;

    public Proxy ClientWire { get; } = new();

    public Proxy DaemonWire { get; } = new();

    public Running Relay { get; private set; } = null!;

    public Running Daemon { get; private set; } = null!;

    public string MachineKey { get; private set; } = "";

    public string ProjectId { get; private set; } = "";

    public Uri Url => new($"ws://127.0.0.1:{ClientWire.Port}");

    private string Home => _directory["home"];

    private string Project => _directory["project"];

    /// <param name="plantedBug">Runs the daemon with this bug instead of the executable's own.</param>
    public static async Task<Apart> StartAsync(string? plantedBug)
    {
        Apart apart = new(plantedBug);
        try
        {
            Directory.CreateDirectory(apart.Project);
            Directory.CreateDirectory(apart._directory["ledger"]);
            await apart.StartRelayAsync();
            var code = JsonElement.Parse(apart.Relay.Ready).GetProperty("pairCode").GetString()!;
            await Running.RunAsync(apart.Command(TestSystem.Supervisor, ["login", code]));
            await apart.StartDaemonAsync();
            await Running.RunAsync(apart.Command(TestSystem.Supervisor, ["add", apart.Project]));
            apart.MachineKey = JsonSerializer.Deserialize(await File.ReadAllBytesAsync(new DaemonPaths(apart.Home).Auth), ProtocolJson.For<StoredTokens>())!.MachineKey;
            apart.ProjectId = JsonElement.Parse(await Running.RunAsync(apart.Command(TestSystem.Supervisor, ["projects", "--json"])))[0].GetProperty("projectId").GetString()!;
            return apart;
        }
        catch
        {
            await apart.DisposeAsync();
            throw;
        }
    }

    /// <summary>A code that pairs a client.</summary>
    public async Task<string> CodeAsync() => Code().Match(await Running.RunAsync(Command(TestSystem.Supervisor, ["pair"]))).Groups[1].Value;

    public async Task StartRelayAsync()
    {
        var start = Command(TestSystem.Supervisor, ["relay", "--json", "--listen", $"http://127.0.0.1:{ClientWire.Target}", "--data-dir", _directory["relay"]]);
        start.Environment["POCKETCODER_HOME"] = _directory["relay-config"];
        Relay = await Running.StartAsync(start);
        ClientWire.Target = DaemonWire.Target = new Uri(JsonElement.Parse(Relay.Ready).GetProperty("url").GetString()!).Port;
    }

    public async Task StartDaemonAsync() => Daemon = await Running.StartAsync(_plantedBug is null
        ? Command(TestSystem.Supervisor, ["start", "--foreground"])
        : Command(Environment.ProcessPath!, ["daemon-with", _plantedBug]));

    /// <summary>The agents that run, not what looks after them.</summary>
    public IReadOnlyList<int> Agents() => [.. Found.With(Home).Where(p => p.Command.Split('\0')[0] == TestSystem.FakeClaude && p.Command.Contains("stream-json", StringComparison.Ordinal)).Select(p => p.Pid)];

    /// <summary>The messages that agents ran, once for each time.</summary>
    public IReadOnlyList<string> Ledger() =>
        [.. Directory.GetFiles(_directory["ledger"]).SelectMany(File.ReadLines).Select(line => line.Split(' ')[0])];

    /// <summary>Ends both in order; the commands of what is left of them then.</summary>
    public async Task<IReadOnlyList<string>> StopAsync()
    {
        var orderly = await Daemon.StopAsync() & await Relay.StopAsync();
        using PeriodicTimer look = new(TimeSpan.FromMilliseconds(50));
        for (var until = DateTime.UtcNow + Running.Patience; Left().Count > 0 && DateTime.UtcNow < until;)
        {
            await look.WaitForNextTickAsync();
        }

        List<string> left = [.. Left().Select(p => p.Command.Replace('\0', ' '))];
        return orderly ? left : [.. left, "It did not end by SIGTERM."];
    }

    /// <summary>The end of what the daemon wrote to its log.</summary>
    public IEnumerable<string> DaemonLog() => File.Exists(new DaemonPaths(Home).Log) ? File.ReadLines(new DaemonPaths(Home).Log).TakeLast(20) : [];

    public async ValueTask DisposeAsync()
    {
        foreach (var (pid, _) in Left())
        {
            Signals.Kill(pid);
        }

        Daemon?.Dispose();
        Relay?.Dispose();
        await ClientWire.DisposeAsync();
        await DaemonWire.DisposeAsync();
        _directory.Dispose();
    }

    private IReadOnlyList<(int Pid, string Command)> Left() => Found.With(_directory.Path);

    private ProcessStartInfo Command(string file, IEnumerable<string> arguments) => new(file, arguments)
    {
        WorkingDirectory = Project,
        RedirectStandardInput = true,
        Environment =
        {
            ["POCKETCODER_HOME"] = Home,
            ["POCKETCODER_CLAUDE"] = TestSystem.FakeClaude,
            ["POCKETCODER"] = TestSystem.Supervisor,
            ["FAKE_CLAUDE_LEDGER"] = _directory["ledger"],
            ["GATEWAY_URL"] = $"ws://127.0.0.1:{DaemonWire.Port}",
        },
    };

    [GeneratedRegex("#pair=([\\w-]+)")]
    private static partial Regex Code();
}
