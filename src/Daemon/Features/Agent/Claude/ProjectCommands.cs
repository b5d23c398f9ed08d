using System.Text;
using PocketCoder.Daemon.Features.Files;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Agent.Claude;

/// <summary>
/// The slash commands that a project brings along: <c>.claude/commands/**/NAME.md</c> (a directory becomes <c>DIR:</c>) and <c>.claude/skills/NAME/SKILL.md</c>.
/// Read here and not asked of Claude Code, which runs programs of the project's settings as soon as it looks at them.
/// </summary>
internal sealed class ProjectCommands(ProjectTree tree)
{
    private const int MaxCommands = 300;
    private const int MaxDepth = 5;
    private const int MaxBytes = 64 * 1024;
    private const int MaxDescription = 300;

    public IReadOnlyList<AgentCommand> Read()
    {
        List<AgentCommand> commands = [];
        AddCommands(".claude/commands", "", 0, commands);
        foreach (var skill in List(".claude/skills").Where(entry => entry.Kind == FsEntryKind.Directory))
        {
            Add($"{skill.Path}/SKILL.md", skill.Name, commands);
        }

        return commands;
    }

    private void AddCommands(string directory, string prefix, int depth, List<AgentCommand> commands)
    {
        foreach (var entry in List(directory))
        {
            if (entry.Kind == FsEntryKind.Directory && depth < MaxDepth)
            {
                AddCommands(entry.Path, $"{prefix}{entry.Name}:", depth + 1, commands);
            }
            else if (entry.Kind == FsEntryKind.File && entry.Name.EndsWith(".md", StringComparison.Ordinal))
            {
                Add(entry.Path, prefix + entry.Name[..^".md".Length], commands);
            }
        }
    }

    private IReadOnlyList<FsEntry> List(string directory)
    {
        try
        {
            return tree.List(directory).Children;
        }
        catch (RequestException)
        {
            // Most projects have none.
            return [];
        }
    }

    private void Add(string path, string name, List<AgentCommand> commands)
    {
        if (commands.Count >= MaxCommands)
        {
            return;
        }

        try
        {
            using var file = tree.OpenFile(path);
            var bytes = new byte[MaxBytes];
            var text = Encoding.UTF8.GetString(bytes.AsSpan(0, RandomAccess.Read(file, bytes, 0)));
            var (description, hint) = Describe(text);
            commands.Add(new AgentCommand(name, description, hint));
        }
        catch (Exception ex) when (ex is RequestException or IOException)
        {
            // One that cannot be read is not offered.
        }
    }

    /// <summary>The description and argument hint in the front matter; without a description, the first line of the text.</summary>
    internal static (string Description, string? Hint) Describe(string text)
    {
        var lines = text.Split('\n', StringSplitOptions.TrimEntries);
        string? description = null, hint = null;
        var body = 0;
        if (lines[0] == "---" && Array.IndexOf(lines, "---", 1) is var end and > 0)
        {
            body = end + 1;
            foreach (var line in lines.AsSpan(1, end - 1))
            {
                description ??= Value(line, "description:");
                hint ??= Value(line, "argument-hint:");
            }
        }

        description ??= lines.Skip(body).FirstOrDefault(line => line.Length > 0)?.TrimStart('#', ' ') ?? "";
        return (description.Length <= MaxDescription ? description : description[..MaxDescription], hint);
    }

    private static string? Value(string line, string key) => line.StartsWith(key, StringComparison.OrdinalIgnoreCase) && line[key.Length..].Trim().Trim('"', '\'') is { Length: > 0 } value
        ? value
        : null;
}
