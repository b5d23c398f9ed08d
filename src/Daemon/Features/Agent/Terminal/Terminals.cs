using PocketCoder.Daemon.Features.Agent.Claude;
using PocketCoder.Daemon.Features.Projects;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Agent.Terminal;

/// <summary>A session as its transcript tells it, and whether somebody has it open.</summary>
internal sealed record TerminalSession(TranscriptFile File, TranscriptSummary Summary, LiveTerminal? Live);

/// <summary>The sessions of Claude Code on this machine, whoever began them.</summary>
internal sealed class Terminals(TranscriptFiles files, LiveTerminals live)
{
    private readonly TranscriptSummaries _summaries = new();

    public TranscriptFiles Files => files;

    public LiveTerminals Live => live;

    /// <summary>The sessions that were begun in the project's directory or below it.</summary>
    public IReadOnlyList<TerminalSession> Of(Project project)
    {
        var open = live.Recent();
        return
        [
            .. _summaries.Of(files.Near(project.Path))
                .Where(session => IsIn(project, session.Summary.Cwd))
                .Select(session => new TerminalSession(session.File, session.Summary, open.GetValueOrDefault(session.File.SessionId))),
        ];
    }

    /// <summary>How a session that a terminal began is kept from now on; null when there is no such one in this project.</summary>
    public SessionRecord? Adopt(string sessionId, Project project) =>
        files.Near(project.Path).FirstOrDefault(file => file.SessionId == sessionId) is { } file && _summaries.Of(file) is { } summary && IsIn(project, summary.Cwd)
            ? new SessionRecord
            {
                AgentSessionId = sessionId,
                AgentId = sessionId,
                ProjectId = project.ProjectId,
                Agent = ClaudeProgram.Id,
                Origin = SessionOrigin.Terminal,
                Begun = true,
                Cwd = summary.Cwd,
                Title = summary.Title,
                StartedAt = summary.StartedAt,
                LastActivityAt = file.WrittenAt,
                Mode = PermissionMode.Default,
            }
            : null;

    private static bool IsIn(Project project, string cwd) =>
        cwd == project.Path || cwd.StartsWith(project.Path.TrimEnd(Path.DirectorySeparatorChar) + Path.DirectorySeparatorChar, StringComparison.Ordinal);
}
