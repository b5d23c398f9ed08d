using System.Diagnostics;
using System.Net;
using System.Text.Json;

namespace PocketCoder.Bench.Relay;

/// <summary>What a relay starts in, weighs when it idles, and keeps for a registered connection that says nothing.</summary>
internal static class Memory
{
    public static async Task RunAsync(string executable, int connections)
    {
        Func<Contestant>[] contestants = [() => Contestant.Ours(executable), Contestant.Node, Contestant.Kestrel];
        double[]? ours = null;
        Console.WriteLine($"\n{"",-12} {"start ms",9} {"idle MB",8} {$"KB a connection, {connections:N0} idle",34}   ratio: ours to this");
        foreach (var contestant in contestants)
        {
            var (name, figures) = await MeasureAsync(contestant, connections);
            ours ??= figures;
            Console.WriteLine($"{name,-12} {figures[0],9:0} {figures[1],8:0.0} {figures[2],34:0.00}   {string.Join("  ", figures.Select((f, i) => (ours[i] / f).ToString("0.00", null)))}");
        }
    }

    public static async Task RowAsync(string executable, int connections)
    {
        var (_, ours) = await MeasureAsync(() => Contestant.Ours(executable), connections);
        var (_, theirs) = await MeasureAsync(Contestant.Node, connections);
        Console.WriteLine(JsonSerializer.Serialize(new { row = 12, ours = new { kilobytes = ours[2] }, theirs = new { kilobytes = theirs[2] } }));
    }

    private static async Task<(string Name, double[] Figures)> MeasureAsync(Func<Contestant> contestant, int connections)
    {
        var from = Stopwatch.GetTimestamp();
        using var relay = contestant();
        var start = Stopwatch.GetElapsedTime(from).TotalMilliseconds;
        await Task.Delay(1500);
        var idle = relay.Memory;
        var token = await relay.TokenAsync();
        List<Client> clients = [];
        for (var i = 0; i < connections; i++)
        {
            clients.Add(await relay.ClientAsync(token));
        }

        await Task.Delay(3000);
        double[] figures = [start, idle / 1024.0, (relay.Memory - idle) / (double)connections];
        clients.ForEach(client => client.Socket.Dispose());
        return (relay.Name, figures);
    }

    /// <summary>Sockets that never register, from many addresses; what the honest ones notice of them.</summary>
    public static async Task StrangersAsync(string executable, int connections)
    {
        using var relay = Contestant.Ours(executable, unlimited: false);
        var token = await relay.TokenAsync();
        var machine = await relay.MachineAsync(token);
        _ = machine.AnswerAllAsync(256);
        var client = await relay.ClientAsync(token);
        var (before, most) = (relay.Memory, 0L);
        List<Peer> strangers = [];
        List<double> micros = [];
        for (var i = 0; i < connections; i++)
        {
            strangers.Add(await Peer.ConnectAsync(relay.Port, socket => new Peer(socket), new IPAddress([127, 2, (byte)(i / 200), (byte)(1 + (i % 200))])));
            if (i % 100 == 0)
            {
                most = Math.Max(most, relay.Memory);
                await client.AskAsync(machine.Key, 256, 1, 0, micros);
            }
        }

        micros.Sort();
        await Task.Delay(TimeSpan.FromSeconds(18));
        await client.AskAsync(machine.Key, 256, 1, 0, []);
        Console.WriteLine($"\n{connections:N0} sockets that never register: {(most - before) / 1024.0:0.0} MB at most; a client's round trip meanwhile {Throughput.At(micros, 0.5):0} / {Throughput.At(micros, 0.99):0} µs (p50 / p99); {(relay.Memory - before) / 1024.0:0.0} MB after all were closed");
        strangers.ForEach(stranger => stranger.Socket.Dispose());
    }
}
