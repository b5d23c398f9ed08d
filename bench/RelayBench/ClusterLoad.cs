using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace PocketCoder.Bench.Relay;

/// <summary>
/// One, two and three nodes on a real Redis: what a round trip costs when both are connected to one node, and when they are not; what Redis pays for it;
/// and what the keeping of presence costs.
/// </summary>
internal static class ClusterLoad
{
    private static readonly TimeSpan Warm = TimeSpan.FromSeconds(1), Time = TimeSpan.FromSeconds(3);

    private sealed record Figures(double PerSecond, double NodeCpu, double RedisCpu, double P50, double P99);

    public static async Task RunAsync(string executable)
    {
        Console.WriteLine($"\n{"cluster",-46} {"round trips/s",13} {"nodes' CPU µs",13} {"Redis CPU µs",12} {"p50 µs",8} {"p99 µs",8}   CPU of all: to the first row");
        Figures? first = null;
        foreach (var (size, clients) in ((int, int)[])[(256, 1), (256, 100), (65536, 20)])
        {
            first = null;
            var what = $"{size switch { 256 => "256 B", _ => "64 KB" }}, {clients} clients";
            Print($"{what}: alone, no Redis", await MeasureAsync(executable, nodes: 1, redis: false, apart: false, size, clients));
            Print("  1 node", await MeasureAsync(executable, nodes: 1, redis: true, apart: false, size, clients));
            Print("  2 nodes, pairs on one node", await MeasureAsync(executable, nodes: 2, redis: true, apart: false, size, clients));
            Print("  2 nodes, pairs apart", await MeasureAsync(executable, nodes: 2, redis: true, apart: true, size, clients));
            Print("  3 nodes, pairs on one node", await MeasureAsync(executable, nodes: 3, redis: true, apart: false, size, clients));
            Print("  3 nodes, pairs apart", await MeasureAsync(executable, nodes: 3, redis: true, apart: true, size, clients));
        }

        await PresenceAsync(executable);

        void Print(string name, Figures figures)
        {
            first ??= figures;
            Console.WriteLine($"{name,-46} {figures.PerSecond,13:0} {figures.NodeCpu,13:0.0} {figures.RedisCpu,12:0.0} {figures.P50,8:0} {figures.P99,8:0}   {(figures.NodeCpu + figures.RedisCpu) / first.NodeCpu:0.00} (nodes alone {figures.NodeCpu / first.NodeCpu:0.00})");
        }
    }

    /// <summary>A hundred clients of two nodes: with their machines on the other node, on the same one, and all on one node.</summary>
    public static async Task RowAsync(string executable, int rounds)
    {
        List<Figures> one = [], together = [], apart = [];
        for (var round = 0; round < rounds; round++)
        {
            one.Add(await MeasureAsync(executable, nodes: 1, redis: true, apart: false, 256, 100));
            together.Add(await MeasureAsync(executable, nodes: 2, redis: true, apart: false, 256, 100));
            apart.Add(await MeasureAsync(executable, nodes: 2, redis: true, apart: true, 256, 100));
        }

        Console.WriteLine(JsonSerializer.Serialize(new
        {
            row = 28,
            ours = new { perSecond = Throughput.Middle(together, f => f.PerSecond), cpuMicros = Throughput.Middle(apart, f => f.NodeCpu + f.RedisCpu) },
            theirs = new { perSecond = Throughput.Middle(one, f => f.PerSecond), cpuMicros = Throughput.Middle(together, f => f.NodeCpu + f.RedisCpu) },
        }));
    }

    private static async Task<Figures> MeasureAsync(string executable, int nodes, bool redis, bool apart, int size, int count)
    {
        using var store = redis ? Store.Start() : null;
        var all = Enumerable.Range(0, nodes).Select(_ => Contestant.Ours(executable, redis: store?.Url)).ToList();
        try
        {
            var token = await all[0].TokenAsync();
            List<Machine> machines = [];
            List<Client> clients = [];
            var idLength = (await all[0].ClientAsync(token)).Id.Length;
            for (var i = 0; i < Math.Min(10, count); i++)
            {
                machines.Add(await all[i % nodes].MachineAsync(token, clientIdLength: idLength));
                _ = machines[i].AnswerAllAsync(size);
            }

            for (var i = 0; i < count; i++)
            {
                clients.Add(await all[(i % machines.Count + (apart ? 1 : 0)) % nodes].ClientAsync(token));
            }

            await LoadAsync(Warm, []);
            List<double> micros = [];
            var (cpu, redisCpu, from, done) = (Cpu(), store?.Cpu ?? default, Stopwatch.GetTimestamp(), clients.Sum(c => c.Done));
            await LoadAsync(Time, micros);
            var (seconds, trips) = (Stopwatch.GetElapsedTime(from).TotalSeconds, clients.Sum(c => c.Done) - done);
            var (used, usedByRedis) = (Cpu() - cpu, (store?.Cpu ?? default) - redisCpu);
            micros.Sort();
            clients.ForEach(client => client.Socket.Dispose());
            machines.ForEach(machine => machine.Socket.Dispose());
            return new Figures(trips / seconds, used.TotalMicroseconds / trips, usedByRedis.TotalMicroseconds / trips, Throughput.At(micros, 0.5), Throughput.At(micros, 0.99));

            TimeSpan Cpu() => TimeSpan.FromTicks(all.Sum(node => node.Cpu.Ticks));

            Task LoadAsync(TimeSpan time, List<double> into)
            {
                var until = Stopwatch.GetTimestamp() + (long)(time.TotalSeconds * Stopwatch.Frequency);
                return Task.WhenAll(clients.Select((client, i) => client.AskAsync(machines[i % machines.Count].Key, size, 1, until, into)));
            }
        }
        finally
        {
            all.ForEach(node => node.Dispose());
        }
    }

    // What a machine costs that comes, stays and goes.
    private static async Task PresenceAsync(string executable)
    {
        const int Count = 2000;
        using var store = Store.Start();
        using var node = Contestant.Ours(executable, redis: store.Url);
        var token = await node.TokenAsync();
        await Task.Delay(1000);
        var (memory, redisMemory, cpu, redisCpu) = (node.Memory, store.Memory, node.Cpu, store.Cpu);
        List<Machine> machines = [];
        for (var i = 0; i < Count; i++)
        {
            machines.Add(await node.MachineAsync(token));
        }

        Console.WriteLine($"\n{Count:N0} machines register: node {(node.Cpu - cpu).TotalMicroseconds / Count:0} µs and Redis {(store.Cpu - redisCpu).TotalMicroseconds / Count:0} µs each; {(node.Memory - memory) / (double)Count:0.0} KB in the node and {(store.Memory - redisMemory) / (double)Count:0.00} KB in Redis each");
        (cpu, redisCpu) = (node.Cpu, store.Cpu);
        await Task.Delay(10_000);
        Console.WriteLine($"idle: node {(node.Cpu - cpu).TotalMilliseconds / 10:0.0} ms and Redis {(store.Cpu - redisCpu).TotalMilliseconds / 10:0.0} ms of CPU a second");
        machines.ForEach(machine => machine.Socket.Dispose());
    }

    private sealed class Store : IDisposable
    {
        private readonly Process _process;
        private readonly string _directory = Directory.CreateTempSubdirectory("pocketcoder-bench-redis-").FullName;

        private Store(int port)
        {
            Url = $"redis://127.0.0.1:{port}";
            _process = Process.Start(new ProcessStartInfo("redis-server", ["--port", $"{port}", "--bind", "127.0.0.1", "--dir", _directory, "--appendonly", "yes", "--save", ""]) { RedirectStandardOutput = true })!;
            while (_process.StandardOutput.ReadLine() is { } line && !line.Contains("Ready to accept", StringComparison.Ordinal))
            {
            }
        }

        public string Url { get; }

        public TimeSpan Cpu => Contestant.CpuOf(_process);

        public long Memory => Contestant.MemoryOf(_process);

        public static Store Start()
        {
            using TcpListener free = new(IPAddress.Loopback, 0);
            free.Start();
            var port = ((IPEndPoint)free.LocalEndpoint).Port;
            free.Stop();
            return new Store(port);
        }

        public void Dispose()
        {
            _process.Kill();
            _process.WaitForExit();
            _process.Dispose();
            Directory.Delete(_directory, recursive: true);
        }
    }
}
