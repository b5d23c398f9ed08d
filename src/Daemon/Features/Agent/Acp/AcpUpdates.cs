using System.Globalization;
using System.Text;
using System.Text.Json;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Agent.Acp;

/// <summary>
/// Turns the <c>session/update</c>s of an agent into signals. What is not known is passed over, never an error. Text comes in pieces, and nothing says that one was
/// the last: a block ends when something else is said, or the turn ends.
/// </summary>
internal sealed class AcpUpdates(string cwd)
{
    // What is longer is cut anyway; an agent that never stops must not fill the memory.
    private const int MaxBlock = 2 * 1024 * 1024;

    private readonly AcpTools _tools = new(cwd);
    private readonly StringBuilder _block = new();
    private Block _kind = new(Thought: false, "", null);
    private string _said = "";
    private decimal? _cost;
    private long? _used, _window;

    private sealed record Block(bool Thought, string MessageId, string? Parent);

    /// <summary>The commands that the agent named last.</summary>
    public IReadOnlyList<AgentCommand> Commands { get; private set; } = [];

    public void Map(JsonElement update, List<AgentSignal> signals)
    {
        switch (update.Text("sessionUpdate"))
        {
            case "agent_message_chunk":
                Grow(update, thought: false, signals);
                break;
            case "agent_thought_chunk":
                Grow(update, thought: true, signals);
                break;
            case "tool_call":
                EndBlock(signals);
                _tools.Note(update, begins: true, tell: false, signals);
                break;
            case "tool_call_update":
                EndBlock(signals);
                _tools.Note(update, begins: false, tell: false, signals);
                break;
            case "plan":
                EndBlock(signals);
                signals.Add(new Happened(new AgentTodo([.. update.Items("entries").Select(ReadTodo)]) { AgentSessionId = "" }));
                break;
            case "available_commands_update":
                Commands = [.. update.Items("availableCommands").Select(ReadCommand).OfType<AgentCommand>()];
                break;
            case "current_mode_update" when AcpSettings.ModeOf(update.Text("currentModeId")) is { } mode:
                signals.Add(new ModeChanged(mode.Name()));
                break;
            case "session_info_update" when update.Text("title") is { Length: > 0 } title:
                signals.Add(new TitleChanged(Cut.Text(title, out _)));
                break;
            case "usage_update":
                (_used, _window) = (update.Number("used") ?? _used, update.Number("size") ?? _window);
                _cost = update.Get("cost") is { } cost && cost.Text("currency") == "USD" ? cost.Amount("amount") : _cost;
                break;
        }
    }

    /// <summary>A <c>session/request_permission</c>. The call that it is about is told before it.</summary>
    public void Ask(string requestId, JsonElement request, List<AgentSignal> signals)
    {
        EndBlock(signals);
        var call = _tools.Note(request.Get("toolCall") ?? default, begins: true, tell: true, signals) ?? new AcpToolCall("");
        signals.Add(AcpPrompts.Read(requestId, request, call));
    }

    /// <summary>The end of a turn, by the result of its <c>session/prompt</c>.</summary>
    public void End(JsonElement result, List<AgentSignal> signals)
    {
        var reason = result.Text("stopReason");
        var failure = reason switch
        {
            "max_tokens" => "The answer is as long as the model may write.",
            "max_turn_requests" => "The agent asked its model as often as it may in one turn.",
            "refusal" => "The agent does not go on with this.",
            _ => null,
        };
        End(failure, reason == "cancelled", ReadUsage(result), signals);
    }

    /// <summary>The end of a turn that failed, or (<paramref name="failure"/> is null) was stopped.</summary>
    public void End(string? failure, List<AgentSignal> signals) => End(failure, failure is null, null, signals);

    private void End(string? failure, bool aborted, AgentUsage? usage, List<AgentSignal> signals)
    {
        EndBlock(signals);
        _tools.Close(signals);
        signals.Add(new TurnEnded(failure is not null, aborted, aborted ? null : failure ?? _said, _cost, usage, Turns: null) { ContextTokens = _used, ContextWindow = _window });
        _said = "";
    }

    private void Grow(JsonElement update, bool thought, List<AgentSignal> signals)
    {
        var text = update.Get("content") is { } content ? AcpContent.Text(content) : "";
        if (text.Length == 0)
        {
            return;
        }

        _tools.TellAll(signals);
        var parent = update.Get("_meta").Get("claudeCode").Text("parentToolUseId");
        var messageId = update.Text("messageId");
        if (_block.Length == 0 || _kind.Thought != thought || _kind.Parent != parent || (messageId is not null && _kind.MessageId != messageId))
        {
            EndBlock(signals);
            _kind = new Block(thought, messageId ?? $"acp_{Guid.NewGuid():N}", parent);
        }

        if (_block.Length < MaxBlock)
        {
            _block.Append(text);
        }

        if (!thought && parent is null)
        {
            signals.Add(new TextGrew(_kind.MessageId, text));
        }
    }

    private void EndBlock(List<AgentSignal> signals)
    {
        if (_block.Length == 0)
        {
            return;
        }

        var text = Cut.Text(_block.ToString(), out var cut);
        _block.Clear();
        AgentEvent happened = _kind.Thought
            ? new AgentThinking(text, cut) { AgentSessionId = "", ParentToolUseId = _kind.Parent }
            : new AgentText(text, _kind.MessageId, cut) { AgentSessionId = "", ParentToolUseId = _kind.Parent };
        signals.Add(new Happened(happened));
        if (happened is AgentText { ParentToolUseId: null })
        {
            _said = text;
        }
    }

    private static TodoItem ReadTodo(JsonElement entry, int index) => new(
        (index + 1).ToString(CultureInfo.InvariantCulture),
        Cut.Content(entry.Text("content") ?? "", out _),
        entry.Text("status") switch
        {
            "in_progress" => TodoState.InProgress,
            "completed" => TodoState.Completed,
            _ => TodoState.Pending,
        });

    private static AgentCommand? ReadCommand(JsonElement command) =>
        command.Text("name") is { Length: > 0 } name ? new AgentCommand(name, command.Text("description") ?? "", command.Get("input").Text("hint")) : null;

    private static AgentUsage? ReadUsage(JsonElement result)
    {
        if (result.Get("usage") is { } usage)
        {
            return new AgentUsage(
                usage.Number("inputTokens") ?? 0, usage.Number("outputTokens") ?? 0, usage.Number("cachedReadTokens") ?? 0, usage.Number("cachedWriteTokens") ?? 0);
        }

        // Gemini's own way to say it.
        return result.Get("_meta").Get("quota").Get("token_count") is { } count
            ? new AgentUsage(count.Number("input_tokens") ?? 0, count.Number("output_tokens") ?? 0, 0, 0)
            : null;
    }
}
