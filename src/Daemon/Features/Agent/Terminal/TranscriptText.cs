using System.Globalization;
using System.Text.Json;
using PocketCoder.Daemon.Features.Agent.Claude;

namespace PocketCoder.Daemon.Features.Agent.Terminal;

/// <summary>What a line of type <c>user</c> is: Claude Code writes much into a conversation that no person ever said.</summary>
internal static class TranscriptText
{
    private static readonly string[] Commands = ["<command-name>", "<command-message>", "<local-command-", "<bash-input>", "<bash-stdout>", "<bash-stderr>"];

    /// <summary>What a person asked with this line; null when nobody did.</summary>
    public static string? OfPrompt(JsonElement line) => KindOf(line) == TranscriptLineKind.Prompt ? Said(line) : null;

    public static TranscriptLineKind KindOf(JsonElement line)
    {
        if (line.Flag("isMeta") || line.Flag("isCompactSummary") || line.Flag("isVisibleInTranscriptOnly"))
        {
            return TranscriptLineKind.Other;
        }

        var content = line.Get("message").Get("content");
        if (content.Items().Any(block => block.Text("type") == "tool_result"))
        {
            return TranscriptLineKind.ToolResult;
        }

        var text = Said(line);
        return text.StartsWith("[Request interrupted by user", StringComparison.Ordinal) ? TranscriptLineKind.Interruption
            : Commands.Any(tag => text.StartsWith(tag, StringComparison.Ordinal)) ? TranscriptLineKind.Command
            : text.StartsWith("<task-notification>", StringComparison.Ordinal) ? TranscriptLineKind.TaskEnd
            : text.StartsWith("<system-reminder>", StringComparison.Ordinal) ? TranscriptLineKind.Other
            : text.Length > 0 || content.Items().Any(block => block.Text("type") == "image") ? TranscriptLineKind.Prompt
            : TranscriptLineKind.Other;
    }

    public static DateTimeOffset? Time(JsonElement line) => Time(line.Text("timestamp"));

    public static DateTimeOffset? Time(string? timestamp) =>
        DateTimeOffset.TryParse(timestamp, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;

    public static string Said(JsonElement line)
    {
        var content = line.Get("message").Get("content");
        return content.AsText() ?? string.Join('\n', content.Items().Where(block => block.Text("type") == "text").Select(block => block.Text("text") ?? ""));
    }
}
