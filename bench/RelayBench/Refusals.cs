using System.Diagnostics;

namespace PocketCoder.Bench.Relay;

/// <summary>Does it take longer to be refused a machine of somebody else than one that does not exist? Then its key could be guessed. In turns of 50 ms.</summary>
internal static class Refusals
{
    private const int Turns = 200;
    private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(50);

    public static async Task RunAsync(string executable)
    {
        var data = Directory.CreateTempSubdirectory("pocketcoder-bench-refusals-").FullName;
        using (var relay = Contestant.Ours(executable, home: data))
        {
            var client = await relay.ClientAsync(await relay.TokenAsync());
            var foreign = await relay.MachineAsync(await relay.TokenAsync(Contestant.CodeOf(data, "user_other")));
            List<double> warm = [], ofForeign = [], ofAbsent = [];
            await AskAsync(client, foreign.Key, warm);
            for (var turn = 0; turn < Turns; turn++)
            {
                await AskAsync(client, foreign.Key, ofForeign);
                await AskAsync(client, Guid.NewGuid().ToString(), ofAbsent);
            }

            ofForeign.Sort();
            ofAbsent.Sort();
            Console.WriteLine($"\nrefusals: {ofForeign.Count} of a foreign machine, {ofAbsent.Count} of an absent one");
            foreach (var share in (double[])[0.1, 0.5, 0.9])
            {
                Console.WriteLine($"  p{share * 100:0}: {Throughput.At(ofForeign, share):0.0} and {Throughput.At(ofAbsent, share):0.0} µs ({Throughput.At(ofForeign, share) / Throughput.At(ofAbsent, share):0.000} x)");
            }
        }

        Directory.Delete(data, recursive: true);
    }

    private static Task AskAsync(Client client, string machineKey, List<double> micros) =>
        client.AskAsync(machineKey, 256, 1, Stopwatch.GetTimestamp() + (long)(Turn.TotalSeconds * Stopwatch.Frequency), micros);
}
