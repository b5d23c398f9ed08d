using PocketCoder.Nemesis.History;

namespace PocketCoder.Nemesis.Checks;

/// <summary>
/// Each message is given to the agent at most once and has one <c>done</c> and each <c>done</c> a message, in the order of the messages; a turn that ended
/// well was run and has its answer, once. What was to go into a running turn does not wait its turn, and is told as given once more when the agent makes it
/// a turn of its own.
/// </summary>
internal static class Turns
{
    public static IEnumerable<Violation> Check(Recording recording)
    {
        var run = recording.Outcome.Ledger.ToHashSet();
        var steered = recording.Entries.OfType<Sent>().Where(s => s.Steer).Select(s => s.MessageId).ToHashSet();
        return recording.Outcome.Logs.SelectMany(log => Ends(log.Key, log.Value, steered).Concat(Answers(log.Key, log.Value, run)));
    }

    private static IEnumerable<Violation> Ends(string session, IReadOnlyList<LoggedEvent> log, HashSet<string> steered)
    {
        Dictionary<string, long> waiting = [];
        HashSet<string> ended = [];
        Dictionary<string, int> given = [];
        long last = 0;
        foreach (var logged in log)
        {
            if (logged is { Type: "user", MessageId: { } asked })
            {
                waiting[asked] = logged.Seq;
            }

            if (logged is { Type: "status", MessageId: { } receipt }
                && ((given[receipt] = given.GetValueOrDefault(receipt) + 1) > (steered.Contains(receipt) ? 2 : 1) || !waiting.ContainsKey(receipt)))
            {
                yield return new Violation(Rule.RunTwice, $"Event {logged.Seq} gives message {receipt}, which was given or does not wait.", session);
            }

            if (logged is { Type: "done", MessageId: null })
            {
                yield return new Violation(Rule.EndedTwice, $"Event {logged.Seq} ends a turn that nobody asked for.", session);
            }

            foreach (var message in logged.Ends())
            {
                if (!waiting.Remove(message, out var at))
                {
                    yield return new Violation(
                        Rule.EndedTwice, $"Event {logged.Seq} ends message {message}, {(ended.Contains(message) ? "which had ended" : "which had not come")}.", session);
                }
                else if (message == logged.MessageId && !steered.Contains(message))
                {
                    if (at < last)
                    {
                        yield return new Violation(Rule.OrderBroken, $"Message {message} came before the one that ended before it.", session);
                    }

                    last = at;
                }

                ended.Add(message);
            }
        }

        foreach (var (message, seq) in waiting)
        {
            yield return new Violation(Rule.NotEnded, $"Message {message} (event {seq}) has no end.", session);
        }
    }

    // The agent says a message's id in its answer to it.
    private static IEnumerable<Violation> Answers(string session, IReadOnlyList<LoggedEvent> log, HashSet<string> run)
    {
        var texts = log.Where(e => e.Type == "text").ToLookup(e => e.Text!.Split(' ')[^1]);
        var users = log.Where(e => e is { Type: "user", MessageId: not null }).DistinctBy(e => e.MessageId).ToDictionary(e => e.MessageId!);
        foreach (var (id, user) in users)
        {
            if (texts[id].Count() > 1)
            {
                yield return new Violation(Rule.AnswerWrong, $"The answer to message {id} is there {texts[id].Count()} times.", session);
            }
        }

        foreach (var done in log.Where(e => e is { Type: "done", EndedWell: true, MessageId: not null }))
        {
            var id = done.MessageId!;
            if (!run.Contains(id))
            {
                yield return new Violation(Rule.AnswerWrong, $"Message {id} ended well at event {done.Seq}, and no agent has run it.", session);
            }
            else if (!texts[id].Any(text => text.Seq < done.Seq && users.GetValueOrDefault(id)?.Seq < text.Seq))
            {
                yield return new Violation(Rule.AnswerWrong, $"Message {id} ended well at event {done.Seq} without its answer before it.", session);
            }
        }
    }
}
