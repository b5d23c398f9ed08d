using System.Collections.Concurrent;
using PocketCoder.Daemon.Features.Projects;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Agent.Terminal;

/// <summary>One list of what was begun here and in terminals. A session that both know is in it once.</summary>
internal sealed class SessionList(AgentStore store, Terminals terminals, TimeProvider time)
{
    private static readonly TimeSpan VerifyAgain = TimeSpan.FromHours(1);
    private readonly ConcurrentDictionary<(string ProjectId, string Directory), long> _verified = new();

    /// <param name="describe">A session that is kept, as it is now.</param>
    public async Task<IReadOnlyList<AgentSessionEntry>> OfAsync(Project project, int limit, string? before, Func<SessionRecord, AgentSessionEntry> describe)
    {
        var found = terminals.Of(project);
        await VerifyAsync(project, found);
        var transcripts = found.GroupBy(session => session.File.SessionId).ToDictionary(same => same.Key, same => same.MaxBy(session => session.File.WrittenAt)!, StringComparer.Ordinal);
        List<AgentSessionEntry> entries = [];
        foreach (var record in store.OfProject(project.ProjectId))
        {
            entries.Add(Merge(describe(record), transcripts.GetValueOrDefault(record.AgentId)));
            transcripts.Remove(record.AgentId);
            transcripts.Remove(record.AgentSessionId);
        }

        entries.AddRange(transcripts.Values.Select(Describe));
        entries.Sort((a, b) => b.LastActivityAt.CompareTo(a.LastActivityAt) is var order and not 0 ? order : string.CompareOrdinal(a.AgentSessionId, b.AgentSessionId));
        return [.. entries.Skip(before is null ? 0 : entries.FindIndex(e => e.AgentSessionId == before) + 1).Take(limit)];
    }

    // What a terminal added is not in the log before somebody looks.
    private static AgentSessionEntry Merge(AgentSessionEntry entry, TerminalSession? session) => session is null ? entry : entry with
    {
        Title = entry.Origin == SessionOrigin.Terminal ? session.Summary.Title : entry.Title,
        LastActivityAt = session.Summary.SaidAt is { } said && said > entry.LastActivityAt ? said : entry.LastActivityAt,
        MessageCount = Math.Max(entry.MessageCount, session.Summary.Messages),
        State = entry.State == AgentSessionState.Idle ? State(session.Live) : entry.State,
        InTerminal = session.Live is null ? null : true,
        Branch = session.Summary.Branch,
    };

    private static AgentSessionEntry Describe(TerminalSession session) => new(
        session.File.SessionId, session.Summary.Title, session.Summary.StartedAt, session.File.WrittenAt, session.Summary.Messages, State(session.Live), Queued: 0,
        session.Summary.Model, Agent: Claude.ClaudeProgram.Id, Origin: SessionOrigin.Terminal, InTerminal: session.Live is null ? null : true, Branch: session.Summary.Branch);

    private static AgentSessionState State(LiveTerminal? live) => live is { Busy: true } ? AgentSessionState.Running : AgentSessionState.Idle;

    private async Task VerifyAsync(Project project, IReadOnlyList<TerminalSession> found)
    {
        foreach (var directory in found.Select(session => Path.GetDirectoryName(session.File.Path)!).Distinct(StringComparer.Ordinal))
        {
            if (!_verified.TryGetValue((project.ProjectId, directory), out var at) || time.GetElapsedTime(at) > VerifyAgain)
            {
                await store.KeepTranscriptDirectoryAsync(project.ProjectId, directory, time.GetUtcNow());
                _verified[(project.ProjectId, directory)] = time.GetTimestamp();
            }
        }
    }
}
