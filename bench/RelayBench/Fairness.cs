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
            using CancellationTokenSource flooding = new();
            var floods = Enumerable.Range(0, 30).Select(i => FloodAsync(relay, loud, target.Key, i % 2 == 0 ? 65536 : 256, flooding.Token)).ToList();
            var beside = await MeasureAsync(clients, machine);
            var again = await MeasureAsync(clients, machine);
            await flooding.CancelAsync();
            await Task.WhenAll(floods);
            Console.WriteLine($"\nfairness: 10 clients, p50 / p99 µs alone {Throughput.At(alone, 0.5):0} / {Throughput.At(alone, 0.99):0}; beside a flood of 30 sockets {Throughput.At(beside, 0.5):0} / {Throughput.At(beside, 0.99):0}, then {Throughput.At(again, 0.5):0} / {Throughput.At(again, 0.99):0}; p99 {Throughput.At(again, 0.99) / Throughput.At(alone, 0.99):0.00} x");
        }

        Directory.Delete(data, recursive: true);
    }

    private static async Task<List<double>> MeasureAsync(List<Client> clients, Machine machine)
    {
        List<double> micros = [];
        var until = Stopwatch.GetTimestamp() + (long)(Time.TotalSeconds * Stopwatch.Frequency);
        await Task.WhenAll(clients.Select(client => client.AskAsync(machine.Key, 256, 1, until, micros, TimeSpan.FromMilliseconds(10))));
        micros.Sort();
        return micros;
    }

    // Cut off, it comes back at once.
    private static async Task FloodAsync(Contestant relay, string token, string machineKey, int size, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                var client = await relay.ClientAsync(token);
                using (client.Socket)
                {
                    var frame = Peer.Frame(System.Text.Encoding.UTF8.GetBytes(Messages.Request(machineKey, client.Id, size)));
                    _ = Swallow(client);
                    while (!stop.IsCancellationRequested)
                    {
                        await client.SendAsync(frame).WaitAsync(stop);
                    }
                }
            }
            catch (Exception ex) when (ex is System.Net.Sockets.SocketException or IOException or InvalidOperationException or OperationCanceledException or ObjectDisposedException)
            {
                await Task.Delay(20, CancellationToken.None);
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
