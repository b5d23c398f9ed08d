using System.Text.Json;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Agent.Claude;

/// <summary>
/// Turns the lines of <c>claude --output-format stream-json</c> into signals. Types and shapes were measured on 2.1.197 and 2.1.330; what is
/// not known is passed over, never an error. Holds what spans lines: which API message is streaming, which messages the turn has taken, the lists.
/// </summary>
internal sealed class ClaudeLines(string cwd, IReadOnlyList<TodoItem> todo)
{
    private static readonly HashSet<string> IgnoredTypes = new(StringComparer.Ordinal)
    {
        "tool_progress", "command_lifecycle", "keep_alive", "auth_status", "prompt_suggestion", "tool_use_summary", "active_goal", "control_response",
    };

    private static readonly HashSet<string> IgnoredSubtypes = new(StringComparer.Ordinal)
    {
        "permission_denied", "thinking_tokens",
        "hook_started", "hook_response", "hook_progress", "session_state_changed", "informational", "model_refusal_no_fallback",
        "model_refusal_fallback", "notification", "local_command_output", "plugin_install", "memory_recall", "files_persisted", "mirror_error",
        "commands_changed", "elicitation_complete", "control_request_progress", "session_writes_lost", "worker_shutting_down",
    };

    private readonly ClaudeTodo _todo = new(todo);
    private readonly ClaudeTasks _tasks = new();
    private readonly List<string> _taken = [];

    // A question of a sub-agent names its tool call alone; whose call that is, the call's own line says.
    private readonly Dictionary<string, string> _parents = new(StringComparer.Ordinal);
    private string _streamingMessage = "";
    private long? _contextTokens;

    /// <summary>The ids of the tasks that run in the background now.</summary>
    public IReadOnlyList<string> BackgroundTasks => _tasks.Background;

    /// <summary>False for a line of a type that nobody has seen yet; the caller notes it.</summary>
    public bool TryMap(JsonElement line, List<AgentSignal> signals)
    {
        var parent = line.Text("parent_tool_use_id");
        switch (line.Text("type"))
        {
            case "system":
                return TryMapSystem(line, signals);
            case "assistant":
                MapAssistant(line, parent, signals);
                return true;
            case "user":
                MapUser(line, parent, signals);
                return true;
            case "stream_event" when parent is null:
                MapStreamEvent(line, signals);
                return true;
            case "stream_event":
                return true;
            case "result":
                signals.Add(ToTurnEnd(line));
                return true;
            case "control_request" when line.Get("request") is { } request && request.Text("subtype") == "can_use_tool":
                signals.Add(ClaudePrompts.Read(line.Text("request_id") ?? "", request, _parents.GetValueOrDefault(request.Text("tool_use_id") ?? ""), cwd));
                return true;
            case "control_cancel_request":
                signals.Add(new PromptWithdrawn(line.Text("request_id") ?? ""));
                return true;
            case "conversation_reset":
                if (line.Text("new_conversation_id") is { } id)
                {
                    signals.Add(new AgentIdChanged(id));
                }

                return true;
            case "rate_limit_event":
                MapRateLimit(line, signals);
                return true;
            case { } type:
                return IgnoredTypes.Contains(type) || type == "control_request";
            default:
                return false;
        }
    }

    private bool TryMapSystem(JsonElement line, List<AgentSignal> signals)
    {
        switch (line.Text("subtype"))
        {
            case "init":
                signals.Add(new Happened(new AgentInit(
                    line.Text("model") ?? "", line.Text("cwd") ?? "", line.Texts("tools"), line.Text("permissionMode") ?? "default",
                    line.Text("claude_code_version") ?? "", line.Texts("slash_commands"))
                { AgentSessionId = "" }));
                return true;
            case "status":
                if (line.Text("permissionMode") is { } mode)
                {
                    signals.Add(new ModeChanged(mode));
                }

                if (line.Text("status") == "compacting")
                {
                    signals.Add(Status(AgentActivity.Running, "Compacting the conversation"));
                }

                return true;
            case "api_retry":
                signals.Add(Status(AgentActivity.Retrying,
                    $"Attempt {line.Number("attempt") ?? 0} of {line.Number("max_retries") ?? 0}: {Readable(line.Text("error"))}"));
                return true;
            case "compact_boundary":
                signals.Add(Status(AgentActivity.Running, "The conversation was compacted"));
                return true;
            case "session_title_changed":
                if (line.Text("title") is { Length: > 0 } title)
                {
                    signals.Add(new TitleChanged(title));
                }

                return true;
            case { } subtype:
                return _tasks.TryMap(subtype, line, signals) || IgnoredSubtypes.Contains(subtype);
            default:
                return false;
        }
    }

