using System.Buffers;
using System.Text.Json;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Agent.Acp;

/// <summary>What is known of a tool call so far.</summary>
internal sealed record AcpToolCall(string Id)
{
    private string? Title { get; init; }

    private string? Kind { get; init; }

    private string? Tool { get; init; }

    private JsonElement? Input { get; init; }

    private JsonElement? Content { get; init; }

    private JsonElement? Locations { get; init; }

    public string? Parent { get; private init; }

    /// <summary>The adapter of Claude Code says which tool it is; ACP itself knows only kinds.</summary>
    public string Name => Tool ?? (Kind is { Length: > 0 } and not "other" ? char.ToUpperInvariant(Kind[0]) + Kind[1..].Replace('_', ' ') : "Tool");

    public string Summary => Title ?? Name;

    /// <summary>It says what it is about to do.</summary>
    public bool IsTelling => HasInput || Diffs.Any();

    private bool HasInput => Input is { ValueKind: JsonValueKind.Object } input && input.EnumerateObject().Any();

    private IEnumerable<JsonElement> Diffs => Content.Items().Where(part => part.Text("type") == "diff" && part.Text("path") is not null);

    /// <summary>What an update says replaces what was known.</summary>
    public AcpToolCall With(JsonElement update)
    {
        var adapter = update.Get("_meta").Get("claudeCode");
        return this with
        {
            Title = update.Text("title") ?? Title,
            Kind = Word(update.Text("kind")) ?? Kind,
            Tool = Word(adapter.Text("toolName")) ?? Tool,
            Parent = adapter.Text("parentToolUseId") ?? Parent,
            Input = update.Get("rawInput")?.Clone() ?? Input,
            Content = update.Get("content")?.Clone() ?? Content,
            Locations = update.Get("locations")?.Clone() ?? Locations,
        };
    }

    public AgentEvent ToEvent(string cwd)
    {
        var diffs = Diffs.ToList();
        if (diffs.Select(diff => diff.Text("path")).Distinct().Count() != 1)
        {
            return new AgentToolUse(Id, Name, ToInput(Cut.ContentLength, out var cutInput), Parent, cutInput) { AgentSessionId = "" };
        }

        var path = ProjectPath.Relative(diffs[0].Text("path")!, cwd);
        if (diffs is [var only] && only.Text("oldText") is null)
        {
            return new AgentFileCreate(Id, path, Cut.Content(only.Text("newText") ?? "", out var cut), cut) { AgentSessionId = "", ParentToolUseId = Parent };
        }

        var truncated = false;
        List<FileEdit> edits = [.. diffs.Select(diff => new FileEdit(Part(diff, "oldText"), Part(diff, "newText")))];
        return new AgentFileEdit(Id, path, edits, Truncated: truncated ? true : null) { AgentSessionId = "", ParentToolUseId = Parent };

        string Part(JsonElement diff, string name)
        {
            var text = Cut.Content(diff.Text(name) ?? "", out var cut);
            truncated |= cut == true;
            return text;
        }
    }

    /// <summary>What the tool is given. Agents that keep it to themselves say at least what it is about, and what a person decides about must be seen.</summary>
    public JsonElement ToInput(int length, out bool? truncated)
    {
        if (HasInput)
        {
            return Cut.Json(Input!.Value, length, out truncated);
        }

        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter writer = new(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("description"u8, Summary);
            if (Diffs.ToList() is [var diff])
            {
                writer.WriteString("file_path"u8, diff.Text("path"));
                writer.WriteString("old_string"u8, diff.Text("oldText") ?? "");
                writer.WriteString("new_string"u8, diff.Text("newText") ?? "");
            }
            else if (Content is { ValueKind: JsonValueKind.Array } content)
            {
                writer.WriteString("content"u8, string.Join('\n', content.EnumerateArray().Select(AcpContent.Text)));
            }

            if (Locations.Items().Select(location => location.Text("path")).OfType<string>().FirstOrDefault() is { } path)
            {
                writer.WriteString("path"u8, path);
            }

            writer.WriteEndObject();
        }

        Utf8JsonReader reader = new(buffer.WrittenSpan);
        return Cut.Json(JsonElement.ParseValue(ref reader), length, out truncated);
    }

    private static string? Word(string? text) => text is { Length: > 100 } ? null : text;

    /// <summary>What a finished call gave back.</summary>
    public static string Result(JsonElement update)
    {
        if (update.Text("rawOutput") is { } output)
        {
            return output;
        }

        var content = string.Join('\n', update.Items("content").Where(part => part.Text("type") != "diff").Select(AcpContent.Text));
        return content.Length > 0 || update.Get("rawOutput") is not { } raw ? content : raw.GetRawText();
    }
}
