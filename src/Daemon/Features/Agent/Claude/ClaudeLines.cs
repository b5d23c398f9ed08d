using System.Text.Json;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Agent.Claude;

/// <summary>
/// Turns the lines of <c>claude --output-format stream-json</c> into signals. Types and shapes were measured on 2.1.197 and 2.1.330; what is
/// not known is passed over, never an error. Holds only which API message is streaming.
/// </summary>
internal sealed class ClaudeLines(string cwd)
{
    private static readonly HashSet<string> IgnoredTypes = new(StringComparer.Ordinal)
    {
        "tool_progress", "command_lifecycle", "keep_alive", "auth_status", "prompt_suggestion", "tool_use_summary", "active_goal", "control_response",
    };

    private static readonly HashSet<string> IgnoredSubtypes = new(StringComparer.Ordinal)
    {
        "permission_denied", "thinking_tokens", "task_started", "task_progress", "task_updated", "task_notification", "background_tasks_changed",
        "hook_started", "hook_response", "hook_progress", "session_state_changed", "informational", "model_refusal_no_fallback",
        "model_refusal_fallback", "notification", "local_command_output", "plugin_install", "memory_recall", "files_persisted", "mirror_error",
        "commands_changed", "elicitation_complete", "control_request_progress", "session_writes_lost", "worker_shutting_down",
    };

    private string _streamingMessage = "";

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
                signals.AddRange(ToolResults(line, parent));
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
                signals.Add(ClaudePrompts.Read(line.Text("request_id") ?? "", request, cwd));
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

    private static bool TryMapSystem(JsonElement line, List<AgentSignal> signals)
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
                return IgnoredSubtypes.Contains(subtype);
            default:
                return false;
        }
    }

    private void MapAssistant(JsonElement line, string? parent, List<AgentSignal> signals)
    {
        var message = line.Get("message");
        var synthetic = message.Text("model") == "<synthetic>";
        foreach (var block in message.Get("content").Items())
        {
            switch (block.Text("type"))
            {
                // The CLI mends a cut history with this line; nobody said it.
                case "text" when synthetic && block.Text("text") == "No response requested.":
                    break;
                case "text" when line.Flag("is_api_error_message"):
                    signals.Add(new Happened(new AgentError(line.Text("error") ?? "unknown", block.Text("text") ?? "") { AgentSessionId = "" }));
                    break;
                case "text" when block.Text("text") is { Length: > 0 } text:
                    signals.Add(new Happened(new AgentText(Cut.Text(text, out var cut), message.Text("id"), cut) { AgentSessionId = "", ParentToolUseId = parent }));
                    break;
                case "thinking" when block.Text("thinking") is { Length: > 0 } thinking:
                    signals.Add(new Happened(new AgentThinking(Cut.Text(thinking, out var cutThinking), cutThinking) { AgentSessionId = "", ParentToolUseId = parent }));
                    break;
                case "tool_use":
                    signals.Add(new Happened(ClaudeTools.ReadUse(block, parent, cwd)));
                    break;
            }
        }
    }

    private static IEnumerable<AgentSignal> ToolResults(JsonElement line, string? parent) =>
        line.Get("message").Get("content").Items()
            .Where(block => block.Text("type") == "tool_result")
            .Select(block => new Happened(ClaudeTools.ReadResult(block, line.Get("tool_use_result"), parent)));

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

    private static TurnEnded ToTurnEnd(JsonElement line)
    {
        var usage = line.Get("usage");
        var aborted = line.Text("terminal_reason") is "aborted_streaming" or "aborted_tools";
        return new TurnEnded(
            line.Flag("is_error"),
            aborted,
            aborted ? null : Cut.Text(line.Text("result") ?? string.Join('\n', line.Texts("errors")), out _),
            line.Amount("total_cost_usd"),
            usage is null ? null : new AgentUsage(
                usage.Number("input_tokens") ?? 0, usage.Number("output_tokens") ?? 0,
                usage.Number("cache_read_input_tokens") ?? 0, usage.Number("cache_creation_input_tokens") ?? 0),
            (int?)line.Number("num_turns"));
    }

    private static void MapRateLimit(JsonElement line, List<AgentSignal> signals)
    {
        var info = line.Get("rate_limit_info");
        if (info.Text("status") == "rejected")
        {
            var until = info.Number("resetsAt") is { } seconds and > 0 and < 253402300800
                ? $" It resets at {DateTimeOffset.FromUnixTimeSeconds(seconds):yyyy-MM-dd HH:mm} UTC."
                : "";
            signals.Add(new Happened(new AgentError("rate_limit", $"The {Readable(info.Text("rateLimitType"))} limit of the account is reached.{until}") { AgentSessionId = "" }));
        }
    }

    private static Happened Status(AgentActivity state, string detail) => new(new AgentStatus(state, detail) { AgentSessionId = "" });

    private static string Readable(string? word) => (word ?? "unknown").Replace('_', ' ');
}
