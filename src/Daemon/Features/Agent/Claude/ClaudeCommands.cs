using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using PocketCoder.Daemon.Features.Files;
using PocketCoder.Daemon.Processes;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Agent.Claude;

/// <summary>
/// The slash commands that can be typed in a project: those of Claude Code and of the user, which it is asked for, and the project's own. It is asked with the
/// user's settings alone: with the project's it would run their helpers and hooks, and to look must not execute.
/// </summary>
internal sealed class ClaudeCommands(Children children, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(5);
    private const string Initialize = """{"type":"control_request","request_id":"commands","request":{"subtype":"initialize"}}""";

    private readonly ConcurrentDictionary<(string Path, string Version), (long Asked, Task<IReadOnlyList<AgentCommand>> Answer)> _known = new();

    public async Task<IReadOnlyList<AgentCommand>> ListAsync(ClaudeInstallation claude, string directory, CancellationToken cancellationToken)
    {
        IReadOnlyList<AgentCommand> own;
        using (var tree = ProjectTree.Open(directory))
        {
            own = new ProjectCommands(tree).Read();
        }

        var names = own.Select(command => command.Name).ToHashSet(StringComparer.Ordinal);
        var asked = await KnownAsync(claude).WaitAsync(cancellationToken);
        return [.. own.Concat(asked.Where(command => !names.Contains(command.Name))).OrderBy(command => command.Name, StringComparer.Ordinal)];
    }

    private Task<IReadOnlyList<AgentCommand>> KnownAsync(ClaudeInstallation claude)
    {
        var key = (claude.Path, claude.Version);
        if (_known.TryGetValue(key, out var known) && time.GetElapsedTime(known.Asked) < Fresh && !known.Answer.IsFaulted)
        {
            return known.Answer;
        }

        var answer = AskAsync(claude.Path);
        _known[key] = (time.GetTimestamp(), answer);
        return answer;
    }

    private async Task<IReadOnlyList<AgentCommand>> AskAsync(string claude)
    {
        // Not in the project, whose files it would look at.
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        ChildStart start = new(
            claude,
            ["-p", "--input-format", "stream-json", "--output-format", "stream-json", "--verbose", "--setting-sources", "user", "--settings", """{"disableAllHooks":true}""", "--strict-mcp-config"],
            Directory.Exists(home) ? home : "/",
            new StopPolicy("TERM", TimeSpan.FromSeconds(1)));
        await using var process = children.Start(start, Guid.NewGuid().ToString());
        using CancellationTokenSource limit = new(Patience);
        await process.Input.WriteAsync(Encoding.UTF8.GetBytes(Initialize + "\n"), limit.Token);
        await process.Input.FlushAsync(limit.Token);
        try
        {
            await foreach (var line in LineReader.ReadLinesAsync(process.Output, 4 * 1024 * 1024, static () => { }, limit.Token))
            {
                if (Read(line) is { } commands)
                {
                    return commands;
                }
            }
        }
        catch (OperationCanceledException)
        {
        }
        finally
        {
            await process.StopAsync();
        }

        throw new RequestException(ErrorCode.AgentUnavailable, "Claude Code did not say which commands it knows. Try again; pocketcoder doctor looks at what is wrong with it.");
    }

    /// <summary>Null for any other line.</summary>
    private static IReadOnlyList<AgentCommand>? Read(ReadOnlyMemory<byte> line)
    {
        using var document = JsonLine.Parse(line);
        if (document?.RootElement is not { ValueKind: JsonValueKind.Object } root || root.Text("type") != "control_response")
        {
            return null;
        }

        return [.. root.Get("response").Get("response").Get("commands").Items()
            .Where(command => command.Text("name") is { Length: > 0 })
            .Select(command => new AgentCommand(command.Text("name")!, command.Text("description") ?? "", command.Text("argumentHint") is { Length: > 0 } hint ? hint : null))];
    }
}
