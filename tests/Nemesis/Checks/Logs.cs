using PocketCoder.Nemesis.History;

namespace PocketCoder.Nemesis.Checks;

/// <summary>What anybody saw is in the log, with the same bytes under the same number; the numbers have no hole.</summary>
internal static class Logs
{
    public static IEnumerable<Violation> Check(Recording recording)
    {
        foreach (var (session, log) in recording.Outcome.Logs)
        {
            foreach (var (index, logged) in log.Index())
            {
                if (logged.Seq != index + 1)
                {
                    yield return new Violation(Rule.NumbersBroken, $"The log's event {index + 1} has the number {logged.Seq}.", session);
                    break;
                }
            }
        }

        var bySeq = recording.Outcome.Logs.ToDictionary(
            log => log.Key, log => log.Value.DistinctBy(e => e.Seq).ToDictionary(e => e.Seq));
        foreach (var saw in recording.Entries.OfType<Saw>())
        {
            var seen = saw.Event;
            if (bySeq.GetValueOrDefault(seen.Session)?.GetValueOrDefault(seen.Seq) is not { } logged)
            {
                yield return new Violation(Rule.EventLost, $"Client {saw.Client} saw event {seen.Seq} ({seen.Type}); the log has none of this number.", seen.Session, saw.Number);
            }
            else if (logged.Json != seen.Json)
            {
                yield return new Violation(
                    Rule.EventReplaced, $"Client {saw.Client} saw event {seen.Seq} as {seen.Json}; the log has {logged.Json}.", seen.Session, saw.Number);
            }
        }
    }
}
