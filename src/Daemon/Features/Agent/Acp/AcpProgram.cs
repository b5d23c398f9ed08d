using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using PocketCoder.Daemon.Features.Agent.Claude;
using PocketCoder.Daemon.Processes;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Agent.Acp;

/// <summary>One agent of those that speak ACP.</summary>
/// <param name="chosen">Its path; null looks for it in the usual places.</param>
/// <param name="claude">What the adapter of Claude Code is to run.</param>
internal sealed class AcpProgram(AcpAgent agent, string? chosen, ClaudeLocator claude, Children children, ILogger<AcpProcess> logger) : IAgentProgram
{
    // An agent names its commands only in a session, so those of a directory are known from the last one there.
    private readonly ConcurrentDictionary<string, IReadOnlyList<AgentCommand>> _commands = new(StringComparer.Ordinal);
    private (string Path, DateTime Written, string Argument)? _known;

    public string Name => agent.Id;

    public Task<AgentDescription> DescribeAsync(CancellationToken cancellationToken) => Task.FromResult(agent.Find(chosen) is { } path
        ? new AgentDescription(agent.Id, agent.Title, Available: true, NpmPackage.VersionOf(path))
        : new AgentDescription(agent.Id, agent.Title, Available: false, Action: agent.Install));

    public Task RequireAsync(CancellationToken cancellationToken)
    {
        Require();
        return Task.CompletedTask;
    }

    public async Task<IAgentTransport> StartAsync(AgentStart start, CancellationToken cancellationToken)
    {
        var path = Require();
        IReadOnlyList<string> arguments = agent.Argument is { } argument ? [await ArgumentAsync(path, argument, cancellationToken)] : [];
        Dictionary<string, string?> environment = new()
        {
            // Its interpreter is most often where it is itself.
            ["PATH"] = string.Join(Path.PathSeparator, new[] { Environment.GetEnvironmentVariable("PATH"), Path.GetDirectoryName(path) }.Where(part => !string.IsNullOrEmpty(part))),
        };
        if (agent == AcpAgent.ClaudeAdapter && await claude.FindAsync(cancellationToken) is { } found)
        {
            environment["CLAUDE_CODE_EXECUTABLE"] = found.Path;
        }

        var process = children.Start(new ChildStart(path, arguments, start.Cwd, AcpProcess.Policy) { Environment = environment }, start.AgentId);
        return new AcpProcess(process, agent, start, commands => _commands[start.Cwd] = commands, logger);
    }

    public Task<IReadOnlyList<AgentCommand>> CommandsAsync(string directory, CancellationToken cancellationToken) =>
        Task.FromResult(_commands.GetValueOrDefault(directory) ?? []);

    private string Require() => agent.Find(chosen) ?? throw new RequestException(
        ErrorCode.AgentUnavailable, $"{agent.Title} is not installed on the machine. {agent.Install}", new ErrorDetails { Reason = "not_installed", Action = agent.Install });

    // Which name its version has for it stands in its help.
    private async Task<string> ArgumentAsync(string path, string argument, CancellationToken cancellationToken)
    {
        if (agent.OlderArgument is not { } older)
        {
            return argument;
        }

        var written = File.GetLastWriteTimeUtc(path);
        if (_known is not { } known || known.Path != path || known.Written != written)
        {
            var help = await Probe.RunAsync(path, ["--help"], cancellationToken);
            var old = help is { Output: var text } && text.Contains(older, StringComparison.Ordinal) && !text.Contains(argument + " ", StringComparison.Ordinal);
            _known = known = (path, written, old ? older : argument);
        }

        return known.Argument;
    }
}
