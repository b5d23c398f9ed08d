using PocketCoder.Daemon.Features.Files.Watching;
using PocketCoder.Protocol;
using PocketCoder.Protocol.Messaging;

namespace PocketCoder.Daemon.Features.Projects;

internal sealed class ProjectsFeature(ProjectStore projects, FileWatcher watcher) : IFeature
{
    public void Map(MessageRoutes routes) => routes.Map<ProjectsListRequest, ProjectsListResponse>(ListAsync);

    private Task<ProjectsListResponse> ListAsync(ProjectsListRequest request, RequestContext context, CancellationToken cancellationToken) =>
        Task.FromResult(new ProjectsListResponse(
            [.. projects.All().Select(p => new ProjectEntry(p.ProjectId, p.Name, p.Path, p.LastOpenedAt, watcher.IsRunning(p.ProjectId), p.LastFsSeq))]));
}
