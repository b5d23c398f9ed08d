using System.Text.Json;

namespace PocketCoder.Nemesis.History;

/// <summary>An event with a number, as its bytes were, and what of it the rules look at.</summary>
internal sealed record LoggedEvent(string Session, long Seq, string Type, string Json)
{
    public string? MessageId { get; private init; }

    public string? PromptId { get; private init; }

    public string? Outcome { get; private init; }

    public string? Text { get; private init; }

    public IReadOnlyList<string> Steered { get; private init; } = [];

    /// <summary>Of a <c>done</c>: neither cancelled nor interrupted nor an error.</summary>
    public bool EndedWell { get; private init; }

    /// <summary>Null for what has no number: <c>text_delta</c> and <c>gap</c>.</summary>
    public static LoggedEvent? Of(JsonElement payload) => payload.TryGetProperty("seq", out var seq) && seq.ValueKind == JsonValueKind.Number
        ? new LoggedEvent(Member(payload, "agentSessionId")!, seq.GetInt64(), Member(payload, "type")!, payload.GetRawText())
        {
            MessageId = Member(payload, "messageId"),
            PromptId = Member(payload, "promptId"),
            Outcome = Member(payload, "outcome"),
            Text = Member(payload, "text") ?? Member(payload, "content"),
            Steered = payload.TryGetProperty("steered", out var steered) ? [.. steered.EnumerateArray().Select(id => id.GetString()!)] : [],
            EndedWell = !IsTrue(payload, "cancelled") && !IsTrue(payload, "isError") && !IsTrue(payload, "interrupted"),
        }
        : null;

    public static LoggedEvent Parse(string json) => Of(JsonElement.Parse(json)) ?? throw new ArgumentException("An event in a log has a number.", nameof(json));

    /// <summary>The messages whose end this is.</summary>
    public IEnumerable<string> Ends() => Type != "done" ? [] : MessageId is { } begun ? Steered.Prepend(begun) : Steered;

    private static string? Member(JsonElement payload, string name) =>
        payload.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static bool IsTrue(JsonElement payload, string name) => payload.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;
}
