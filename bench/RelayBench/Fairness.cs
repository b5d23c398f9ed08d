using System.Diagnostics;

namespace PocketCoder.Bench.Relay;

/// <summary>One account floods as hard as its limits let it; what does another one notice?</summary>
internal static class Fairness
{
    private static readonly TimeSpan Time = TimeSpan.FromSeconds(5);

    public static async Task RunAsync(string executable)
    {
        var data = Directory.CreateTempSubdirectory("pocketcoder-bench-fairness-").FullName;
        using (var relay = Contestant.Ours(executable, unlimited: false, home: data))
        {
            var quiet = await relay.TokenAsync();
            var loud = await relay.TokenAsync(Contestant.CodeOf(data, "user_loud"));
            var machine = await relay.MachineAsync(quiet);
            _ = machine.AnswerAllAsync(256);
            List<Client> clients = [];
            for (var i = 0; i < 10; i++)
            {
                clients.Add(await relay.ClientAsync(quiet));
            }

            await MeasureAsync(clients, machine);
            var alone = await MeasureAsync(clients, machine);
            var target = await relay.MachineAsync(loud);
            _ = Swallow(target);

            // In a process of its own, behind everybody else's: what is measured is the relay, not who gets the second processor.
            using var flood = Process.Start("nice", ["-n", "19", Environment.ProcessPath!, "--flood", $"{relay.Port}", loud, target.Key]);
            await Task.Delay(TimeSpan.FromSeconds(2));
            var beside = await MeasureAsync(clients, machine);
            var again = await MeasureAsync(clients, machine);
            flood.Kill();
            await flood.WaitForExitAsync();
            Console.WriteLine($"\nfairness: 10 clients, p50 / p99 µs alone {Throughput.At(alone, 0.5):0} / {Throughput.At(alone, 0.99):0}; beside a flood of 30 sockets {Throughput.At(beside, 0.5):0} / {Throughput.At(beside, 0.99):0}, then {Throughput.At(again, 0.5):0} / {Throughput.At(again, 0.99):0}; p99 {Throughput.At(again, 0.99) / Throughput.At(alone, 0.99):0.00} x");
        }

        Directory.Delete(data, recursive: true);
    }

    /// <summary>Floods until it is killed.</summary>
    public static Task FloodAsync(int port, string token, string machineKey) =>
        Task.WhenAll(Enumerable.Range(0, 30).Select(i => FloodAsync(port, token, machineKey, i % 2 == 0 ? 65536 : 256)));

    private static async Task<List<double>> MeasureAsync(List<Client> clients, Machine machine)
    {
        List<double> micros = [];
        var until = Stopwatch.GetTimestamp() + (long)(Time.TotalSeconds * Stopwatch.Frequency);
        await Task.WhenAll(clients.Select(client => client.AskAsync(machine.Key, 256, 1, until, micros, TimeSpan.FromMilliseconds(10))));
        micros.Sort();
        return micros;
    }

    // Cut off, it comes back at once.
    private static async Task FloodAsync(int port, string token, string machineKey, int size)
    {
        while (true)
        {
            try
            {
                var client = await Contestant.ClientAsync(port, token);
                using (client.Socket)
                {
                    var frame = Peer.Frame(System.Text.Encoding.UTF8.GetBytes(Messages.Request(machineKey, client.Id, size)));
                    _ = Swallow(client);
                    while (true)
                    {
                        await client.SendAsync(frame);
                        await Task.Yield();
                    }
                }
            }
            catch (Exception ex) when (ex is System.Net.Sockets.SocketException or IOException or InvalidOperationException or ObjectDisposedException)
            {
                await Task.Delay(20);
            }
        }
    }

    private static async Task Swallow(Peer peer)
    {
        while (await peer.ReadAsync() is not null)
        {
        }
    }
}
