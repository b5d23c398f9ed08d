using PocketCoder.Daemon.Features.Projects;
using PocketCoder.Protocol;
using PocketCoder.Protocol.Messaging;

namespace PocketCoder.Daemon.Features.Agent;

/// <summary>What there is to choose from and to attend to: agents, their commands, and the prompts of all sessions.</summary>
internal sealed class AgentListsFeature(AgentStore store, ProjectStore projects, AgentPrograms programs) : IFeature
{
    public void Map(MessageRoutes routes)
    {
        routes.Map<AgentsListRequest, AgentsListResponse>(async (_, _, ct) => new AgentsListResponse(await programs.DescribeAsync(ct)));
        routes.Map<AgentCommandsRequest, AgentCommandsResponse>(CommandsAsync);
        routes.Map<AgentPromptsListRequest, AgentPromptsListResponse>(PromptsAsync);
    }

    private async Task<AgentCommandsResponse> CommandsAsync(AgentCommandsRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        var project = projects.Require(context.ProjectId);
        return new AgentCommandsResponse(await programs.Require(request.Agent).CommandsAsync(project.Path, cancellationToken));
    }

    private Task<AgentPromptsListResponse> PromptsAsync(AgentPromptsListRequest request, RequestContext context, CancellationToken cancellationToken) =>
        Task.FromResult(new AgentPromptsListResponse(store.OpenPrompts(), store.Problems() is { Count: > 0 } problems ? problems : null));
}
