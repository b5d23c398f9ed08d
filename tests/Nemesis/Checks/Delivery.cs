using PocketCoder.Nemesis.History;

namespace PocketCoder.Nemesis.Checks;

/// <summary>
/// What one connection was sent of one session. Whoever follows a session gets each event as soon as it is, by one after the other; whoever attached has got
/// all when it is told so; and nothing comes more often than it was asked for. An open prompt is told again to each who attaches.
/// </summary>
internal static class Delivery
{
    private sealed class Reader
    {
        public long Cursor { get; set; }

        public bool Follows { get; set; }

        public List<long> Asked { get; } = [];

        public Dictionary<long, int> Got { get; } = [];
    }

    public static IEnumerable<Violation> Check(Recording recording)
    {
        Dictionary<(int Connection, string Session), Reader> readers = [];

        // The session does not exist for its client before the answer, which may be lost while the events come.
        var begun = recording.Outcome.Logs
            .Where(log => log.Value is [{ MessageId: not null }, ..])
            .DistinctBy(log => log.Value[0].MessageId)
            .ToDictionary(log => log.Value[0].MessageId!, log => log.Key);
        Reader Of(int connection, string session) =>
            readers.TryGetValue((connection, session), out var reader) ? reader : readers[(connection, session)] = new Reader();

        foreach (var entry in recording.Entries)
        {
            switch (entry)
            {
                case Sent { Session: null } sent when begun.TryGetValue(sent.MessageId, out var session):
                    Of(sent.Connection, session).Asked.Add(0);
                    break;
                case Acknowledged { Begins: true } answer:
                    Of(answer.Connection, answer.Session).Follows = true;
                    break;
                case MachineChanged changed:
                    foreach (var (_, reader) in readers.Where(r => r.Key.Connection == changed.Connection))
                    {
                        reader.Follows = false;
                    }

                    break;
                case AttachAsked asked:
                    var asker = Of(asked.Connection, asked.Session);
                    (asker.Cursor, asker.Follows) = (asked.After, false);
                    asker.Asked.Add(asked.After);
                    break;
                case AttachAnswered { More: false, Resync: false } answer:
                    var follower = Of(answer.Connection, answer.Session);
                    follower.Follows = true;
                    if (follower.Cursor < answer.LastSeq)
                    {
                        yield return new Violation(
                            Rule.EventMissed, $"Client {answer.Client} was told that {answer.LastSeq} is the last event, and had been sent {follower.Cursor}.", answer.Session, answer.Number);
                    }

                    break;
                case Saw saw when Hear(saw, Of(saw.Connection, saw.Event.Session)) is { } violation:
                    yield return violation;
                    break;
            }
        }
    }

    private static Violation? Hear(Saw saw, Reader reader)
    {
        var seq = saw.Event.Seq;
        var got = reader.Got[seq] = reader.Got.GetValueOrDefault(seq) + 1;
        if (seq == reader.Cursor + 1)
        {
            reader.Cursor = seq;
        }
        else if (seq > reader.Cursor && reader.Follows)
        {
            var missed = new Violation(Rule.EventMissed, $"Client {saw.Client} followed the session, had {reader.Cursor} and was sent {seq}.", saw.Event.Session, saw.Number);
            reader.Cursor = seq;
            return missed;
        }

        return got > reader.Asked.Count(after => after < seq) && saw.Event.Type != "prompt"
            ? new Violation(Rule.EventDoubled, $"Client {saw.Client} was sent event {seq} {got} times and had asked for it {got - 1} times.", saw.Event.Session, saw.Number)
            : null;
    }
}
