using PocketCoder.Nemesis.History;

namespace PocketCoder.Nemesis.Checks;

/// <summary>A prompt is closed exactly once, as the one client decided whose answer was taken.</summary>
internal static class Prompts
{
    public static IEnumerable<Violation> Check(Recording recording)
    {
        var answers = recording.Entries.OfType<PromptAnswered>().ToLookup(a => a.PromptId);
        return recording.Outcome.Logs.SelectMany(log => Closed(log.Key, log.Value, answers))
            .Concat(answers.Where(same => same.Count() > 1).Select(same =>
                new Violation(Rule.PromptWrong, $"The answers of {same.Count()} clients to prompt {same.Key} were taken.", same.First().Session, same.Last().Number)));
    }

    private static IEnumerable<Violation> Closed(string session, IReadOnlyList<LoggedEvent> log, ILookup<string, PromptAnswered> answers)
    {
        HashSet<string> open = [], all = [];
        foreach (var logged in log)
        {
            switch (logged)
            {
                case { Type: "prompt", PromptId: { } asked }:
                    if (!all.Add(asked) || !open.Add(asked))
                    {
                        yield return new Violation(Rule.PromptWrong, $"Prompt {asked} was asked again at event {logged.Seq}.", session);
                    }

                    break;
                case { Type: "prompt_resolved", PromptId: { } closed }:
                    if (!open.Remove(closed))
                    {
                        yield return new Violation(Rule.PromptWrong, $"Event {logged.Seq} closes prompt {closed}, which is not open.", session);
                    }
                    else if (answers[closed].FirstOrDefault() is { } answer && logged.Outcome != (answer.Allow ? "allowed" : "denied"))
                    {
                        yield return new Violation(
                            Rule.PromptWrong, $"Client {answer.Client} {(answer.Allow ? "allowed" : "denied")} prompt {closed}, and it is {logged.Outcome}.", session, answer.Number);
                    }

                    break;
            }
        }

        foreach (var prompt in open)
        {
            yield return new Violation(Rule.PromptWrong, $"Prompt {prompt} was never closed.", session);
        }
    }
}
