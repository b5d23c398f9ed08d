using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using PocketCoder.Daemon.Features.Agent.Terminal;
using PocketCoder.Daemon.Features.Projects;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Agent;

/// <summary>The sessions in memory: each is loaded once, so that only one object ever writes to it.</summary>
internal sealed class AgentSessions(AgentSurroundings world) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, Lazy<AgentSession>> _sessions = new(StringComparer.Ordinal);
    private readonly SessionList _list = new(world.Store, world.Terminals, world.Time);

    public int WithAgent => Loaded.Count(s => s.HasAgent);

    private IEnumerable<AgentSession> Loaded => _sessions.Values.Select(s => s.Value);

    /// <summary>The session of this project, begun here or in a terminal, or <c>NOT_FOUND</c>.</summary>
    public AgentSession Require(string agentSessionId, Project project)
    {
        if (_sessions.TryGetValue(agentSessionId, out var loaded))
        {
            return loaded.Value.ProjectId == project.ProjectId ? loaded.Value : throw NotFound();
        }

        var record = world.Store.Find(agentSessionId) ?? world.Store.FindByAgentId(agentSessionId, project.ProjectId) ?? world.Terminals.Adopt(agentSessionId, project);
        return record is not null && record.ProjectId == project.ProjectId ? Load(record) : throw NotFound();
    }

    /// <summary>Makes a session that begins with what this one knows; its id.</summary>
    public async Task<string> ForkAsync(string agentSessionId, Project project)
    {
        var fork = Load(await Require(agentSessionId, project).ForkAsync());
        await fork.TakeInTranscriptAsync();
        return fork.Id;
    }

    /// <summary>
    /// The session that this message begins, kept when it is accepted. Its id follows from the message's, so that two arrivals of one message at
    /// the same moment find one session.
    /// </summary>
    public AgentSession Begin(Project project, string agent, StoredMessage message)
    {
        var bytes = SHA256.HashData(Encoding.UTF8.GetBytes($"session of {message.MessageId}"))[..16];

        // The marks of a random UUID, for whoever checks them.
        bytes[6] = (byte)((bytes[6] & 0x0f) | 0x40);
        bytes[8] = (byte)((bytes[8] & 0x3f) | 0x80);
        var id = new Guid(bytes, bigEndian: true).ToString();
        var now = world.Time.GetUtcNow();
        return Load(new SessionRecord
        {
            AgentSessionId = id,
            AgentId = id,
            ProjectId = project.ProjectId,
            Agent = agent,
            Cwd = project.Path,
            Title = SummaryReader.TitleOf(message.Content) ?? "New session",
            StartedAt = now,
            LastActivityAt = now,
            Model = message.Model,
            Mode = message.PermissionMode ?? PermissionMode.Default,
        });
    }

    public Task<IReadOnlyList<AgentSessionEntry>> ListAsync(Project project, int limit, string? before) => _list.OfAsync(
        project, limit, before,
        record => _sessions.TryGetValue(record.AgentSessionId, out var loaded)
            ? loaded.Value.Describe()
            : AgentSession.Describe(record, AgentSessionState.Idle, waiting: 0, openPrompts: 0)); // what has anything open is loaded at start

    /// <summary>Closes what a crash left open, and goes on with what waited. The sessions take it as their first work; nobody waits for its end.</summary>
    public Task RecoverAsync(IReadOnlySet<string> projectIds) => Task.WhenAll(
        [.. world.Store.Unfinished().Select(world.Store.Find).OfType<SessionRecord>()
            .Where(record => projectIds.Contains(record.ProjectId))
            .Select(record => Load(record).RecoverAsync())]);

    /// <summary>The project is not registered any more: nothing may run in it.</summary>
    public async Task EndProjectAsync(string projectId)
    {
        foreach (var session in Loaded.Where(s => s.ProjectId == projectId))
        {
            await session.DisposeAsync();
            _sessions.TryRemove(session.Id, out _);
        }
    }

    /// <summary>A client is gone (null: all of them, with the connection to the relay).</summary>
    public void Detach(string? clientId)
    {
        foreach (var session in Loaded)
        {
            session.Detach(clientId);
        }
    }

    public async ValueTask DisposeAsync() => await Task.WhenAll(Loaded.Select(s => s.DisposeAsync().AsTask()));

    private AgentSession Load(SessionRecord record) =>
        _sessions.GetOrAdd(record.AgentSessionId, _ => new Lazy<AgentSession>(() => new AgentSession(record, world))).Value;

    private static RequestException NotFound() => new(ErrorCode.NotFound, "There is no such session in this project.");
}
