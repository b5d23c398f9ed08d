using PocketCoder.Nemesis.History;

namespace PocketCoder.Nemesis.Checks;

/// <summary>At the end nothing is open; meanwhile nothing failed for a reason that is no fault's, and the logs kept their name.</summary>
internal static class Rest
{
    // What an answer may say of a system that things are done to. A prompt can be answered too late.
    private static readonly HashSet<string> Explained = ["MACHINE_OFFLINE", "RELAY_TIMEOUT", "DAEMON_BUSY"];

    public static IEnumerable<Violation> Check(Recording recording) =>
    [
        .. recording.Outcome.States.Where(s => s.Value != new SessionRest("idle", 0, 0)).Select(s =>
            new Violation(Rule.NotIdle, $"The session is {s.Value.State}, {s.Value.Queued} messages wait, {s.Value.OpenPrompts} prompts are open.", s.Key)),
        .. recording.Entries.OfType<Refused>().Where(r => !Explained.Contains(r.Code) && r is not { Request: "agent_prompt_response", Code: "NOT_FOUND" }).Select(r =>
            new Violation(Rule.Unexplained, $"Client {r.Client}'s {r.Request} failed: {r.Code} {r.Message}", r.Session, r.Number)),
        .. recording.Entries.OfType<AttachAnswered>().Where(a => a.Resync).Select(a =>
            new Violation(Rule.Unexplained, "The client's cursor was taken for one of another log.", a.Session, a.Number)),
        .. recording.Entries.OfType<AttachAnswered>().Select(a => a.Epoch).Distinct().Skip(1).Select(epoch =>
            new Violation(Rule.Unexplained, $"The logs were given another epoch, {epoch}.")),
    ];
}
