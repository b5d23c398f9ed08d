using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using PocketCoder.TestSupport;

// What it costs to watch 100,000 files in 10,000 directories, against inotifywait -r and a plain walk, taken in turns.
// dotnet run --project bench/Watcher -c Release -- PATH-OF-POCKETCODER [ROUNDS]
var pocketcoder = Path.GetFullPath(args[0]);
var rounds = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 7;
using TempDirectory work = new();
Directory.CreateDirectory(work["empty"]);
MakeTree(work["plain"], ignoredOfTen: 0);
MakeTree(work["modules"], ignoredOfTen: 8);

foreach (var tree in (string[])["empty", "plain", "modules"])
{
    List<Sample> find = [], inotifywait = [], up = [];
    for (var round = 0; round < rounds; round++)
    {
        find.Add(await FindAsync(work[tree]));
        inotifywait.Add(await InotifywaitAsync(work[tree]));
        up.Add(await UpAsync(work[tree]));
    }

    Print(tree, "find", find);
    Print(tree, "inotifywait -r", inotifywait);
    Print(tree, "pocketcoder up", up);
}

await PrintLatencyAsync(work["plain"]);

static void MakeTree(string root, int ignoredOfTen)
{
    for (var i = 0; i < 10_000; i++)
    {
        var top = i % 10 < ignoredOfTen ? $"{root}/p{i % 100}/node_modules" : $"{root}/p{i % 100}";
        var directory = Directory.CreateDirectory($"{top}/s{i / 100 % 10}/d{i}").FullName;
        for (var f = 0; f < 10; f++)
        {
            File.WriteAllBytes($"{directory}/{f}.txt", []);
        }
    }
}

static async Task<Sample> FindAsync(string tree)
{
    var started = Stopwatch.GetTimestamp();
    using var find = Start("find", [tree, "-fprint", "/dev/null"]);
    await find.WaitForExitAsync();
    return new Sample(Since(started), 0);
}

static async Task<Sample> InotifywaitAsync(string tree)
{
    var started = Stopwatch.GetTimestamp();
    using var inotifywait = Start("inotifywait", ["-m", "-r", tree]);
    while (await inotifywait.StandardError.ReadLineAsync() is { } line && !line.StartsWith("Watches established", StringComparison.Ordinal))
    {
    }

    Sample sample = new(Since(started), Memory(inotifywait));
    inotifywait.Kill();
    await inotifywait.WaitForExitAsync();
    return sample;
}

async Task<Sample> UpAsync(string tree)
{
    await using var up = await Up.StartAsync(pocketcoder, tree);
    return new Sample(Since(up.Started), Memory(up.Process));
}

async Task PrintLatencyAsync(string tree)
{
    await using var up = await Up.StartAsync(pocketcoder, tree);
    await using var client = await TestClient.PairedAsync(new Uri((string)up.Ready["url"]!), (string)up.Ready["pairCode"]!);
    List<double> latencies = [];
    for (var i = 0; i < 20; i++)
    {
        await File.WriteAllBytesAsync($"{tree}/p7/changed{i}", []);
        var changed = Stopwatch.GetTimestamp();
        await client.UntilTypeAsync("fs_changed");
        latencies.Add(Since(changed) - 250);
    }

    latencies.Sort();
    Console.WriteLine($"change to event, beyond the 250 ms: median {latencies[10]:0.0} ms, worst {latencies[^1]:0.0} ms");
}

static void Print(string tree, string what, List<Sample> samples)
{
    var median = samples.OrderBy(s => s.Milliseconds).ElementAt(samples.Count / 2);
    Console.WriteLine($"{tree,-8} {what,-15} {median.Milliseconds,6:0} ms {median.Megabytes,6:0.0} MB");
}

static Process Start(string file, string[] arguments) => Process.Start(new ProcessStartInfo(file, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;

static double Since(long started) => Stopwatch.GetElapsedTime(started).TotalMilliseconds;

static double Memory(Process process) => double.Parse(
    File.ReadLines($"/proc/{process.Id}/status").First(l => l.StartsWith("VmRSS", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
    CultureInfo.InvariantCulture) / 1024;

/// <summary>From the start of the process to when it is ready.</summary>
internal sealed record Sample(double Milliseconds, double Megabytes);

/// <summary>A relay and a daemon in one process, started in the tree; ready when the tree is watched.</summary>
internal sealed class Up(Process process, long started, JsonNode ready, TempDirectory home) : IAsyncDisposable
{
    public Process Process => process;

    public long Started => started;

    public JsonNode Ready => ready;

    public static async Task<Up> StartAsync(string pocketcoder, string tree)
    {
        TempDirectory home = new();
        ProcessStartInfo start = new(pocketcoder, ["up", "--json", "--listen", "http://127.0.0.1:0", "--data-dir", home["relay"], "--no-open"])
        {
            WorkingDirectory = tree,
            RedirectStandardOutput = true,
        };
        start.Environment["POCKETCODER_HOME"] = home["home"];
        start.Environment["POCKETCODER_CLAUDE"] = "/bin/true";
        var started = Stopwatch.GetTimestamp();
        var process = Process.Start(start)!;
        var ready = JsonNode.Parse((await process.StandardOutput.ReadLineAsync())!)!;
        var address = JsonNode.Parse(await File.ReadAllTextAsync(home["home/control-plane.json"]))!;
        using HttpClient http = new() { BaseAddress = new Uri((string)address["url"]!) };
        http.DefaultRequestHeaders.Authorization = new("Bearer", (string)address["token"]!);
        while (!(bool)JsonNode.Parse(await http.GetStringAsync("/status"))!["projects"]![0]!["watcherRunning"]!)
        {
        }

        return new Up(process, started, ready, home);
    }

    public async ValueTask DisposeAsync()
    {
        process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
        process.Dispose();
        home.Dispose();
    }
}
