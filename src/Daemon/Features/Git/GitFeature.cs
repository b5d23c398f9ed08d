using System.Globalization;
using PocketCoder.Daemon.Features.Files;
using PocketCoder.Daemon.Features.Projects;
using PocketCoder.Protocol;
using PocketCoder.Protocol.Messaging;

namespace PocketCoder.Daemon.Features.Git;

/// <summary>Looking at a repository: nothing here starts a program that the repository names.</summary>
internal sealed class GitFeature(GitRepositories repositories, GitOnce once) : IFeature
{
    private const int MaxBranches = 1_000, UsualCommits = 50, MaxCommits = 500;
    private const int MaxFileBytes = 10 * 1024 * 1024;

    public void Map(MessageRoutes routes)
    {
        routes.Map<GitStatusRequest, GitStatusResponse>(StatusAsync);
        routes.Map<GitBranchesRequest, GitBranchesResponse>(BranchesAsync);
        routes.Map<GitLogRequest, GitLogResponse>(LogAsync);
        routes.Map<GitFileBaseRequest, GitFileBaseResponse>(FileBaseAsync);
        new GitDiff(repositories).Map(routes);
        new GitChanges(repositories, once).Map(routes);
        new GitDiscard(repositories, once).Map(routes);
        new GitStash(repositories, once).Map(routes);
        new GitRemotes(repositories).Map(routes);
    }

    private async Task<GitStatusResponse> StatusAsync(GitStatusRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        var repository = await repositories.OpenAsync(context, cancellationToken);

        // Of a submodule only which commit it is at is asked; anything more would start a git of its own in it.
        var status = repository.Require(await repository.RunAsync(
            ["status", "--porcelain=v2", "--branch", "-z", "--untracked-files=all", "--ignore-submodules=dirty", "--", "."], cancellationToken));
        return PorcelainStatus.Parse(status.Text, repository.Prefix, status.Truncated, repository.Operation) with { KeyMemory = once.Memory };
    }

    private async Task<GitBranchesResponse> BranchesAsync(GitBranchesRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        var repository = await repositories.OpenAsync(context, cancellationToken);
        var listed = repository.Require(await repository.RunAsync(
            ["for-each-ref", "--sort=-committerdate", $"--count={MaxBranches + 1}", BranchList.Format, "refs/heads", "refs/remotes"], cancellationToken));
        var branches = BranchList.Parse(listed.Text).ToList();
        return new GitBranchesResponse(
            await repository.BranchAsync(cancellationToken), [.. branches.Take(MaxBranches)], branches.Count > MaxBranches || listed.Truncated ? true : null);
    }

    private async Task<GitLogResponse> LogAsync(GitLogRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        var (limit, skip) = (request.Limit ?? UsualCommits, request.Skip ?? 0);
        if (limit is < 1 or > MaxCommits || skip < 0)
        {
            throw new RequestException(ErrorCode.InvalidRequest, $"limit is 1 to {MaxCommits}, and skip is not negative.");
        }

        var repository = await repositories.OpenAsync(context, cancellationToken);
        var from = await repository.FindCommitAsync(GitRepository.Name(request.Ref ?? "HEAD"), cancellationToken);
        if (from is null)
        {
            return request.Ref is null ? new GitLogResponse(null, [], HasMore: false) : throw NoSuchCommit();
        }

        // A project that is a directory of a larger repository has the history of that directory.
        IReadOnlyList<string> paths = request.Path is { Length: > 0 } path ? ["--", .. GitRepository.ArgumentPaths([path])] : repository.Prefix.Length > 0 ? ["--", "."] : [];
        var log = repository.Require(await repository.RunAsync(
            ["log", "-z", CommitLog.Format, $"--max-count={limit + 1}", $"--skip={skip}", from, .. paths], cancellationToken));
        var commits = CommitLog.Parse(log.Text).ToList();
        return new GitLogResponse(from, [.. commits.Take(limit)], commits.Count > limit || log.Truncated);
    }

    private async Task<GitFileBaseResponse> FileBaseAsync(GitFileBaseRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        var path = GitRepository.ArgumentPaths([request.Path.TrimEnd('/')])[0];
        var repository = await repositories.OpenAsync(context, cancellationToken);
        var commit = await repository.FindCommitAsync(GitRepository.Name(request.Ref ?? "HEAD"), cancellationToken);
        if (commit is null && request.Ref is not null)
        {
            throw NoSuchCommit();
        }

        // MODE TYPE SHA SIZE TAB PATH NUL. The name is looked up in the tree and the content taken by its sha, so no name is ever read as a revision.
        var entry = commit is null ? null : repository.Require(await repository.RunAsync(
            ["ls-tree", "-z", "--long", commit, "--", path], cancellationToken)).Text;
        if (request.Path.Length > 0 && string.IsNullOrEmpty(entry))
        {
            return new GitFileBaseResponse(request.Path, Exists: false);
        }

        if (entry?.Split('\t', 2)[0].Split(' ', StringSplitOptions.RemoveEmptyEntries) is not [_, "blob", var sha, var size])
        {
            throw new RequestException(ErrorCode.IsADirectory, "This is a directory.", new ErrorDetails { Path = request.Path });
        }

        if (long.Parse(size, CultureInfo.InvariantCulture) > MaxFileBytes)
        {
            throw new RequestException(ErrorCode.FileTooLarge, "The file is larger than 10 MB.", new ErrorDetails { Path = request.Path });
        }

        var content = repository.Require(await repository.RunAsync(
            new GitCall(repository.Project.Path, "cat-file", "blob", sha) { MaxOutput = MaxFileBytes }, cancellationToken)).Output;
        var shown = FileContent.Of(content, isPart: false);
        return new GitFileBaseResponse(request.Path, Exists: true, shown.Content, shown.Content.Encoding);
    }

    private static RequestException NoSuchCommit() => new(ErrorCode.GitError, "There is no such branch, tag or commit.");
}
