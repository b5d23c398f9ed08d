using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;

namespace PocketCoder.FakeClaude;

/// <summary>A session without a capture: the first word of each prompt says how this turn behaves.</summary>
internal sealed class Session(Pipes pipes, string sessionId, string permissionMode, Action stopListeningToSignals, Transcript? transcript)
{
    private readonly Events _events = new(pipes, sessionId);
    private readonly HashSet<string> _seen = [];
    private readonly Ledger _ledger = Ledger.FromEnvironment();
    private string _permissionMode = permissionMode;

    public JsonObject Respond(JsonObject request)
    {
        if ((string?)request["subtype"] == "set_permission_mode")
        {
            _permissionMode = (string?)request["mode"] ?? _permissionMode;
            _events.Status(_permissionMode);
        }

        if ((string?)request["subtype"] == "stop_task")
        {
            _events.TaskStopped((string)request["task_id"]!);
        }

        return Control.Respond(request, _permissionMode);
    }

    public async Task<int> RunAsync()
    {
        await foreach (var message in pipes.Users.ReadAllAsync())
        {
            var prompt = TextOf(message["message"]?["content"]);
            _ledger.Note((string?)message["uuid"], prompt);

            // The same uuid again is the same message: the real CLI says nothing to it.
            if ((string?)message["uuid"] is { } uuid && !_seen.Add(uuid))
            {
                continue;
            }

            while (pipes.Interrupts.TryRead(out _))
            {
                // An interrupt that came while nothing ran stops nothing.
            }

            _events.Init(_permissionMode);
            _events.Took(message);
            transcript?.User((string?)message["uuid"], prompt);
            await TurnAsync(prompt);
        }

        return 0;
    }

    private async Task TurnAsync(string prompt)
    {
        var words = prompt.Split(' ', 2);
        var rest = words.Length > 1 ? words[1] : "";
        switch (words[0])
        {
            case "say":
                Say(rest);
                break;
            case "stream":
                await StreamAsync(rest);
                break;
            case "ask-permission":
                await AskAsync(rest);
                break;
            case "wait":
                await WaitAsync();
                break;
            case "steerable":
                // A message that comes during the turn's tool goes into it.
                _events.Text("Steerable.");
                var steering = await pipes.Users.ReadAsync();
                _ledger.Note((string?)steering["uuid"], TextOf(steering["message"]?["content"]));
                _events.Took(steering);
                transcript?.User((string?)steering["uuid"], TextOf(steering["message"]?["content"]));
                Say($"Steered: {TextOf(steering["message"]?["content"])}");
                break;
            case "last-step":
                // A message that comes after the last tool is the next turn.
                _events.Text("Last step.");
                await pipes.Users.WaitToReadAsync();
                Say("Ended.");
                break;
            case "background":
                _events.Background(rest.Split(' ', StringSplitOptions.RemoveEmptyEntries));
                Say("In the background.");
                break;
            case "hang":
                stopListeningToSignals();
                _events.Begin();
                _events.Delta("Hanging ");
                await Task.Delay(Timeout.Infinite);
                break;
            case "die":
                _events.Begin();
                _events.Delta("Dying ");
                Environment.Exit(1);
                break;
            case "flood":
                for (var i = 1; i < Number(rest); i++)
                {
                    _events.Text($"Block {i}");
                }

                Say($"Block {Number(rest)}");
                break;
            case "big":
                Say(new string('x', Number(rest)));
                break;
            case "garbage":
                pipes.WriteLine("""{"type":"assistant","message":{"content":[{"type":"te""");
                Say("After the garbage.");
                break;
            case "child":
                using (var child = Process.Start("setsid", ["sleep", "600"]))
                {
                    Say($"child {child.Id}");
                }

                break;
            default:
                Say($"You said: {prompt}");
                break;
        }
    }

    private void Say(string text)
    {
        _events.Text(text);
        transcript?.Assistant(text);
        _events.Result(text);
    }

