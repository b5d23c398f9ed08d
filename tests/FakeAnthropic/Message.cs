using System.Text.Json.Nodes;

namespace PocketCoder.FakeAnthropic;

/// <summary>An answer of the model in the Messages API's shape.</summary>
internal sealed class Message
{
    private readonly JsonObject _head;

    public Message(JsonObject request, Step step)
    {
        Conversation conversation = new(request);
        Blocks = [.. (step.Blocks ?? [new Block { Text = step.Text ?? "" }]).Select(block => Build(block, conversation))];
        StopReason = step.Stop ?? (Blocks.Any(block => (string?)block["type"] == "tool_use") ? "tool_use" : "end_turn");
        Usage = new JsonObject
        {
            ["input_tokens"] = Reply.RoughTokens(request["messages"]),
            ["cache_creation_input_tokens"] = 0,
            ["cache_read_input_tokens"] = 0,
            ["output_tokens"] = 20,
        };
        foreach (var (name, value) in step.Usage ?? [])
        {
            Usage[name] = value?.DeepClone();
        }

        _head = new JsonObject
        {
            ["id"] = NewId("msg"),
            ["type"] = "message",
            ["role"] = "assistant",
            ["model"] = request["model"]?.DeepClone(),
            ["stop_sequence"] = null,
        };
    }

    public IReadOnlyList<JsonObject> Blocks { get; }

    public string StopReason { get; }

    public JsonObject Usage { get; }

    /// <summary>The message as `message_start` shows it: nothing said yet.</summary>
    public JsonObject Begun() => With([], null);

    public JsonObject Whole() => With([.. Blocks.Select(block => block.DeepClone())], StopReason);

    private JsonObject With(JsonArray content, string? stopReason)
    {
        var message = _head.DeepClone().AsObject();
        message["content"] = content;
        message["stop_reason"] = stopReason;
        message["usage"] = Usage.DeepClone();
        return message;
    }

    private static JsonObject Build(Block block, Conversation conversation) => block switch
    {
        { Tool: { } tool } => new JsonObject
        {
            ["type"] = "tool_use",
            ["id"] = NewId("toolu"),
            ["name"] = tool,
            ["input"] = conversation.Fill((JsonNode?)block.Input ?? new JsonObject()),
        },
        { Thinking: { } thinking } => new JsonObject { ["type"] = "thinking", ["thinking"] = thinking, ["signature"] = "c2lnbmVk" },
        _ => new JsonObject { ["type"] = "text", ["text"] = conversation.Fill(block.Text ?? "") },
    };

    private static string NewId(string prefix) => $"{prefix}_{Guid.NewGuid():N}";
}
