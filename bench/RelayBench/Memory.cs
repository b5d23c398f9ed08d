using System.Diagnostics;
using System.Net;

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
            ours ??= figures;
            Console.WriteLine($"{relay.Name,-12} {figures[0],9:0} {figures[1],8:0.0} {figures[2],34:0.00}   {string.Join("  ", figures.Select((f, i) => (ours[i] / f).ToString("0.00", null)))}");
            clients.ForEach(client => client.Socket.Dispose());
        }
    }
}