    private async Task WaitAsync()
    {
        _events.Begin();
        _events.Delta("Waiting");
        await pipes.Interrupts.ReadAsync();
        _events.Block(new JsonObject { ["type"] = "text", ["text"] = "Waiting" }, aborted: true);
        Aborted("aborted_streaming", "[Request interrupted by user]");
    }

    private async Task StreamAsync(string rest)
    {
        var words = rest.Split(' ', 2);
        _events.Begin();
        for (var i = 0; i < Number(words[0]); i++)
        {
            _events.Delta("word ");
            var interrupted = pipes.Interrupts.WaitToReadAsync().AsTask();
            if (await Task.WhenAny(interrupted, Task.Delay(20)) == interrupted)
            {
                Aborted("aborted_streaming", "[Request interrupted by user]");
                return;
            }
        }

        Say(words[1]);
    }

    private async Task AskAsync(string rest)
    {
        var toolUseId = $"toolu_{Guid.NewGuid():N}";
        var requestId = Guid.NewGuid().ToString();
        JsonObject input = new() { ["file_path"] = Path.Combine(Environment.CurrentDirectory, "asked.txt"), ["content"] = "asked\n" };
        _events.Block(new JsonObject { ["type"] = "tool_use", ["id"] = toolUseId, ["name"] = "Write", ["input"] = input.DeepClone() });
        pipes.Write(new JsonObject
        {
            ["type"] = "control_request",
            ["request_id"] = requestId,
            ["request"] = new JsonObject
            {
                ["subtype"] = "can_use_tool",
                ["tool_name"] = "Write",
                ["display_name"] = "Write",
                ["input"] = input,
                ["description"] = "asked.txt",
                ["permission_suggestions"] = new JsonArray(new JsonObject { ["type"] = "setMode", ["mode"] = "acceptEdits", ["destination"] = "session" }),
                ["tool_use_id"] = toolUseId,
            },
        });

        if (await DecisionAsync(requestId) is not { } decision)
        {
            pipes.Write(new JsonObject { ["type"] = "control_cancel_request", ["request_id"] = requestId });
            Decided(toolUseId, "The tool use was rejected.", isError: true);
            Aborted("aborted_tools", "[Request interrupted by user for tool use]");
            return;
        }

        var allowed = (string?)decision["behavior"] == "allow";
        Decided(toolUseId, allowed ? "File created successfully" : (string?)decision["message"] ?? "Denied", isError: !allowed);
        if ((bool?)decision["interrupt"] == true)
        {
            Aborted("aborted_tools", "[Request interrupted by user for tool use]");
            return;
        }

        Say($"{(allowed ? "Allowed." : "Denied.")} {rest}".TrimEnd());
    }

    // Null when the turn was interrupted first. As in the real CLI an unknown id is ignored and the end of stdin is a denial.
    private async Task<JsonNode?> DecisionAsync(string requestId)
    {
        while (true)
        {
            var answered = pipes.Answers.WaitToReadAsync().AsTask();
            if (await Task.WhenAny(answered, pipes.Interrupts.WaitToReadAsync().AsTask()) != answered)
            {
                return null;
            }

            if (!pipes.Answers.TryRead(out var answer))
            {
                return new JsonObject { ["behavior"] = "deny", ["message"] = "stdin was closed." };
            }

            if ((string?)answer["response"]?["request_id"] == requestId)
            {
                return answer["response"]!["response"] ?? new JsonObject();
            }
        }
    }

    private void Decided(string toolUseId, string content, bool isError) =>
        _events.User(new JsonObject { ["type"] = "tool_result", ["tool_use_id"] = toolUseId, ["content"] = content, ["is_error"] = isError });

    private void Aborted(string reason, string note)
    {
        _events.User(new JsonObject { ["type"] = "text", ["text"] = note });
        _events.Result(null, reason);
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static string TextOf(JsonNode? content) => content is JsonArray blocks
        ? string.Join('\n', blocks.Where(block => (string?)block?["type"] == "text").Select(block => (string?)block!["text"]))
        : (string?)content ?? "";
}
