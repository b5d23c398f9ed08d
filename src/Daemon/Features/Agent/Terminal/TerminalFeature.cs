using PocketCoder.Daemon.Features.Projects;
using PocketCoder.Protocol;
using PocketCoder.Protocol.Messaging;

namespace PocketCoder.Daemon.Features.Agent.Terminal;

/// <summary>What can be done about a session that a terminal has open.</summary>
internal sealed class TerminalFeature(AgentSessions sessions, ProjectStore projects) : IFeature
{
    public void Map(MessageRoutes routes)
    {
        routes.Map<AgentSessionTakeOverRequest, AgentSessionTakeOverResponse>(async (request, context, _) =>
            new AgentSessionTakeOverResponse(await sessions.Require(request.AgentSessionId, projects.Require(context.ProjectId)).TakeOverAsync()));
        routes.Map<AgentSessionForkRequest, AgentSessionForkResponse>(async (request, context, _) =>
            new AgentSessionForkResponse(await sessions.ForkAsync(request.AgentSessionId, projects.Require(context.ProjectId))));
    }
}
