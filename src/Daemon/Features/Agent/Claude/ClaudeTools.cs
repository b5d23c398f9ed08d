using System.Globalization;
using System.Text;
using System.Text.Json;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Agent.Claude;

/// <summary>Tool calls and their results as events.</summary>
internal static class ClaudeTools
{
    public static AgentEvent ReadUse(JsonElement block, string? parent, string cwd)
    {
        var id = block.Text("id") ?? "";
        var name = block.Text("name") ?? "";
        var input = block.Get("input");
        switch (name)
        {
            case "Write" when input.Text("file_path") is { } path:
                return new AgentFileCreate(id, ProjectPath.Relative(path, cwd), Cut.Content(input.Text("content") ?? "", out var cut), cut) { AgentSessionId = "", ParentToolUseId = parent };
            case "Edit" when input.Text("file_path") is { } path:
                return FileEdit(id, path, [input!.Value], parent, cwd);
            case "MultiEdit" when input.Text("file_path") is { } path:
                return FileEdit(id, path, input.Get("edits").Items(), parent, cwd);
            default:
                return new AgentToolUse(id, name, Cut.Json(input ?? default, Cut.ContentLength, out var cutInput), parent, cutInput) { AgentSessionId = "" };
        }
    }

    public static AgentToolResult ReadResult(JsonElement block, JsonElement? structured, string? parent)
    {
        var text = Cut.Content(ResultText(block.Get("content")), out var cut);
        return new AgentToolResult(block.Text("tool_use_id") ?? "", text, block.Flag("is_error"), cut, Patch(structured)) { AgentSessionId = "", ParentToolUseId = parent };
    }

    private static AgentFileEdit FileEdit(string id, string path, IEnumerable<JsonElement> edits, string? parent, string cwd)
    {
        var truncated = false;
        var list = edits.Select(edit => new FileEdit(Part(edit, "old_string"), Part(edit, "new_string"))).ToList();
        return new AgentFileEdit(id, ProjectPath.Relative(path, cwd), list, Truncated: truncated ? true : null) { AgentSessionId = "", ParentToolUseId = parent };

        string Part(JsonElement edit, string name)
        {
            var text = Cut.Content(edit.Text(name) ?? "", out var cut);
            truncated |= cut == true;
            return text;
        }
    }

    private static string ResultText(JsonElement? content) => content is { ValueKind: JsonValueKind.String }
        ? content.AsText()!
        : string.Join('\n', content.Items().Select(part => part.Text("type") switch
        {
            "text" => part.Text("text") ?? "",
            "image" => "[image]",
            var other => $"[{other}]",
        }));

    // The CLI tells the change it made as hunks, so that nobody has to compute a diff.
    private static string? Patch(JsonElement? structured)
    {
        StringBuilder patch = new();
        foreach (var hunk in structured.Get("structuredPatch").Items())
        {
            patch.Append(CultureInfo.InvariantCulture,
                $"@@ -{hunk.Number("oldStart")},{hunk.Number("oldLines")} +{hunk.Number("newStart")},{hunk.Number("newLines")} @@\n");
            foreach (var line in hunk.Texts("lines"))
            {
                patch.Append(line).Append('\n');
            }

            if (patch.Length > Cut.ContentLength)
            {
                return null;
            }
        }

        return patch.Length == 0 ? null : patch.ToString();
    }
}