    private void MapAssistant(JsonElement line, string? parent, List<AgentSignal> signals)
    {
        var message = line.Get("message");
        var synthetic = message.Text("model") == "<synthetic>";
        if (parent is null && !synthetic && message.Get("usage") is { } usage)
        {
            // What the request held; its answer is the next request's business.
            _contextTokens = (usage.Number("input_tokens") ?? 0) + (usage.Number("cache_read_input_tokens") ?? 0) + (usage.Number("cache_creation_input_tokens") ?? 0);
        }

        foreach (var block in message.Get("content").Items())
        {
            switch (block.Text("type"))
            {
                // The CLI mends a cut history with this line; nobody said it.
                case "text" when synthetic && block.Text("text") == "No response requested.":
                    break;
                // 2.1.197 has the error alone, newer versions the flag too.
                case "text" when line.Flag("is_api_error_message") || (synthetic && line.Text("error") is not null):
                    signals.Add(new Happened(ClaudeErrors.Read(line.Text("error"), block.Text("text") ?? "")));
                    break;
                case "text" when block.Text("text") is { Length: > 0 } text:
                    signals.Add(new Happened(new AgentText(Cut.Text(text, out var cut), message.Text("id"), cut) { AgentSessionId = "", ParentToolUseId = parent }));
                    break;
                case "thinking" when block.Text("thinking") is { Length: > 0 } thinking:
                    signals.Add(new Happened(new AgentThinking(Cut.Text(thinking, out var cutThinking), cutThinking) { AgentSessionId = "", ParentToolUseId = parent }));
                    break;
                case "tool_use":
                    signals.Add(new Happened(ClaudeTools.ReadUse(block, parent, cwd)));
                    if (parent is not null && block.Text("id") is { } call)
                    {
                        _parents[call] = parent;
                    }

                    AddTodo(parent is null ? _todo.Called(block) : null, signals);
                    break;
            }
        }
    }

    private void MapUser(JsonElement line, string? parent, List<AgentSignal> signals)
    {
        // An echo: the CLI has taken this message into its turn.
        if (line.Flag("isReplay") && line.Text("uuid") is { } taken && !_taken.Contains(taken))
        {
            _taken.Add(taken);
        }

        foreach (var block in line.Get("message").Get("content").Items().Where(block => block.Text("type") == "tool_result"))
        {
            var structured = line.Get("tool_use_result");
            _parents.Remove(block.Text("tool_use_id") ?? "");
            signals.Add(new Happened(ClaudeTools.ReadResult(block, structured, parent)));
            AddTodo(parent is null ? _todo.Answered(block, structured) : null, signals);
        }
    }

    private static void AddTodo(AgentTodo? todo, List<AgentSignal> signals)
    {
        if (todo is not null)
        {
            signals.Add(new Happened(todo));
        }
    }

    private void MapStreamEvent(JsonElement line, List<AgentSignal> signals)
    {
        var raw = line.Get("event");
        switch (raw.Text("type"))
        {
            case "message_start":
                _streamingMessage = raw.Get("message").Text("id") ?? "";
                break;
            case "content_block_delta" when raw.Get("delta").Text("text") is { Length: > 0 } delta:
                signals.Add(new TextGrew(_streamingMessage, delta));
                break;
        }
    }

    private TurnEnded ToTurnEnd(JsonElement line)
    {
        var usage = line.Get("usage");
        List<string> messages = [.. line.Texts("user_message_uuids")];
        if (messages.Count == 0)
        {
            messages.AddRange(_taken);
        }

        _taken.Clear();
        var aborted = line.Text("terminal_reason") is "aborted_streaming" or "aborted_tools";
        var result = line.Text("result") ?? string.Join('\n', line.Texts("errors"));
        return new TurnEnded(
            line.Flag("is_error"),
            aborted,
            aborted ? null : Cut.Text(result, out _),
            line.Amount("total_cost_usd"),
            usage is null ? null : new AgentUsage(
                usage.Number("input_tokens") ?? 0, usage.Number("output_tokens") ?? 0,
                usage.Number("cache_read_input_tokens") ?? 0, usage.Number("cache_creation_input_tokens") ?? 0),
            (int?)line.Number("num_turns"))
        {
            MessageIds = messages,
            Unasked = messages.Count == 0 && line.Get("origin").Text("kind") == "task-notification",

            // It deletes old transcripts.
            Forgotten = line.Flag("is_error") && result.Contains("No conversation found", StringComparison.Ordinal),
            ContextTokens = _contextTokens,
            ContextWindow = Models(line).Max(model => model.Number("contextWindow")),
        };
    }

    private static IEnumerable<JsonElement> Models(JsonElement result) =>
        result.Get("modelUsage") is { ValueKind: JsonValueKind.Object } models ? models.EnumerateObject().Select(model => model.Value) : [];

    private static void MapRateLimit(JsonElement line, List<AgentSignal> signals)
    {
        var info = line.Get("rate_limit_info");
        DateTimeOffset? resets = info.Number("resetsAt") is { } seconds and > 0 and < 253402300800 ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null;
        var until = resets is { } time ? $" It resets at {time:yyyy-MM-dd HH:mm} UTC." : "";
        var limit = Readable(info.Text("rateLimitType"));
        switch (info.Text("status"))
        {
            case "rejected":
                signals.Add(new Happened(new AgentError("rate_limit", $"The {limit} limit of the account is reached.{until}", resets) { AgentSessionId = "" }));
                break;
            case "allowed_warning" when info.Amount("utilization") is { } used:
                signals.Add(Status(AgentActivity.Running, $"{used:P0} of the {limit} limit of the account is used.{until}"));
                break;
        }
    }

    private static Happened Status(AgentActivity state, string detail) => new(new AgentStatus(state, detail) { AgentSessionId = "" });

    private static string Readable(string? word) => (word ?? "unknown").Replace('_', ' ');
}
