using System.Diagnostics;

namespace PocketCoder.Bench.Relay;

/// <summary>
/// One account floods as hard as its limits let it; what does another one notice? In each round: a second alone, the first second of the flood, in which its
/// bursts are used up, a second of what comes then; and a pause, until the flood may begin as before. Medians of the rounds.
/// </summary>
internal static class Fairness
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(1), Recovery = TimeSpan.FromSeconds(5);

    public static async Task RunAsync(string executable, int rounds)
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

            var target = await relay.MachineAsync(loud);
            _ = Swallow(target);

            // In a process of its own, behind everybody else's: what is measured is the relay, not who gets the second processor.
            using var flood = Process.Start(new ProcessStartInfo("nice", ["-n", "19", Environment.ProcessPath!, "--flood", $"{relay.Port}", loud, target.Key]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
            await flood.StandardOutput.ReadLineAsync();
            string[] phases = ["alone", "first second of a flood of 30 sockets", "then"];
            var p50 = phases.Select(_ => new List<double>()).ToArray();
            var p99 = phases.Select(_ => new List<double>()).ToArray();
            for (var round = -1; round < rounds; round++)
            {
                for (var phase = 0; phase < phases.Length; phase++)
                {
                    if (phase == 1)
                    {
                        await flood.StandardInput.WriteLineAsync("go");
                    }

                    var micros = await MeasureAsync(clients, machine);

                    // The first round warms up.
                    if (round >= 0)
                    {
                        p50[phase].Add(Throughput.At(micros, 0.5));
                        p99[phase].Add(Throughput.At(micros, 0.99));
                    }
                }

                await flood.StandardInput.WriteLineAsync("stop");
                await Task.Delay(Recovery);
            }

            flood.Kill();
            await flood.WaitForExitAsync();
            Console.WriteLine($"\nfairness: 10 clients of one account beside another account's flood, {rounds} rounds");
            for (var phase = 0; phase < phases.Length; phase++)
            {
                Console.WriteLine($"  {phases[phase]}: p50 {Median(p50[phase]):0} µs, p99 {Median(p99[phase]):0} µs ({Median(p99[phase]) / Median(p99[0]):0.00} x)");
            }
        }

        Directory.Delete(data, recursive: true);
    }

    /// <summary>Floods after each line "go" until a line "stop", until it is killed.</summary>
    public static async Task FloodAsync(int port, string token, string machineKey)
    {
        Gate gate = new();
        List<Task> sockets = [];
        for (var i = 0; i < 30; i++)
        {
            sockets.Add(FloodAsync(port, token, machineKey, i % 2 == 0 ? 65536 : 256, gate, await Contestant.ClientAsync(port, token)));
        }

        Console.WriteLine("ready");
        while (await Console.In.ReadLineAsync() is { } line)
        {
            gate.Set(line == "go");
        }
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static async Task<List<double>> MeasureAsync(List<Client> clients, Machine machine)
    {
        List<double> micros = [];
        var until = Stopwatch.GetTimestamp() + (long)(Window.TotalSeconds * Stopwatch.Frequency);
        await Task.WhenAll(clients.Select(client => client.AskAsync(machine.Key, 256, 1, until, micros, TimeSpan.FromMilliseconds(10))));
        micros.Sort();
        return micros;
    }

    // Cut off, it comes back at once.
    private static async Task FloodAsync(int port, string token, string machineKey, int size, Gate gate, Client? client)
    {
        while (true)
        {
            try
            {
                client ??= await Contestant.ClientAsync(port, token);
                using (client.Socket)
                {
                    var frame = Peer.Frame(System.Text.Encoding.UTF8.GetBytes(Messages.Request(machineKey, client.Id, size)));
                    _ = Swallow(client);
                    while (true)
                    {
                        await gate.OpenAsync();
                        await client.SendAsync(frame);
                        await Task.Yield();
                    }
                }
            }
            catch (Exception ex) when (ex is System.Net.Sockets.SocketException or IOException or InvalidOperationException or ObjectDisposedException)
            {
                client = null;
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

    /// <summary>All floods begin and end together.</summary>
    private sealed class Gate
    {
        private volatile TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task OpenAsync() => _open.Task;

        public void Set(bool isOpen)
        {
            if (isOpen)
            {
                _open.TrySetResult();
            }
            else
            {
                _open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
    }
}
