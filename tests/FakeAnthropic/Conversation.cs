using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace PocketCoder.FakeAnthropic;

/// <summary>Reads what a request to the Messages API says: who typed what, and what the tools answered.</summary>
internal sealed partial class Conversation(JsonObject request)
{
    private readonly List<JsonObject> _messages = [.. (request["messages"] as JsonArray ?? []).OfType<JsonObject>()];

    public bool HasTools => request["tools"] is JsonArray { Count: > 0 };

    /// <summary>The newest text of a user that chooses a script, and how many answers were given since.</summary>
    public (string Text, int Answers)? Newest(Func<string, bool> choosesScript)
    {
        for (var i = _messages.Count - 1; i >= 0; i--)
        {
            if (IsFrom(_messages[i], "user") && Texts(_messages[i]).LastOrDefault(choosesScript) is { } text)
            {
                return (text, _messages.Skip(i).Count(m => IsFrom(m, "assistant")));
            }
        }

        return null;
    }

    /// <summary>What the person said first, without markers and without what the CLI adds.</summary>
    public string FirstTyped() => _messages
        .Where(m => IsFrom(m, "user"))
        .SelectMany(Texts)
        .Where(text => !text.TrimStart().StartsWith('<'))
        .Select(text => Scenarios.WithoutMarkers(text).Trim())
        .FirstOrDefault(text => text.Length > 0) ?? "";

    /// <summary>The tool results since the last answer, joined. Reminders may stand behind them, so the last message alone is not enough.</summary>
    public string LatestToolResults() => string.Join('\n', _messages
        .Skip(_messages.FindLastIndex(m => IsFrom(m, "assistant")) + 1)
        .SelectMany(Blocks)
        .Where(block => (string?)block["type"] == "tool_result")
        .Select(block => ContentText(block["content"])));

    /// <summary>Replaces {{cwd}}, {{first}} and {{find:REGEX}} by what the conversation says.</summary>
    public string Fill(string template) => Placeholder().Replace(template, match => match.Groups[1].Value switch
    {
        "cwd" => WorkingDirectory(),
        "first" => FirstTyped(),
        var find => Regex.Match(AllText(), find["find:".Length..]).Value,
    });

    public JsonNode Fill(JsonNode template) => template switch
    {
        JsonObject o => new JsonObject(o.Select(p => KeyValuePair.Create(p.Key, p.Value is null ? null : Fill(p.Value)))),
        JsonArray a => new JsonArray([.. a.Select(item => item is null ? null : Fill(item))]),
        JsonValue v when v.TryGetValue(out string? text) => JsonValue.Create(Fill(text)),
        _ => template.DeepClone(),
    };

    private string WorkingDirectory() =>
        WorkingDirectoryLine().Match(AllText()) is { Success: true } match ? match.Groups[1].Value.Trim() : ".";

    private string AllText() => string.Join('\n', _messages.SelectMany(Texts).Append(ContentText(request["system"])));

    private static bool IsFrom(JsonObject message, string role) => (string?)message["role"] == role;

    private static IEnumerable<string> Texts(JsonObject message) => message["content"] is JsonValue value
        ? [(string)value!]
        : Blocks(message).Where(block => (string?)block["type"] == "text").Select(block => (string?)block["text"] ?? "");

    private static IEnumerable<JsonObject> Blocks(JsonObject message) => (message["content"] as JsonArray ?? []).OfType<JsonObject>();

    private static string ContentText(JsonNode? content) => content switch
    {
        JsonValue value => (string?)value ?? "",
        JsonArray blocks => string.Join('\n', blocks.Select(block => (string?)block?["text"] ?? "")),
        _ => "",
    };

    [GeneratedRegex(@"\{\{(cwd|first|find:.+?)\}\}")]
    private static partial Regex Placeholder();

    [GeneratedRegex("[Ww]orking directory: (.+)")]
    private static partial Regex WorkingDirectoryLine();
}
