using PocketCoder.Daemon.Features.Projects;
using PocketCoder.Protocol;
using PocketCoder.Protocol.Messaging;

namespace PocketCoder.Daemon.Features.Git;

internal sealed class GitFeature(ProjectStore projects) : IFeature
{
    public void Map(MessageRoutes routes) => routes.Map<GitStatusRequest, GitStatusResponse>(StatusAsync);

    private async Task<GitStatusResponse> StatusAsync(GitStatusRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        var project = projects.Require(context.ProjectId);

        // A project may be a directory of a larger repository: its paths are its own, and what lies beside it is not its business.
        var where = await HardenedGit.RunReadOnlyAsync(project.Path, ["rev-parse", "--show-prefix"], cancellationToken);
        var result = where.ExitCode != 0 ? where : await HardenedGit.RunReadOnlyAsync(
            project.Path, ["status", "--porcelain=v2", "--branch", "-z", "--ignore-submodules=all", "--", "."], cancellationToken);
        return result.ExitCode == 0 ? PorcelainStatus.Parse(result.Output, where.Output.TrimEnd('\n')) : throw Failure(result, project);
    }

    private static RequestException Failure(GitResult result, Project project)
    {
        if (result.Error.Contains("not a git repository", StringComparison.Ordinal))
        {
            return new RequestException(ErrorCode.GitNotInitialized, "This project is not a git repository. Make it one on the machine: git init");
        }

        return result.Error.Contains("dubious ownership", StringComparison.Ordinal)
            ? new RequestException(ErrorCode.GitError, "The repository belongs to another user, so git refuses it. On the machine: git config --global --add safe.directory PATH")
            : new RequestException(ErrorCode.GitError, "git failed.", new ErrorDetails
            {
                ExitCode = result.ExitCode,
                Stderr = result.Error.Replace(project.Path, ".", StringComparison.Ordinal).Trim(),
            });
    }
}
