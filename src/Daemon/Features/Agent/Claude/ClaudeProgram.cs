using Microsoft.Extensions.Logging;
using PocketCoder.Daemon.Processes;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Agent.Claude;

/// <summary>Claude Code, driven by its own protocol.</summary>
internal sealed class ClaudeProgram(ClaudeLocator locator, Children children, TimeProvider time, ILogger<ClaudeProcess> logger) : IAgentProgram
{
    public const string Id = "claude";

    private readonly ClaudeCommands _commands = new(children, time);

    public string Name => Id;

    public async Task<AgentDescription> DescribeAsync(CancellationToken cancellationToken)
    {
        try
        {
            var claude = await locator.RequireAsync(cancellationToken);
            return new AgentDescription(Id, "Claude Code", Available: true, claude.Version);
        }
        catch (RequestException missing) when (missing.Code == ErrorCode.AgentUnavailable)
        {
            return new AgentDescription(Id, "Claude Code", Available: false, Action: missing.Details?.Action);
        }
    }

    public Task RequireAsync(CancellationToken cancellationToken) => locator.RequireAsync(cancellationToken);

    public async Task<IAgentTransport> StartAsync(AgentStart start, CancellationToken cancellationToken) =>
        ClaudeProcess.Start(children, await locator.RequireAsync(cancellationToken), start, locator.LoginLost, logger);

    public async Task<IReadOnlyList<AgentCommand>> CommandsAsync(string directory, CancellationToken cancellationToken) =>
        await _commands.ListAsync(await locator.RequireAsync(cancellationToken), directory, cancellationToken);
}
