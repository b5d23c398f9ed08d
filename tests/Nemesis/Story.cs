using System.Text.Json.Nodes;
using PocketCoder.Nemesis.Checks;
using PocketCoder.Nemesis.History;

namespace PocketCoder.Nemesis;

/// <summary>A recording made by hand: begins as a run in which all went well, for tests that spoil one thing.</summary>
internal sealed class Story
{
    public const string Session = "s";

    public List<Entry> Entries { get; } = [];

    public List<JsonObject> Log { get; } = [];

    public List<string> Ledger { get; } = [];

    public SessionRest Rest { get; set; } = new("idle", 0, 0);

    /// <summary>Client 1 begins a session with m1, its client sends m2, which asks for a permission; client 2 attaches, answers, and sees all.</summary>
    public static Story Good()
    {
        Story story = new();
        story.Entries.AddRange([new Sent(1, 1, "m1", null, "say m1"), new Acknowledged(1, 1, "m1", Session, Begins: true)]);
        story.Happens(1, "user", ("messageId", "m1"), ("content", "say m1"));
        story.Happens(1, "text", ("text", "m1"));
        story.Happens(1, "done", ("messageId", "m1"));
        story.Entries.AddRange([new Sent(1, 1, "m2", Session, "ask-permission m2"), new Acknowledged(1, 1, "m2", Session)]);
        story.Happens(1, "user", ("messageId", "m2"), ("content", "ask-permission m2"));
        story.Happens(1, "prompt", ("promptId", "p1"));
        story.Entries.Add(new AttachAsked(2, 2, Session, 0));
        story.Entries.AddRange(story.Log.Select((_, index) => story.SawBy(2, index)));
        story.Entries.AddRange([new AttachAnswered(2, 2, Session, 5, "e"), new PromptAnswered(2, Session, "p1", Allow: true)]);
        story.Happens(2, "prompt_resolved", ("promptId", "p1"), ("outcome", "allowed"));
        story.Happens(2, "text", ("text", "Allowed. m2"));
        story.Happens(2, "done", ("messageId", "m2"));
        story.Ledger.AddRange(["m1", "m2"]);
        return story;
    }

    public IReadOnlyList<Rule> Broken() => [.. Violations().Select(v => v.Rule).Distinct()];

    public IReadOnlyList<Violation> Violations() => Checker.Check(new Recording(
        [.. Entries.Select((entry, index) => entry with { Number = index })],
        new Outcome(
            new Dictionary<string, IReadOnlyList<LoggedEvent>> { [Session] = [.. Log.Select(e => LoggedEvent.Parse(e.ToJsonString()))] },
            new Dictionary<string, SessionRest> { [Session] = Rest },
            Ledger)));

    /// <summary>An event is logged and told to this client.</summary>
    public void Happens(int client, string type, params (string Name, string Value)[] members)
    {
        Log.Add(Event(Log.Count + 1, type, members));
        Entries.Add(SawBy(client, Log.Count - 1));
    }

    /// <summary>The event of the log at this place, as a client was told of it.</summary>
    public Saw SawBy(int client, int index) => new(client, client, LoggedEvent.Parse(Log[index].ToJsonString()));

    public int IndexOf<T>(Func<T, bool> fits)
        where T : Entry => Entries.FindIndex(e => e is T entry && fits(entry));

    public static JsonObject Event(int seq, string type, params (string Name, string Value)[] members)
    {
        JsonObject happened = new() { ["type"] = type, ["agentSessionId"] = Session, ["seq"] = seq };
        foreach (var (name, value) in members)
        {
            happened[name] = value;
        }

        return happened;
    }
}
