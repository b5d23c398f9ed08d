using System.Text.Json.Nodes;

namespace PocketCoder.FakeClaude;

/// <summary>Writes the lines of a turn in the shapes and the order of the real CLI.</summary>
internal sealed class Events(Pipes pipes, string sessionId)
{
    public const string Model = "claude-opus-5-5";

    private readonly List<string> _taken = [];
    private string _messageId = "";
    private IReadOnlyList<string> _background = [];

    public void Init(string permissionMode) => Line(new JsonObject
    {
        ["type"] = "system",
        ["subtype"] = "init",
        ["cwd"] = Environment.CurrentDirectory,
        ["tools"] = new JsonArray("Bash", "Edit", "Read", "Write"),
        ["mcp_servers"] = new JsonArray(),
        ["model"] = Model,
        ["permissionMode"] = permissionMode,
        ["slash_commands"] = new JsonArray("compact"),
        ["claude_code_version"] = "2.1.330",
    });

    public void Status(string permissionMode) => Line(new JsonObject
    {
        ["type"] = "system",
        ["subtype"] = "status",
        ["status"] = null,
        ["permissionMode"] = permissionMode,
    });

    /// <summary>A whole text block, streamed word by word.</summary>
    public void Text(string text)
    {
        Begin();
        foreach (var (index, word) in text.Split(' ').Index())
        {
            Delta(index == 0 ? word : $" {word}");
        }

        Block(new JsonObject { ["type"] = "text", ["text"] = text });
        Stream(new JsonObject { ["type"] = "content_block_stop", ["index"] = 0 });
        Stream(new JsonObject { ["type"] = "message_stop" });
    }

    public void Begin()
    {
        _messageId = $"msg_{Guid.NewGuid():N}";
        Stream(new JsonObject { ["type"] = "message_start", ["message"] = new JsonObject { ["id"] = _messageId, ["role"] = "assistant", ["content"] = new JsonArray() } });
        Stream(new JsonObject { ["type"] = "content_block_start", ["index"] = 0, ["content_block"] = new JsonObject { ["type"] = "text", ["text"] = "" } });
    }

    public void Delta(string text) => Stream(new JsonObject
    {
        ["type"] = "content_block_delta",
        ["index"] = 0,
        ["delta"] = new JsonObject { ["type"] = "text_delta", ["text"] = text },
    });

    public void Block(JsonObject block, bool aborted = false)
    {
        JsonObject line = new()
        {
            ["type"] = "assistant",
            ["message"] = new JsonObject { ["id"] = _messageId, ["role"] = "assistant", ["model"] = Model, ["content"] = new JsonArray(block), ["stop_reason"] = null },
            ["parent_tool_use_id"] = null,
        };
        if (aborted)
        {
            line["aborted"] = true;
        }

        Line(line);
    }

    /// <summary>The echo of a message that goes into this turn.</summary>
    public void Took(JsonObject message)
    {
        if ((string?)message["uuid"] is { } uuid)
        {
            _taken.Add(uuid);
        }

        var echo = message.DeepClone().AsObject();
        echo["isReplay"] = true;
        echo["session_id"] = sessionId;
        pipes.Write(echo);
    }

    /// <summary>The full set of what runs beside the turns.</summary>
    public void Background(params string[] tasks)
    {
        _background = tasks;
        Line(new JsonObject
        {
            ["type"] = "system",
            ["subtype"] = "background_tasks_changed",
            ["tasks"] = new JsonArray([.. tasks.Select(task => new JsonObject { ["task_id"] = task, ["task_type"] = "local_bash", ["description"] = task })]),
        });
    }

    public void TaskStopped(string task) => Background([.. _background.Where(running => running != task)]);

    public void User(JsonObject block) => Line(new JsonObject
    {
        ["type"] = "user",
        ["message"] = new JsonObject { ["role"] = "user", ["content"] = new JsonArray(block) },
        ["parent_tool_use_id"] = null,
    });

    public void Result(string? text, string? terminalReason = null)
    {
        JsonArray taken = [.. _taken.Select(uuid => (JsonNode)uuid)];
        _taken.Clear();
        Line(new JsonObject
        {
            ["user_message_uuids"] = taken,
            ["type"] = "result",
            ["subtype"] = terminalReason is null ? "success" : "error_during_execution",
            ["is_error"] = terminalReason is not null,
            ["terminal_reason"] = terminalReason ?? "completed",
            ["result"] = text,
            ["duration_ms"] = 1,
            ["num_turns"] = 1,
            ["total_cost_usd"] = 0.01,
            ["usage"] = new JsonObject { ["input_tokens"] = 10, ["output_tokens"] = 5 },
            ["permission_denials"] = new JsonArray(),
            ["queued_turn_count"] = 0,
        });
    }

    private void Stream(JsonObject data) =>
        Line(new JsonObject { ["type"] = "stream_event", ["event"] = data, ["parent_tool_use_id"] = null, ["api_message_id"] = _messageId });

    private void Line(JsonObject line)
    {
        line["session_id"] = sessionId;
        line["uuid"] = Guid.NewGuid().ToString();
        pipes.Write(line);
    }
}
