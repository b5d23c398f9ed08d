using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Agent;

/// <summary>An agent that this machine may have: whether it is there, how it is started, what it can be told.</summary>
internal interface IAgentProgram
{
    /// <summary>Its name in <c>agent_session_new</c>.</summary>
    string Name { get; }

    Task<AgentDescription> DescribeAsync(CancellationToken cancellationToken);

    /// <summary>Throws <c>AGENT_UNAVAILABLE</c>, with what to do, when it is missing or not logged in.</summary>
    Task RequireAsync(CancellationToken cancellationToken);

    /// <summary>Starts it for one session. Throws as <see cref="RequireAsync"/> does.</summary>
    Task<IAgentTransport> StartAsync(AgentStart start, CancellationToken cancellationToken);

    /// <summary>The slash commands that it knows in a directory.</summary>
    Task<IReadOnlyList<AgentCommand>> CommandsAsync(string directory, CancellationToken cancellationToken);
}

/// <summary>The agents that PocketCoder can drive; the first one is meant when none is named.</summary>
internal sealed class AgentPrograms(params IReadOnlyList<IAgentProgram> programs)
{
    public string Default => programs[0].Name;

    /// <summary>The program of this name; <c>INVALID_REQUEST</c> when PocketCoder cannot drive such a one.</summary>
    public IAgentProgram Require(string? name) => programs.FirstOrDefault(program => program.Name == (name ?? Default))
        ?? throw new RequestException(ErrorCode.InvalidRequest, "This machine knows no such agent. agents_list names those that it can run.");

    public async Task<IReadOnlyList<AgentDescription>> DescribeAsync(CancellationToken cancellationToken) =>
        await Task.WhenAll(programs.Select(program => program.DescribeAsync(cancellationToken)));
}
