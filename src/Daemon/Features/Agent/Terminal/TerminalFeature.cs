using PocketCoder.Daemon.Features.Projects;
using PocketCoder.Protocol;
using PocketCoder.Protocol.Messaging;

namespace PocketCoder.Daemon.Features.Agent.Terminal;

/// <summary>From the phone to a terminal and back.</summary>
internal sealed class TerminalFeature(AgentSessions sessions, ProjectStore projects) : IFeature
{
    public void Map(MessageRoutes routes)
    {
        routes.Map<AgentSessionTakeOverRequest, AgentSessionTakeOverResponse>(async (request, context, _) =>
            new AgentSessionTakeOverResponse(await sessions.Require(request.AgentSessionId, projects.Require(context.ProjectId)).TakeOverAsync()));
        routes.Map<AgentSessionForkRequest, AgentSessionForkResponse>(async (request, context, _) =>
            new AgentSessionForkResponse(await sessions.ForkAsync(request.AgentSessionId, projects.Require(context.ProjectId))));
        routes.Map<AgentSessionResumeCommandRequest, AgentSessionResumeCommandResponse>((request, context, _) =>
            Task.FromResult(new AgentSessionResumeCommandResponse(sessions.Require(request.AgentSessionId, projects.Require(context.ProjectId)).ResumeCommand)));
    }
}
