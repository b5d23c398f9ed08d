using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;

namespace PocketCoder.FakeClaude;

/// <summary>
/// A stand-in for an agent that speaks ACP: the first word of each prompt says how the turn goes. FAKE_ACP says what it can (resume, load, images, modes, models)
/// and how it misbehaves (login, silent).
/// </summary>
internal sealed class AcpSession
{
    private readonly Stream _stdout = Console.OpenStandardOutput();
    private readonly Lock _writing = new();
    private readonly Channel<JsonObject> _answers = Channel.CreateUnbounded<JsonObject>();
    private readonly Channel<bool> _cancels = Channel.CreateUnbounded<bool>();
    private readonly HashSet<string> _can = [.. (Environment.GetEnvironmentVariable("FAKE_ACP") ?? "images,modes").Split(',')];
    private string _sessionId = Guid.NewGuid().ToString();
    private string _mode = "default", _model = "small";
    private bool _remembers;

    public async Task<int> RunAsync()
    {
        using StreamReader stdin = new(Console.OpenStandardInput());
        while (await stdin.ReadLineAsync() is { } line)
        {
            var message = JsonNode.Parse(line)!.AsObject();
            switch ((string?)message["method"])
            {
                case null:
                    _answers.Writer.TryWrite(message);
                    break;
                case "session/cancel":
                    _cancels.Writer.TryWrite(true);
                    break;
                case "session/prompt":
                    _ = Task.Run(() => PromptAsync(message));
                    break;
                case var method when !_can.Contains("silent"):
                    Answer(message, method);
                    break;
            }
        }

        return 0;
    }

    private void Answer(JsonObject request, string method)
    {
        var parameters = request["params"]!;
        switch (method)
        {
            case "initialize":
                Result(request, new JsonObject
                {
                    ["protocolVersion"] = 1,
                    ["agentInfo"] = new JsonObject { ["name"] = "fake", ["version"] = "1.2.3" },
                    ["agentCapabilities"] = new JsonObject
                    {
                        ["loadSession"] = _can.Contains("load"),
                        ["promptCapabilities"] = new JsonObject { ["image"] = _can.Contains("images") },
                        ["sessionCapabilities"] = _can.Contains("resume") ? new JsonObject { ["resume"] = new JsonObject() } : [],
                    },
                });
                break;
            case "session/new" when _can.Contains("login"):
                Error(request, -32000, "Authentication required");
                break;
            case "session/new":
                Result(request, Session());
                Update(new JsonObject
                {
                    ["sessionUpdate"] = "available_commands_update",
                    ["availableCommands"] = new JsonArray(new JsonObject { ["name"] = "init", ["description"] = "Look around", ["input"] = new JsonObject { ["hint"] = "where" } }),
                });
                break;
            case "session/load":
                (_sessionId, _remembers) = ((string)parameters["sessionId"]!, true);
                Chunk("user_message_chunk", "say old words");
                Chunk("agent_message_chunk", "Old words");
                Result(request, Session());
                Chunk("agent_message_chunk", "Late old words");
                break;
            case "session/resume":
                (_sessionId, _remembers) = ((string)parameters["sessionId"]!, true);
                Result(request, Session());
                break;
            case "session/set_mode":
                _mode = (string)parameters["modeId"]!;
                Result(request, []);
                break;
            case "session/set_model" when (string)parameters["modelId"]! == "none":
                Error(request, -32602, "No such model");
                break;
            case "session/set_model":
                _model = (string)parameters["modelId"]!;
                Result(request, []);
                break;
            default:
                Error(request, -32601, "Method not found");
                break;
        }
    }

    private JsonObject Session()
    {
        JsonObject session = new() { ["sessionId"] = _sessionId };
        if (_can.Contains("modes"))
        {
            session["modes"] = new JsonObject { ["currentModeId"] = _mode, ["availableModes"] = new JsonArray(new JsonObject { ["id"] = "default" }, new JsonObject { ["id"] = "autoEdit" }, new JsonObject { ["id"] = "plan" }) };
        }

        if (_can.Contains("models"))
        {
            session["models"] = new JsonObject { ["currentModelId"] = _model, ["availableModels"] = new JsonArray(new JsonObject { ["modelId"] = "small" }, new JsonObject { ["modelId"] = "large" }) };
        }

        return session;
    }

    private async Task PromptAsync(JsonObject request)
    {
        var blocks = request["params"]!["prompt"]!.AsArray();
        var words = ((string)blocks.Single(block => (string?)block!["type"] == "text")!["text"]!).Split(' ', 2);
        var rest = words.Length > 1 ? words[1] : "";
        switch (words[0])
        {
            case "say":
                Say(rest);
                break;
            case "think":
                Chunk("agent_thought_chunk", "Hm, ");
                Chunk("agent_thought_chunk", "well.");
                Say(rest);
                break;
            case "settings":
                Say($"{_mode} {_model} {blocks.Count - 1} {(_remembers ? "remembers" : "new")}");
                break;
            case "work":
                Work();
                break;
            case "ask":
                Say($"Chose {await AskAsync(rest.Split(' ', StringSplitOptions.RemoveEmptyEntries))}.");
                break;
            case "wait":
                Chunk("agent_message_chunk", "Waiting");
                await _cancels.Reader.ReadAsync();
                Stop(request, "cancelled");
                return;
            case "ask-and-wait":
                Stop(request, await AskAsync([]) == "cancelled" ? "cancelled" : "end_turn");
                return;
            case "hang":
                Chunk("agent_message_chunk", "Hanging");
                await Task.Delay(Timeout.Infinite);
                break;
            case "die":
                await Console.Error.WriteLineAsync("It broke.");
                Environment.Exit(3);
                break;
            case "odd":
                WriteLine("""{"jsonrpc":"2.0","method":"session/upd""");
                Write(new JsonObject { ["method"] = "session/update", ["params"] = new JsonObject { ["sessionId"] = "another", ["update"] = Text("agent_message_chunk", "Not ours") } });
                Write(new JsonObject { ["method"] = "somebody/knows", ["params"] = new JsonArray() });
                Write(new JsonObject { ["id"] = "read-1", ["method"] = "fs/read_text_file", ["params"] = new JsonObject { ["path"] = "/etc/passwd" } });
                Say($"Refused with {(await _answers.Reader.ReadAsync())["error"]!["code"]}.");
                break;
            case "big":
                Say(new string('x', int.Parse(rest, CultureInfo.InvariantCulture)));
                break;
            case "fail":
                Chunk("agent_message_chunk", "Trying");
                Error(request, -32603, "Internal error", new JsonObject { ["details"] = "The model is on holiday." });
                return;
            case "stop":
                Stop(request, rest);
                return;
        }

        Update(new JsonObject { ["sessionUpdate"] = "usage_update", ["used"] = 1234, ["size"] = 200000, ["cost"] = new JsonObject { ["amount"] = 0.25, ["currency"] = "USD" } });
        Stop(request, "end_turn");
    }

