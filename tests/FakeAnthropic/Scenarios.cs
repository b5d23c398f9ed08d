using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace PocketCoder.FakeAnthropic;

/// <summary>
/// Chooses the step for a request. The script is named by a marker in the newest user message that has one, or is called like the whole
/// message; the step is the number of answers given since. So the fake remembers nothing, and resumed sessions, forks and subagents find
/// their place by themselves.
/// </summary>
internal sealed partial class Scenarios(Dictionary<string, Step[]> named)
{
    private static readonly Step Helper = new() { Text = """{"title": "A fake title"}""" };

    private readonly Dictionary<(string, int), int> _uses = [];

    public static Scenarios Load(string path) =>
        new(JsonSerializer.Deserialize<Dictionary<string, Step[]>>(File.ReadAllText(path), JsonSerializerOptions.Web)!);

    public static string WithoutMarkers(string text) => Marker().Replace(text, "");

    public (string Name, int Number, Step Step) Choose(JsonObject request)
    {
        Conversation conversation = new(request);
        if (!conversation.HasTools)
        {
            // Without tools the CLI asks for a title or a topic, not for the next turn.
            return ("helper", 0, Helper);
        }

        var chosen = conversation.Newest(text => named.ContainsKey(text.Trim()) || Marker().IsMatch(text));
        var (name, steps) = chosen is null ? ("text", named["text"]) : Find(chosen.Value.Text);
        var number = Math.Min(SkipUsedUp(name, steps, chosen?.Answers ?? 0), steps.Length - 1);
        var step = steps[number];
        if (step.IfToolResult is { } choice)
        {
            step = Regex.IsMatch(conversation.LatestToolResults(), choice.Match, RegexOptions.IgnoreCase) ? choice.Then : choice.Else;
        }

        return (name, number, step);
    }

    private (string Name, Step[] Steps) Find(string text)
    {
        if (named.TryGetValue(text.Trim(), out var own))
        {
            return (text.Trim(), own);
        }

        var marker = Marker().Matches(text)[^1];
        var name = marker.Groups["name"].Value;
        return marker.Groups["steps"] is { Success: true } inline
            ? ("inline", JsonSerializer.Deserialize<Step[]>(inline.ValueSpan, JsonSerializerOptions.Web)!)
            : (name, named.GetValueOrDefault(name) ?? [new Step { Text = $"The fake API has no scenario {name}." }]);
    }

    // A step that has served its `times` gives its place to the one after it.
    private int SkipUsedUp(string name, Step[] steps, int answers)
    {
        var number = 0;
        lock (_uses)
        {
            for (; number < steps.Length; number++)
            {
                if (steps[number].Times is { } times)
                {
                    var used = _uses.GetValueOrDefault((name, number));
                    if (used >= times)
                    {
                        continue;
                    }

                    if (answers == 0)
                    {
                        _uses[(name, number)] = used + 1;
                        return number;
                    }
                }

                if (answers-- == 0)
                {
                    return number;
                }
            }
        }

        return number;
    }

    // The array of an inline script may end in "]", so the closing "]]" is the last of a run of brackets.
    [GeneratedRegex(@"\[\[(?:scenario:(?<name>[\w.-]+)|steps:(?<steps>\[.+?\])\s*)\]\](?!\])", RegexOptions.Singleline)]
    private static partial Regex Marker();
}
