using System.Globalization;
using System.Text;
using PocketCoder.Nemesis.Checks;
using PocketCoder.Nemesis.Faults;
using PocketCoder.Nemesis.History;

namespace PocketCoder.Nemesis;

/// <summary>What came of a run, and how to tell it.</summary>
internal sealed record Result(
    RunOptions Options,
    Recording Recording,
    IReadOnlyList<Violation> Violations,
    IReadOnlyDictionary<string, int> Operations,
    IReadOnlyDictionary<FaultKind, int> Faults,
    IReadOnlyList<string> Survivors,
    IReadOnlyList<string> DaemonLog)
{
    private const int Around = 25;

    public bool IsGood => Violations.Count == 0 && Survivors.Count == 0;

    public int Acknowledged => Recording.Entries.OfType<Acknowledged>().DistinctBy(a => a.MessageId).Count();

    public int Logged => Recording.Outcome.Logs.Values.Sum(log => log.Count);

    public int Seen => Recording.Entries.OfType<Saw>().Count();

    public int Lost => Count(Rule.EventLost, Rule.EventReplaced, Rule.EventMissed, Rule.MessageLost, Rule.NotEnded);

    public int Doubled => Count(Rule.EventDoubled, Rule.MessageDoubled, Rule.RunTwice, Rule.EndedTwice);

    /// <summary>One line; of a run that failed also the first broken rule and what was recorded around it.</summary>
    public override string ToString()
    {
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"seed {Options.Seed}, {Recording.Entries[^1].Seconds:0} s{(Options.PlantedBug is { } bug ? $", daemon with {bug}" : "")}: ");
        text.Append(CultureInfo.InvariantCulture, $"{Operations.Values.Sum()} operations ({Told(Operations)}); {Faults.Values.Sum()} faults ({Told(Faults)}); ");
        text.Append(CultureInfo.InvariantCulture, $"{Recording.Outcome.Logs.Count} sessions, {Acknowledged} messages acknowledged, {Recording.Outcome.Ledger.Count} run, {Logged} events logged, {Seen} seen; ");
        text.Append(CultureInfo.InvariantCulture, $"{Lost} lost, {Doubled} doubled, {Violations.Count} violations, {Survivors.Count} processes left");
        foreach (var rule in Violations.CountBy(v => v.Rule))
        {
            text.Append(CultureInfo.InvariantCulture, $"\n  {rule.Key}: {rule.Value}");
        }

        foreach (var survivor in Survivors)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n  left behind: {survivor}");
        }

        if (Violations.Count > 0)
        {
            Explain(text, Violations[0]);
        }

        return text.ToString();
    }

    private void Explain(StringBuilder text, Violation violation)
    {
        text.Append(CultureInfo.InvariantCulture, $"\nThe first: {violation.Rule} in session {violation.Session}: {violation.Sentence}\n");
        var about = Recording.Entries.Where(e => e is Fault || e.About is null || e.About == violation.Session).ToList();
        var at = violation.Entry is { } number ? about.FindIndex(e => e.Number >= number) : about.Count;
        foreach (var entry in about.Skip(Math.Max(0, at - Around)).Take(2 * Around))
        {
            text.Append(CultureInfo.InvariantCulture, $"{(entry.Number == violation.Entry ? '>' : ' ')} {entry.Number,6} {entry.Seconds,7:0.000} s {Told(entry)}\n");
        }

        if (violation.Session is { } session && Recording.Outcome.Logs.TryGetValue(session, out var log))
        {
            text.Append("The end of the session's log:\n");
            foreach (var logged in log.TakeLast(2 * Around))
            {
                text.Append(CultureInfo.InvariantCulture, $"  {Short(logged.Json)}\n");
            }
        }

        text.Append("The end of the daemon's log:\n").AppendJoin('\n', DaemonLog);
    }

    private int Count(params Rule[] rules) => Violations.Count(v => rules.Contains(v.Rule));

    private static string Told(Entry entry) => entry is Saw saw
        ? $"client {saw.Client} on {saw.Connection} saw {Short(saw.Event.Json)}"
        : entry.ToString();

    private static string Short(string json) => json.Length <= 240 ? json : json[..240] + "…";

    private static string Told<TKey>(IReadOnlyDictionary<TKey, int> counts) => string.Join(", ", counts.OrderByDescending(c => c.Value).Select(c => $"{c.Value} {c.Key}"));
}
