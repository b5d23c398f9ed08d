using PocketCoder.Daemon.Features.Projects;
using PocketCoder.Daemon.Processes;
using PocketCoder.Protocol.Messaging;

namespace PocketCoder.Daemon.Features.Git;

/// <summary>Opens the repository that a request is about, to look at it or, one request at a time, to change it.</summary>
internal sealed class GitRepositories(ProjectStore projects, Children children, TimeProvider time)
{
    private readonly HardenedGit _git = new(children);

    // What goes over the network may take minutes and needs no lock of the index, so it does not hold up a commit.
    private readonly RepositoryLanes _work = new(), _network = new();

    public TimeProvider Time => time;

    public Task<GitRepository> OpenAsync(RequestContext context, CancellationToken cancellationToken) => OpenAsync(projects.Require(context.ProjectId), cancellationToken);

    public Task<GitRepository> OpenAsync(Project project, CancellationToken cancellationToken) => GitRepository.OpenAsync(_git, time, project, cancellationToken);

    public async Task<T> ChangeAsync<T>(RequestContext context, Func<GitRepository, Task<T>> change, CancellationToken cancellationToken)
    {
        var repository = await OpenAsync(context, cancellationToken);
        using var turn = await _work.EnterAsync(repository.CommonDirectory, cancellationToken);
        return await change(repository);
    }

    public async Task<T> TransferAsync<T>(RequestContext context, Func<GitRepository, Task<T>> transfer, CancellationToken cancellationToken)
    {
        var repository = await OpenAsync(context, cancellationToken);
        using var turn = await _network.EnterAsync(repository.CommonDirectory, cancellationToken);
        return await transfer(repository);
    }
}
