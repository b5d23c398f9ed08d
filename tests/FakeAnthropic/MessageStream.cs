using System.Text.Json.Nodes;

namespace PocketCoder.FakeAnthropic;

/// <summary>Sends one message as server-sent events, at the step's pace and through its gates.</summary>
internal sealed class MessageStream(HttpContext http, Step step, Gates gates)
{
    private int _deltas;

    public async Task SendAsync(Message message)
    {
        http.Response.ContentType = "text/event-stream";
        await EventAsync("message_start", new() { ["message"] = message.Begun() });
        await EventAsync("ping", []);

        foreach (var (index, block) in message.Blocks.Index())
        {
            await SendBlockAsync(index, block);
            if (http.RequestAborted.IsCancellationRequested)
            {
                return;
            }
        }

        await EventAsync("message_delta", new()
        {
            ["delta"] = new JsonObject { ["stop_reason"] = message.StopReason, ["stop_sequence"] = null },
            ["usage"] = new JsonObject { ["output_tokens"] = message.Usage["output_tokens"]?.DeepClone() },
        });
        await EventAsync("message_stop", []);
    }

    private async Task SendBlockAsync(int index, JsonObject block)
    {
        var (empty, whole, deltaType, deltaField) = Parts(block);
        await EventAsync("content_block_start", new() { ["index"] = index, ["content_block"] = empty });
        foreach (var piece in Cut(whole))
        {
            await BeforeDeltaAsync();
            if (http.RequestAborted.IsCancellationRequested)
            {
                return;
            }

            await DeltaAsync(index, new JsonObject { ["type"] = deltaType, [deltaField] = piece });
        }

        if (block["signature"] is { } signature)
        {
            await DeltaAsync(index, new JsonObject { ["type"] = "signature_delta", ["signature"] = signature.DeepClone() });
        }

        await EventAsync("content_block_stop", new() { ["index"] = index });
    }

    private static (JsonObject Empty, string Whole, string DeltaType, string DeltaField) Parts(JsonObject block) => (string?)block["type"] switch
    {
        "tool_use" => (
            new() { ["type"] = "tool_use", ["id"] = block["id"]!.DeepClone(), ["name"] = block["name"]!.DeepClone(), ["input"] = new JsonObject() },
            block["input"]!.ToJsonString(), "input_json_delta", "partial_json"),
        "thinking" => (new() { ["type"] = "thinking", ["thinking"] = "", ["signature"] = "" }, (string)block["thinking"]!, "thinking_delta", "thinking"),
        _ => (new() { ["type"] = "text", ["text"] = "" }, (string)block["text"]!, "text_delta", "text"),
    };

    private async Task BeforeDeltaAsync()
    {
        if (_deltas > 0 && _deltas <= step.WaitFor.Count)
        {
            await gates.WaitAsync(step.WaitFor[_deltas - 1], http.RequestAborted);
        }

        if (_deltas > 0)
        {
            await Task.Delay(step.ChunkDelayMs, http.RequestAborted);
        }

        if (_deltas == 2 && step.Drop == "mid")
        {
            http.Abort();
        }

        _deltas++;
    }

    private IEnumerable<string> Cut(string text)
    {
        var chunks = Math.Max(1, step.Chunks);
        var size = Math.Max(1, (text.Length + chunks - 1) / chunks);
        return text.Length == 0 ? [""] : text.Chunk(size).Select(piece => new string(piece));
    }

    private Task DeltaAsync(int index, JsonObject delta) => EventAsync("content_block_delta", new() { ["index"] = index, ["delta"] = delta });

    private async Task EventAsync(string type, JsonObject data)
    {
        data.Insert(0, "type", type);
        await http.Response.WriteAsync($"event: {type}\ndata: {data.ToJsonString()}\n\n", http.RequestAborted);
        await http.Response.Body.FlushAsync(http.RequestAborted);
    }
}
