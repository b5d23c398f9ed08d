using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;

namespace PocketCoder.Bench.Relay;

/// <summary>A relay in a process of its own, on a processor of its own where there are two.</summary>
internal sealed class Contestant : IDisposable
{
    private static readonly bool Pinned = OperatingSystem.IsLinux() && Environment.ProcessorCount > 1 && File.Exists("/usr/bin/taskset");
    private readonly string _home = Directory.CreateTempSubdirectory("pocketcoder-bench-relay-").FullName;
    private readonly Process _process;

    private Contestant(string name, string command, string[] arguments, string? redis = null)
    {
        Name = name;
        ProcessStartInfo start = new(Pinned ? "taskset" : command, Pinned ? ["-c", "0", command, .. arguments] : arguments)
        {
            RedirectStandardOutput = true,
            Environment = { ["POCKETCODER_HOME"] = _home },
        };
        if (redis is not null)
        {
            start.Environment["POCKETCODER_REDIS"] = redis;
        }

        _process = Process.Start(start)!;
        Ready = JsonNode.Parse(_process.StandardOutput.ReadLine() ?? throw new InvalidOperationException($"{name} did not start"))!.AsObject();
        Port = new Uri((string)Ready["url"]!).Port;
    }

    public string Name { get; }

    public JsonObject Ready { get; }

    public int Port { get; }

    public static Contestant Ours(string executable, bool unlimited = true, int port = 0, string? home = null, string? redis = null) =>
        new("PocketCoder", executable, ["relay", "--json", "--listen", $"http://127.0.0.1:{port}", .. home is null ? (string[])[] : ["--data-dir", home], .. unlimited ? (string[])["--unlimited"] : []], redis);

    public static Contestant Node() => new("Node (ws)", "node", [Path.Combine(AppContext.BaseDirectory, "../../../../bench/reference/relay.mjs")]);

    public static Contestant Kestrel() => new("raw Kestrel", Environment.ProcessPath!, ["--kestrel"]);

    /// <summary>Processor time used so far.</summary>
    public TimeSpan Cpu => CpuOf(_process);

    public static TimeSpan CpuOf(Process process)
    {
        var fields = File.ReadAllText($"/proc/{process.Id}/stat").Split(") ")[1].Split(' ');
        return TimeSpan.FromSeconds((long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)) / 100.0);
    }

    /// <summary>Resident memory in KB.</summary>
    public long Memory => MemoryOf(_process);

    public static long MemoryOf(Process process) => long.Parse(
        File.ReadLines($"/proc/{process.Id}/status").First(line => line.StartsWith("VmRSS", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);

    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public void Dispose()
    {
        Kill();
        _process.Dispose();
        Directory.Delete(_home, recursive: true);
    }

    /// <summary>An access token of the owner, or of somebody else whose pairing code is put into the database.</summary>
    public async Task<string> TokenAsync(string? code = null)
    {
        if (Ready["pairCode"] is null)
        {
            return "none";
        }

        var peer = await Peer.ConnectAsync(Port, socket => new Peer(socket));
        await peer.SendAsync(new JsonObject { ["type"] = "auth_exchange", ["requestId"] = "r", ["payload"] = new JsonObject { ["code"] = code ?? (string)Ready["pairCode"]! } });
        var token = (string)(await peer.UntilAsync("auth_exchange_response"))["payload"]!["access_token"]!;
        peer.Socket.Dispose();
        return token;
    }

    public static string CodeOf(string dataDirectory, string user)
    {
        var code = Guid.NewGuid().ToString("N");
        using SqliteConnection database = new($"Data Source={Path.Combine(dataDirectory, "relay.db")};Pooling=False");
        database.Open();
        using var insert = database.CreateCommand();
        insert.CommandText = "INSERT INTO pairing_codes (hash, user_id, expires_at) VALUES ($1, $2, $3)";
        insert.Parameters.AddWithValue("$1", System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(code)));
        insert.Parameters.AddWithValue("$2", user);
        insert.Parameters.AddWithValue("$3", DateTimeOffset.UtcNow.AddMinutes(5).ToUnixTimeMilliseconds());
        insert.ExecuteNonQuery();
        return code;
    }

    public async Task<Machine> MachineAsync(string token, System.Net.IPAddress? from = null, string? key = null, int clientIdLength = 35)
    {
        var machine = await Peer.ConnectAsync(Port, socket => new Machine(socket) { Key = key ?? Guid.NewGuid().ToString(), ClientIdLength = clientIdLength }, from);
        await machine.SendAsync(new JsonObject
        {
            ["type"] = "daemon_register",
            ["requestId"] = "r",
            ["payload"] = new JsonObject
            {
                ["machineKey"] = machine.Key,
                ["token"] = token,
                ["machine"] = new JsonObject { ["label"] = "Bench", ["hostname"] = "b", ["platform"] = "linux", ["arch"] = "x64", ["daemonVersion"] = "1" },
                ["projects"] = new JsonArray(),
                ["capabilities"] = new JsonObject { ["hasGit"] = true, ["hasClaude"] = false },
            },
        });
        await machine.UntilAsync("daemon_register_response");
        return machine;
    }

    public Task<Client> ClientAsync(string token) => ClientAsync(Port, token);

    public static async Task<Client> ClientAsync(int port, string token)
    {
        var peer = await Peer.ConnectAsync(port, socket => new Peer(socket));
        await peer.SendAsync(new JsonObject { ["type"] = "client_register", ["requestId"] = "r", ["payload"] = new JsonObject { ["token"] = token } });
        var answer = await peer.UntilAsync("client_register_response");
        return new Client(peer.Socket) { Id = (string)answer["payload"]!["clientId"]! };
    }
}