    private void Work()
    {
        Update(new JsonObject
        {
            ["sessionUpdate"] = "plan",
            ["entries"] = new JsonArray(new JsonObject { ["content"] = "Look", ["status"] = "completed" }, new JsonObject { ["content"] = "Write", ["status"] = "in_progress" }),
        });
        Tool("tool_call", "t1", new JsonObject { ["title"] = "List", ["kind"] = "execute", ["status"] = "pending", ["rawInput"] = new JsonObject() });
        Tool("tool_call_update", "t1", new JsonObject { ["title"] = "ls", ["rawInput"] = new JsonObject { ["command"] = "ls" } });
        Tool("tool_call_update", "t1", new JsonObject { ["status"] = "completed", ["content"] = new JsonArray(new JsonObject { ["type"] = "content", ["content"] = new JsonObject { ["type"] = "text", ["text"] = "a.txt" } }) });
        Tool("tool_call", "t2", new JsonObject { ["title"] = "Write b.txt", ["kind"] = "edit", ["content"] = new JsonArray(Diff("b.txt", null, "new")) });
        Tool("tool_call_update", "t2", new JsonObject { ["status"] = "failed", ["rawOutput"] = "disk full" });
        Tool("tool_call", "t3", new JsonObject { ["title"] = "Edit a.txt", ["kind"] = "edit", ["content"] = new JsonArray(Diff("a.txt", "old", "new")) });
        Tool("tool_call", "t4", new JsonObject { ["title"] = "Ponder", ["kind"] = "think" });
        Say("Worked.");
    }

    private async Task<string> AskAsync(string[] kinds)
    {
        JsonArray options = [.. (kinds.Length > 0 ? kinds : ["allow_always", "allow_once", "reject_once"]).Select((kind, i) => new JsonObject { ["kind"] = kind, ["name"] = $"Do {kind}", ["optionId"] = $"{kind}-{i}" })];
        JsonObject call = new() { ["toolCallId"] = "t9", ["title"] = "rm -r build", ["kind"] = "execute", ["rawInput"] = new JsonObject { ["command"] = "rm -r build" } };
        Write(new JsonObject { ["id"] = 0, ["method"] = "session/request_permission", ["params"] = new JsonObject { ["sessionId"] = _sessionId, ["toolCall"] = call, ["options"] = options } });
        var outcome = (await _answers.Reader.ReadAsync())["result"]!["outcome"]!;
        return (string?)outcome["optionId"] ?? (string)outcome["outcome"]!;
    }

    private static JsonObject Diff(string name, string? old, string text) =>
        new() { ["type"] = "diff", ["path"] = Path.Combine(Environment.CurrentDirectory, name), ["oldText"] = old, ["newText"] = text };

    private void Say(string text)
    {
        foreach (var (index, word) in text.Split(' ').Index())
        {
            Chunk("agent_message_chunk", index == 0 ? word : $" {word}");
        }
    }

    private void Tool(string kind, string id, JsonObject members)
    {
        members["sessionUpdate"] = kind;
        members["toolCallId"] = id;
        Update(members);
    }

    private static JsonObject Text(string kind, string text) => new() { ["sessionUpdate"] = kind, ["content"] = new JsonObject { ["type"] = "text", ["text"] = text } };

    private void Chunk(string kind, string text) => Update(Text(kind, text));

    private void Update(JsonObject update) => Write(new JsonObject { ["method"] = "session/update", ["params"] = new JsonObject { ["sessionId"] = _sessionId, ["update"] = update } });

    private void Stop(JsonObject request, string reason) =>
        Result(request, new JsonObject { ["stopReason"] = reason, ["usage"] = new JsonObject { ["inputTokens"] = 10, ["outputTokens"] = 5 } });

    private void Result(JsonObject request, JsonObject result) => Write(new JsonObject { ["id"] = request["id"]!.DeepClone(), ["result"] = result });

    private void Error(JsonObject request, int code, string message, JsonObject? data = null) =>
        Write(new JsonObject { ["id"] = request["id"]!.DeepClone(), ["error"] = new JsonObject { ["code"] = code, ["message"] = message, ["data"] = data } });

    private void Write(JsonObject message)
    {
        message["jsonrpc"] = "2.0";
        WriteLine(message.ToJsonString(JsonSerializerOptions.Web));
    }

    private void WriteLine(string line)
    {
        lock (_writing)
        {
            _stdout.Write(Encoding.UTF8.GetBytes(line + "\n"));
            _stdout.Flush();
        }
    }
}
