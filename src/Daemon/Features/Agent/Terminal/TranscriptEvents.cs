using System.Text.Json;
using PocketCoder.Daemon.Features.Agent.Claude;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Agent.Terminal;

/// <summary>
/// Tells a conversation that took place in a terminal as the events it would have been here: each turn begins with a <c>user</c> and ends with a <c>done</c>.
/// </summary>
/// <param name="open">A turn that was told before goes on.</param>
internal sealed class TranscriptEvents(string cwd, SubagentTranscripts subagents, bool open)
{
    private const int PreviewLength = 256 * 1024;

    /// <summary>The last turn that was told has no <c>done</c> yet.</summary>
    public bool IsOpen { get; private set; } = open;

    public void Tell(TranscriptLine line, JsonElement content, List<AgentEvent> events)
    {
        var at = TranscriptText.Time(content) ?? default;
        switch (line.Kind)
        {
            case TranscriptLineKind.Prompt:
                End(events, at);
                events.Add(new AgentUser(Cut.Text(TranscriptText.Said(content), out _), Images: Images(content)) { AgentSessionId = "", At = at });
                IsOpen = true;
                break;
            case TranscriptLineKind.Interruption when IsOpen:
                events.Add(new AgentDone(Cancelled: true, IsError: false) { AgentSessionId = "", At = at });
                IsOpen = false;
                break;
            case TranscriptLineKind.TurnEnd:
                End(events, at, content.Number("durationMs") ?? 0);
                break;
            case TranscriptLineKind.Boundary:
                events.Add(new AgentStatus(IsOpen ? AgentActivity.Running : AgentActivity.Idle, "The conversation was compacted") { AgentSessionId = "", At = at });
                break;
            case TranscriptLineKind.ToolResult:
                TellResults(content, at, events);
                break;
            case TranscriptLineKind.TaskEnd:
                TellSubagent(Between(TranscriptText.Said(content), "<tool-use-id>", "</tool-use-id>"), events);
                break;
            case TranscriptLineKind.Assistant:
                TellAssistant(content, parent: null, at, events);
                break;
        }
    }

    /// <summary>Ends the turn that is open, if one is.</summary>
    public void End(List<AgentEvent> events, DateTimeOffset at, long durationMs = 0)
    {
        if (IsOpen)
        {
            events.Add(new AgentDone(Cancelled: false, IsError: false, DurationMs: durationMs) { AgentSessionId = "", At = at });
            IsOpen = false;
        }
    }

    private void TellAssistant(JsonElement content, string? parent, DateTimeOffset at, List<AgentEvent> events)
    {
        var message = content.Get("message");
        var synthetic = message.Text("model") == "<synthetic>";
        foreach (var block in message.Get("content").Items())
        {
            switch (block.Text("type"))
            {
                // The CLI mends a cut history with this line; nobody said it.
                case "text" when synthetic && block.Text("text") == "No response requested.":
                    break;
                case "text" when content.Flag("isApiErrorMessage"):
                    events.Add(new AgentError(content.Text("error") ?? "unknown", block.Text("text") ?? "") { AgentSessionId = "", At = at });
                    break;
                case "text" when block.Text("text") is { Length: > 0 } text:
                    events.Add(new AgentText(Cut.Text(text, out var cut), message.Text("id"), cut) { AgentSessionId = "", At = at, ParentToolUseId = parent });
                    break;
                case "thinking" when block.Text("thinking") is { Length: > 0 } thinking:
                    events.Add(new AgentThinking(Cut.Text(thinking, out var cutThinking), cutThinking) { AgentSessionId = "", At = at, ParentToolUseId = parent });
                    break;
                case "tool_use":
                    events.Add(ClaudeTools.ReadUse(block, parent, cwd) with { At = at });
                    break;
            }
        }
    }

    // What a sub-agent did is told where it ended: with its result, or later when it ran in the background.
    private void TellResults(JsonElement content, DateTimeOffset at, List<AgentEvent> events)
    {
        foreach (var block in content.Get("message").Get("content").Items().Where(block => block.Text("type") == "tool_result"))
        {
            var result = ClaudeTools.ReadResult(block, content.Get("toolUseResult"), parent: null) with { At = at };
            if (!result.Content.StartsWith("Async agent launched", StringComparison.Ordinal))
            {
                TellSubagent(result.ToolUseId, events);
            }

            events.Add(result);
        }
    }

    private static string? Between(string text, string before, string after) =>
        text.IndexOf(before, StringComparison.Ordinal) is var from and >= 0 && text.IndexOf(after, from, StringComparison.Ordinal) is var to and >= 0
            ? text[(from + before.Length)..to]
            : null;

    private void TellSubagent(string? toolUseId, List<AgentEvent> events)
    {
        if (toolUseId is null)
        {
            return;
        }

        foreach (var line in subagents.LinesOf(toolUseId))
        {
            using (line)
            {
                var content = line.RootElement;
                var at = TranscriptText.Time(content) ?? default;
                switch (content.Text("type"))
                {
                    case "assistant":
                        TellAssistant(content, toolUseId, at, events);
                        break;
                    case "user":
                        events.AddRange(content.Get("message").Get("content").Items().Where(block => block.Text("type") == "tool_result")
                            .Select(block => ClaudeTools.ReadResult(block, content.Get("toolUseResult"), toolUseId) with { At = at }));
                        break;
                }
            }
        }
    }

    private static List<AgentImage>? Images(JsonElement content)
    {
        List<AgentImage> images =
        [
            .. content.Get("message").Get("content").Items()
                .Where(block => block.Text("type") == "image")
                .Select(block => (Type: block.Get("source").Text("media_type") ?? "image/png", Data: block.Get("source").Text("data") ?? ""))
                .Select(image => new AgentImage(image.Type, image.Data.Length * 3L / 4, image.Data.Length <= PreviewLength ? image.Data : null)),
        ];
        return images.Count == 0 ? null : images;
    }
}
