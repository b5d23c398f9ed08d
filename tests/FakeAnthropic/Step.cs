using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace PocketCoder.FakeAnthropic;

/// <summary>What the model does in one round: one answer, one failure, or a choice between two by the last tool result.</summary>
internal sealed record Step
{
    /// <summary>Short for one text block.</summary>
    public string? Text { get; init; }

    public IReadOnlyList<Block>? Blocks { get; init; }

    /// <summary>How many deltas each block is cut into.</summary>
    public int Chunks { get; init; } = 4;

    public int ChunkDelayMs { get; init; }

    public int DelayMs { get; init; }

    /// <summary>The names that hold the stream: the first before the second delta, the second before the third, and so on.</summary>
    [JsonConverter(typeof(OneOrManyConverter))]
    public IReadOnlyList<string> WaitFor { get; init; } = [];

    public string? Stop { get; init; }

    public JsonObject? Usage { get; init; }

    public ApiError? Error { get; init; }

    /// <summary>"before" the headers or "mid" stream.</summary>
    public string? Drop { get; init; }

    /// <summary>This step stands for the first N requests that reach it; afterwards the next one takes its place.</summary>
    public int? Times { get; init; }

    public ToolResultChoice? IfToolResult { get; init; }
}

/// <summary>One content block: text, thinking, or a tool call.</summary>
internal sealed record Block
{
    public string? Text { get; init; }

    public string? Thinking { get; init; }

    public string? Tool { get; init; }

    public JsonObject? Input { get; init; }
}

internal sealed record ApiError(int Status, string Type, string Message);

internal sealed record ToolResultChoice(string Match, Step Then, Step Else);
