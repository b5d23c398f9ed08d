using System.Text.Json;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Agent.Claude;

/// <summary>The CLI's <c>can_use_tool</c> requests as prompts, and the answers to them.</summary>
internal static class ClaudePrompts
{
    // The CLI suggests nothing for a plan. A change of mode asked for on its own is in a race with the plan's first edit; in the answer it is in time.
    private static readonly JsonElement AcceptEdits = JsonElement.Parse("""{"type":"setMode","mode":"acceptEdits","destination":"session"}""");

    public static PromptAsked Read(string requestId, JsonElement request, string? parentToolUseId, string cwd)
    {
        var tool = request.Text("tool_name") ?? "";
        var input = request.Get("input") ?? default;
        var kind = tool switch
        {
            "AskUserQuestion" => PromptKind.Question,
            "ExitPlanMode" => PromptKind.Plan,
            _ => PromptKind.Permission,
        };
        AgentPrompt prompt = new(
            $"pr_{Guid.NewGuid():N}",
            kind,
            tool,
            request.Text("tool_use_id") ?? "",
            Cut.Json(input, Cut.PromptLength, out var truncated),
            Title(kind, tool, request, input, cwd),
            truncated == true ? "The request is too large to be shown whole." : request.Text("decision_reason"),
            kind == PromptKind.Question ? [.. input.Items("questions").Select(ReadQuestion)] : null,
            kind == PromptKind.Plan ? input.Text("plan") : null,
            kind == PromptKind.Question ? null : [.. Suggestions(kind, request).Select(ReadSuggestion)],
            parentToolUseId)
        { AgentSessionId = "" };
        return new PromptAsked(requestId, prompt, request.Clone());
    }

    /// <summary>The <c>response</c> of a control_response.</summary>
    public static void WriteAnswer(Utf8JsonWriter writer, PromptAsked prompt, PromptAnswer answer)
    {
        writer.WriteStartObject();
        if (answer.Allow)
        {
            writer.WriteString("behavior"u8, "allow");

            // 2.1.197 wants the input back, changed or not.
            writer.WritePropertyName("updatedInput"u8);
            WriteInput(writer, answer.UpdatedInput ?? prompt.Raw.Get("input"), answer.Answers);
            if (answer.Suggestions.Count > 0)
            {
                writer.WriteStartArray("updatedPermissions"u8);
                var suggestions = Suggestions(prompt.Prompt.Kind, prompt.Raw).ToList();
                foreach (var index in answer.Suggestions)
                {
                    suggestions[index].WriteTo(writer);
                }

                writer.WriteEndArray();
            }
        }
        else
        {
            writer.WriteString("behavior"u8, "deny");
            writer.WriteString("message"u8, answer.Message is { Length: > 0 } message ? message : "The user said no.");
            if (answer.Interrupt)
            {
                writer.WriteBoolean("interrupt"u8, true);
            }
        }

        writer.WriteEndObject();
    }

    private static void WriteInput(Utf8JsonWriter writer, JsonElement? input, IReadOnlyDictionary<string, string>? answers)
    {
        writer.WriteStartObject();
        if (input is { ValueKind: JsonValueKind.Object } members)
        {
            foreach (var member in members.EnumerateObject().Where(m => answers is null || !m.NameEquals("answers")))
            {
                member.WriteTo(writer);
            }
        }

        if (answers is not null)
        {
            writer.WriteStartObject("answers"u8);
            foreach (var (question, label) in answers)
            {
                writer.WriteString(question, label);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private static string Title(PromptKind kind, string tool, JsonElement request, JsonElement input, string cwd) => kind switch
    {
        PromptKind.Question => "Claude has a question",
        PromptKind.Plan => "Claude has a plan",
        _ => request.Text("title") ?? tool switch
        {
            "Bash" => "Run a command?",
            "Write" => $"Write {ProjectPath.Relative(input.Text("file_path") ?? "a file", cwd)}?",
            "Edit" or "MultiEdit" => $"Change {ProjectPath.Relative(input.Text("file_path") ?? "a file", cwd)}?",
            "Read" => $"Read {ProjectPath.Relative(input.Text("file_path") ?? "a file", cwd)}?",
            "WebFetch" => $"Fetch {input.Text("url")}?",
            _ => $"Use {request.Text("display_name") ?? tool}?",
        },
    };

    private static PromptQuestion ReadQuestion(JsonElement question) => new(
        question.Text("question") ?? "",
        question.Text("header") ?? "",
        question.Flag("multiSelect"),
        [.. question.Items("options").Select(o => new PromptOption(o.Text("label") ?? "", o.Text("description"), o.Text("preview")))]);

    private static IEnumerable<JsonElement> Suggestions(PromptKind kind, JsonElement request) =>
        kind == PromptKind.Plan ? [AcceptEdits] : request.Items("permission_suggestions");

    private static PromptSuggestion ReadSuggestion(JsonElement suggestion)
    {
        var type = suggestion.Text("type") ?? "";
        var destination = suggestion.Text("destination");
        var label = type switch
        {
            "addRules" => "always allow " + string.Join(", ", suggestion.Items("rules").Select(Rule)),
            "addDirectories" => "work in " + string.Join(", ", suggestion.Texts("directories")),
            "setMode" => suggestion.Text("mode") switch
            {
                "acceptEdits" => "accept all edits",
                "plan" => "plan first",
                var mode => $"mode {mode}",
            },
            _ => type,
        };
        return new PromptSuggestion(label + Scope(destination), type, destination);
    }

    private static string Rule(JsonElement rule) => rule.Text("ruleContent") is { Length: > 0 } content
        ? $"{rule.Text("toolName")}({content})"
        : rule.Text("toolName") ?? "";

    private static string Scope(string? destination) => destination switch
    {
        "session" => ", in this session",
        "localSettings" => ", in this project on this machine",
        "projectSettings" => ", in this project for everybody",
        "userSettings" => ", in all projects",
        _ => "",
    };
}
