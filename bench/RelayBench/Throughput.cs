using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace PocketCoder.Bench.Relay;

/// <summary>Round trips: client, relay, machine, relay, client; two forwarded messages each.</summary>
internal static class Throughput
{
    /// <param name="Row">The row of bench/table.mjs that shows it.</param>
    private sealed record Load(string Name, int Clients, int Size, int Depth, TimeSpan Between = default, int? Row = null);

    // Where requests are pipelined no times are taken: they are not numbers.
    private static readonly JsonSerializerOptions AsJson = new(JsonSerializerDefaults.Web) { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    private sealed record Figures(double PerSecond, double CpuMicros, double P50, double P99);

    private static readonly Load[] Loads =
    [
        new("1 client, 256 B", 1, 256, 1),
        new("100 clients, 256 B", 100, 256, 1, Row: 7),
        new("1,000 clients, 256 B", 1000, 256, 1, Row: 11),
        new("1 client, 64 KB", 1, 65536, 1),
        new("100 clients, 64 KB", 100, 65536, 1, Row: 8),
        new("1,000 clients, 64 KB", 1000, 65536, 1),
        new("quiet: 100 clients, 10 a second each", 100, 256, 1, TimeSpan.FromMilliseconds(100), Row: 9),
        new("pipelined: 10 clients x 32", 10, 256, 32, Row: 10),
    ];

    public static async Task RunAsync(string executable, int rounds)
    {
        Func<Contestant>[] contestants = [() => Contestant.Ours(executable), Contestant.Node, Contestant.Kestrel];
        Console.WriteLine($"{"",-38} {"relay",-12} {"round trips/s/core",19} {"CPU µs",8} {"p50 µs",8} {"p99 µs",8}   ratio of CPU, p50, p99: ours to this");
        foreach (var load in Loads)
        {
            var medians = await MediansAsync(contestants, load, rounds);
            for (var i = 0; i < medians.Count; i++)
            {
                var ((name, figures), (_, ours)) = (medians[i], medians[0]);
                var ratio = i == 0 ? "" : $"{ours.CpuMicros / figures.CpuMicros,6:0.00} {ours.P50 / figures.P50,6:0.00} {ours.P99 / figures.P99,6:0.00}";
                Console.WriteLine($"{(i == 0 ? load.Name : ""),-38} {name,-12} {1e6 / figures.CpuMicros,19:0} {figures.CpuMicros,8:0.0} {figures.P50,8:0} {figures.P99,8:0}   {ratio}");
            }
        }
    }

    public static async Task RowsAsync(string executable, int rounds, HashSet<int> rows)
    {
        // The growth with the number of clients is seen against the hundred of row 7.
        foreach (var load in Loads.Where(load => load.Row is { } row && (rows.Contains(row) || (row == 7 && rows.Contains(11)))))
        {
            var medians = await MediansAsync([() => Contestant.Ours(executable), Contestant.Node], load, rounds);
            Console.WriteLine(JsonSerializer.Serialize(new { row = load.Row, ours = medians[0].Figures, theirs = medians[1].Figures }, AsJson));
        }
    }

    private static async Task<List<(string Name, Figures Figures)>> MediansAsync(Func<Contestant>[] contestants, Load load, int rounds)
    {
        var all = contestants.Select(_ => new List<Figures>()).ToList();
        var names = new string[contestants.Length];
        for (var round = 0; round < rounds; round++)
        {
            for (var i = 0; i < contestants.Length; i++)
            {
                using var relay = contestants[i]();
                names[i] = relay.Name;
                all[i].Add(await MeasureAsync(relay, load));
            }
        }

        return [.. names.Zip(all.Select(Median))];
    }

    private static async Task<Figures> MeasureAsync(Contestant relay, Load load)
    {
        var token = await relay.TokenAsync();
        List<Machine> machines = [];
        List<Task> answering = [];
        for (var i = 0; i < Math.Min(10, load.Clients); i++)
        {
            machines.Add(await relay.MachineAsync(token));
            answering.Add(machines[i].AnswerAllAsync(load.Size));
        }

        List<Client> clients = [];
        for (var i = 0; i < load.Clients; i++)
        {
            clients.Add(await relay.ClientAsync(token));
        }

        await RunAsync(TimeSpan.FromSeconds(1), []);
        List<double> micros = [];
        var (cpu, from, done) = (relay.Cpu, Stopwatch.GetTimestamp(), clients.Sum(c => c.Done));
        await RunAsync(TimeSpan.FromSeconds(load.Between > TimeSpan.Zero ? 4 : 2), micros);
        var (seconds, count) = (Stopwatch.GetElapsedTime(from).TotalSeconds, clients.Sum(c => c.Done) - done);
        var used = relay.Cpu - cpu;
        clients.ForEach(client => client.Socket.Dispose());
        machines.ForEach(machine => machine.Socket.Dispose());
        micros.Sort();
        return new Figures(count / seconds, used.TotalMicroseconds / count, At(micros, 0.5), At(micros, 0.99));

        Task RunAsync(TimeSpan time, List<double> into)
        {
            var until = Stopwatch.GetTimestamp() + (long)(time.TotalSeconds * Stopwatch.Frequency);
            return Task.WhenAll(clients.Select((client, i) => client.AskAsync(machines[i % machines.Count].Key, load.Size, load.Depth, until, into, load.Between)));
        }
    }

    public static double At(List<double> sorted, double quantile) => sorted.Count == 0 ? double.NaN : sorted[Math.Min(sorted.Count - 1, (int)(sorted.Count * quantile))];

    private static Figures Median(List<Figures> all) => new(Middle(all, f => f.PerSecond), Middle(all, f => f.CpuMicros), Middle(all, f => f.P50), Middle(all, f => f.P99));

    public static double Middle<T>(List<T> all, Func<T, double> of) => all.Select(of).Order().ElementAt(all.Count / 2);
}
