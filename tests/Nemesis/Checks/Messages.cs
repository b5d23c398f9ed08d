using PocketCoder.Nemesis.History;

namespace PocketCoder.Nemesis.Checks;

/// <summary>A message that was acknowledged is in the log once, where the answer said; no message is there or is run twice; they stand in the order of their sending.</summary>
internal static class Messages
{
    public static IEnumerable<Violation> Check(Recording recording)
    {
        var users = recording.Outcome.Logs.Values.SelectMany(log => log).Where(e => e.Type == "user").ToLookup(e => e.MessageId ?? "");
        var sent = recording.Entries.OfType<Sent>().GroupBy(s => s.MessageId).ToDictionary(g => g.Key, g => g.First());
        var acknowledged = recording.Entries.OfType<Acknowledged>().GroupBy(a => a.MessageId).ToDictionary(g => g.Key, g => g.First());
        return
        [
            .. recording.Entries.OfType<Acknowledged>().DistinctBy(a => (a.MessageId, a.Session)).Where(a => users[a.MessageId].All(e => e.Session != a.Session)).Select(a =>
                new Violation(Rule.MessageLost, $"Message {a.MessageId} was acknowledged and is not in the log.", a.Session, a.Number)),
            .. users.Where(same => same.Count() > 1).Select(same =>
                new Violation(Rule.MessageDoubled, $"Message {same.Key} is there {same.Count()} times: {Places(same)}.", same.First().Session)),
            .. users.Where(same => !sent.ContainsKey(same.Key)).Select(same =>
                new Violation(Rule.Unexplained, $"Message {same.Key} was sent by nobody.", same.First().Session)),
            .. recording.Outcome.Ledger.CountBy(id => id).Where(run => run.Value > 1).Select(run =>
                new Violation(Rule.RunTwice, $"Message {run.Key} was run {run.Value} times.", SessionOf(run.Key))),
            .. recording.Outcome.Ledger.Distinct().Where(id => !users.Contains(id)).Select(id =>
                new Violation(Rule.RunUnlogged, $"Message {id} was run and is in no log.", SessionOf(id))),
            .. recording.Outcome.Logs.SelectMany(log => Order(log.Key, log.Value)),
        ];

        string? SessionOf(string messageId) => users[messageId].FirstOrDefault()?.Session ?? acknowledged.GetValueOrDefault(messageId)?.Session;

        // What was acknowledged before another was sent for the first time stands before it.
        IEnumerable<Violation> Order(string session, IReadOnlyList<LoggedEvent> log)
        {
            Acknowledged? later = null;
            foreach (var user in log.Where(e => e.Type == "user" && e.MessageId is not null).Reverse())
            {
                if (later is not null && sent.GetValueOrDefault(user.MessageId!) is { } first && later.Number < first.Number)
                {
                    yield return new Violation(
                        Rule.OrderBroken, $"Message {later.MessageId} was acknowledged before {user.MessageId} was sent, and stands behind it.", session, first.Number);
                }

                if (acknowledged.GetValueOrDefault(user.MessageId!) is { } answer && (later is null || answer.Number < later.Number))
                {
                    later = answer;
                }
            }
        }
    }

    private static string Places(IEnumerable<LoggedEvent> events) => string.Join(", ", events.Select(e => $"{e.Session} {e.Seq}"));
}
