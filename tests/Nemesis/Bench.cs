using System.Globalization;
using PocketCoder.Nemesis.Faults;

namespace PocketCoder.Nemesis;

/// <summary>
/// Runs of a minute each, one after the other, for as long as asked; ends with the sums. The n-th run has the n-th seed after the first.
/// <c>--faults KIND,KIND</c> does only those, <c>--bug NAME</c> plants one.
/// </summary>
internal static class Bench
{
    public static async Task<int> RunAsync(IReadOnlyList<string> args)
    {
        var minutes = double.Parse(Value("--minutes") ?? "1", CultureInfo.InvariantCulture);
        var seed = int.Parse(Value("--seed") ?? $"{Random.Shared.Next()}", CultureInfo.InvariantCulture);
        Sums sums = new();
        for (var left = TimeSpan.FromMinutes(minutes); left > TimeSpan.Zero; left -= TimeSpan.FromMinutes(1))
        {
            var duration = left < TimeSpan.FromMinutes(1) ? left : TimeSpan.FromMinutes(1);
            RunOptions options = new(unchecked(seed + sums.Runs), duration) { PlantedBug = Value("--bug") };
            var result = await Run.ExecuteAsync(Value("--faults") is { } faults ? options with { Faults = [.. faults.Split(',').Select(Enum.Parse<FaultKind>)] } : options);
            Console.WriteLine(result);
            sums = sums.With(result);
        }

        Console.WriteLine($"In all, from seed {seed} on: {sums}");
        return sums.Bad == 0 ? 0 : 1;

        string? Value(string option) => args.SkipWhile(a => a != option).Skip(1).FirstOrDefault();
    }

    private sealed record Sums(
        int Runs = 0, int Bad = 0, int Operations = 0, int Faults = 0, int Acknowledged = 0, int Logged = 0, int Seen = 0, int Lost = 0, int Doubled = 0, int Left = 0)
    {
        public Sums With(Result result) => new(
            Runs + 1, Bad + (result.IsGood ? 0 : 1), Operations + result.Operations.Values.Sum(), Faults + result.Faults.Values.Sum(), Acknowledged + result.Acknowledged,
            Logged + result.Logged, Seen + result.Seen, Lost + result.Lost, Doubled + result.Doubled, Left + result.Survivors.Count);
    }
}
