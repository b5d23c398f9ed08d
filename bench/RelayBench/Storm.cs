using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace PocketCoder.Bench.Relay;

/// <summary>The relay is killed and comes back on the same port; every machine waits as the daemon does, from 1 s doubling, with full jitter.</summary>
internal static class Storm
{
    public static async Task RunAsync(string executable, int machines)
    {
        var data = Directory.CreateTempSubdirectory("pocketcoder-bench-storm-").FullName;
        var first = Contestant.Ours(executable, home: data);
        var token = await first.TokenAsync();
        var keys = Enumerable.Range(0, machines).Select(_ => Guid.NewGuid().ToString()).ToList();
        var there = await Task.WhenAll(keys.Chunk(10).Select(async (chunk, row) =>
        {
            List<Machine> all = [];
            foreach (var (key, i) in chunk.Select((key, i) => (key, i)))
            {
                all.Add(await first.MachineAsync(token, Address((row * 10) + i), key));
            }

            return all;
        }));
        var port = first.Port;
        first.Kill();
        var down = Stopwatch.GetTimestamp();
        Contestant? second = null;
        var attempts = 0;
        List<double> seconds = [];
        var returning = there.SelectMany(all => all).Select(async (machine, i) =>
        {
            for (var failures = 0; ; failures++)
            {
                await Task.Delay(TimeSpan.FromSeconds(Math.Min(60, 1 << Math.Min(failures, 6)) * Random.Shared.NextDouble()));
                Interlocked.Increment(ref attempts);
                try
                {
                    await (second ?? first).MachineAsync(token, Address(i), machine.Key);
                    lock (seconds)
                    {
                        seconds.Add(Stopwatch.GetElapsedTime(down).TotalSeconds);
                    }

                    return;
                }
                catch (Exception ex) when (ex is SocketException or IOException or InvalidOperationException)
                {
                }
            }
        }).ToList();
        await Task.Delay(TimeSpan.FromSeconds(3));
        second = Contestant.Ours(executable, port: port, home: data);
        var up = Stopwatch.GetElapsedTime(down).TotalSeconds;
        await Task.WhenAll(returning);
        seconds.Sort();
        Console.WriteLine($"\nstorm: {machines} machines; the relay was away for {up:0.0} s; half were back {Throughput.At(seconds, 0.5) - up:0.0} s later, all {seconds[^1] - up:0.0} s later, in {attempts} attempts; the relay used {second.Cpu.TotalSeconds:0.00} s of processor time");
        second.Dispose();
        first.Dispose();
        Directory.Delete(data, recursive: true);
    }

    private static IPAddress Address(int i) => new([127, 1, (byte)(i / 200), (byte)(1 + (i % 200))]);
}
