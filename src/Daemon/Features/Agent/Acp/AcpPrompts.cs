using System.Text.Json;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Agent.Acp;

/// <summary>
/// The permission requests of ACP as prompts, and the option that an answer stands for. "Allow" is the option for this once; each that allows for longer is a suggestion,
/// so that nobody grants it without having chosen it.
/// </summary>
internal static class AcpPrompts
{
    private const int TitleLength = 200;

    public static PromptAsked Read(string requestId, JsonElement request, AcpToolCall call)
    {
        AgentPrompt prompt = new(
            $"pr_{Guid.NewGuid():N}",
            PromptKind.Permission,
            call.Name,
            call.Id,
            call.ToInput(Cut.PromptLength, out var truncated),
            Title(call.Summary),
            truncated == true ? "The request is too large to be shown whole." : null,
            Suggestions: [.. Options(request, "allow_always").Select(option => new PromptSuggestion(option.Text("name") ?? "always allow", "allow_always"))],
            ParentToolUseId: call.Parent)
        { AgentSessionId = "" };
        return new PromptAsked(requestId, prompt, request.ValueKind == JsonValueKind.Undefined ? JsonElement.Parse("{}") : request.Clone());
    }

    /// <summary>The id of the option to select; without one the request is cancelled. And what to tell the person whose answer ACP cannot carry.</summary>
    public static (string? OptionId, string? Problem) Choose(PromptAsked prompt, PromptAnswer answer)
    {
        var refuse = Options(prompt.Raw, "reject_once").FirstOrDefault().Text("optionId");
        if (!answer.Allow)
        {
            return (refuse, null);
        }

        if (answer.UpdatedInput is { } changed && !JsonElement.DeepEquals(changed, prompt.Prompt.Input))
        {
            return (refuse, "This agent cannot be given a changed input. It was told no; tell it in a message what to do instead.");
        }

        var chosen = answer.Suggestions is [var first, ..]
            ? Options(prompt.Raw, "allow_always").ElementAtOrDefault(first)
            : Options(prompt.Raw, "allow_once").FirstOrDefault();
        return chosen.Text("optionId") is { } option ? (option, null) : (refuse, "This agent cannot be allowed this only once. It was told no; choose one of its other offers.");
    }

    private static IEnumerable<JsonElement> Options(JsonElement request, string kind) => request.Items("options").Where(option => option.Text("kind") == kind);

    // The whole of it is in the input.
    private static string Title(string summary)
    {
        var line = summary.Split('\n', 2)[0];
        return line.Length <= TitleLength ? line : string.Concat(line.AsSpan(0, char.IsHighSurrogate(line[TitleLength - 1]) ? TitleLength - 1 : TitleLength), "…");
    }
}
