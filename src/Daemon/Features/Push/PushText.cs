using System.Text.Json;
using System.Text.RegularExpressions;
using PocketCoder.Daemon.Features.Agent;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Push;

/// <summary>What a notification says: short, on a few lines, and with nothing invisible in it.</summary>
internal static partial class PushText
{
    private const int MaxTitle = 120;
    private const int MaxBody = 300;

    /// <summary>What the notification is about is shown whole or not at all; this much fits beside the rest.</summary>
    private const int MaxInput = 2000;

    public static PushNotice Asks(PromptOpened opened, string machineKey, (string Name, string Path)? project, int open)
    {
        var (prompt, session) = (opened.Prompt, opened.Session);
        PushNotice notice = new(PushKind.NeedsYou, machineKey, prompt.PromptId, Title(project, prompt.Title), Body(prompt, session.Title), open)
        {
            ProjectId = session.ProjectId,
            AgentSessionId = session.AgentSessionId,
            PromptId = prompt.PromptId,
        };
        var input = prompt.Kind == PromptKind.Permission ? prompt.Input.GetRawText() : null;
        return input is null || System.Text.Encoding.UTF8.GetByteCount(input) > MaxInput || project is not { Path.Length: <= 500 }
            ? notice
            : notice with { ToolName = prompt.ToolName, Input = prompt.Input, Root = project.Value.Path };
    }

    public static PushNotice Withdrawn(string promptId, string machineKey, int open) => new(PushKind.Withdrawn, machineKey, promptId, "Answered", "Nothing to do here any more.", open);

    public static PushNotice Over(TurnOver over, string machineKey, (string Name, string Path)? project, int open)
    {
        var (session, problem) = (over.Session, over.Problem);
        var body = problem?.Message ?? over.Done.Result ?? "The agent has finished.";
        return new PushNotice(problem is null ? PushKind.Finished : PushKind.Failed, machineKey, session.AgentSessionId, Title(project, session.Title), Line(body, MaxBody), open)
        {
            ProjectId = session.ProjectId,
            AgentSessionId = session.AgentSessionId,
        };
    }

    /// <summary>As it is encrypted; without what it is about where it is too large for a push service.</summary>
    public static byte[] ToJson(PushNotice notice)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(notice, ProtocolJson.For<PushNotice>());
        return json.Length <= PushCipher.MaxPlaintext
            ? json
            : JsonSerializer.SerializeToUtf8Bytes(notice with { ToolName = null, Input = null, Root = null }, ProtocolJson.For<PushNotice>());
    }

    public static PushNotice Test(string machineKey) => new(PushKind.Test, machineKey, "test", "PocketCoder", "Notifications from this machine arrive.", 0);

    private static string Title((string Name, string Path)? project, string what) => Line(project is { } known ? $"{known.Name}: {what}" : what, MaxTitle);

    private static string Body(AgentPrompt prompt, string session) => prompt.Kind switch
    {
        PromptKind.Question when prompt.Questions is [{ } question, ..] => Line(question.Question, MaxBody),
        PromptKind.Plan when prompt.Plan is { Length: > 0 } plan => Line(plan, MaxBody),
        PromptKind.Permission when Telling(prompt.Input) is { } telling => Line(telling, MaxBody),
        _ => Line(session, MaxBody),
    };

    private static string? Telling(JsonElement input) => input.ValueKind != JsonValueKind.Object ? null :
        ((string[])["command", "file_path", "notebook_path", "url", "path", "pattern", "query", "description"])
            .Select(name => input.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null)
            .FirstOrDefault(value => !string.IsNullOrWhiteSpace(value));

    private static string Line(string text, int max)
    {
        var line = Blanks().Replace(Invisible().Replace(text.Length > max * 4 ? text[..(max * 4)] : text, "�"), " ").Trim();
        if (line.Length <= max)
        {
            return line;
        }

        var end = char.IsHighSurrogate(line[max - 2]) ? max - 2 : max - 1;
        return line[..end] + "…";
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();

    // Controls, bidi marks and the like could make a line read as another.
    [GeneratedRegex(@"[\p{Cf}\p{Co}\p{Cn}]|(?!\s)\p{Cc}")]
    private static partial Regex Invisible();
}
