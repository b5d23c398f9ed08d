using System.Text;
using PocketCoder.Protocol;
using PocketCoder.Protocol.Messaging;

namespace PocketCoder.Daemon.Features.Git;

/// <summary>Branches, the index and commits: work at the owner's word, with the hooks and filters that run at the desk.</summary>
internal sealed class GitChanges(GitRepositories repositories, GitOnce once)
{
    private const int MaxMessageChars = 100_000;
    private static readonly string[] PathsFromInput = ["--pathspec-from-file=-", "--pathspec-file-nul"];

    public void Map(MessageRoutes routes)
    {
        once.Map<GitBranchCreateRequest, GitBranchCreateResponse>(routes, CreateBranchAsync);
        once.Map<GitCheckoutRequest, GitCheckoutResponse>(routes, CheckoutAsync);
        once.Map<GitStageRequest, GitStageResponse>(routes, StageAsync);
        once.Map<GitUnstageRequest, GitUnstageResponse>(routes, UnstageAsync);
        once.Map<GitCommitRequest, GitCommitResponse>(routes, CommitAsync);
    }

    private Task<GitBranchCreateResponse> CreateBranchAsync(GitBranchCreateRequest request, RequestContext context, CancellationToken cancellationToken) =>
        repositories.ChangeAsync(context, async repository =>
        {
            var name = "refs/heads/" + GitRepository.Name(request.Name);
            if ((await repository.RunAsync(["check-ref-format", name], cancellationToken)).ExitCode != 0)
            {
                throw new RequestException(ErrorCode.InvalidRequest, "A branch cannot have this name: no spaces, no \"..\", none of ~ ^ : ? * [ \\, no dot or slash at its end.");
            }

            if (await repository.FindCommitAsync(name, cancellationToken) is not null)
            {
                throw new RequestException(ErrorCode.AlreadyExists, "There is a branch of this name already.");
            }

            repository.Require(await repository.RunTrustedAsync(
                ["branch", request.Name, .. request.StartPoint is { } start ? [GitRepository.Name(start)] : Array.Empty<string>()], cancellationToken));
            return new GitBranchCreateResponse(request.Name, await repository.FindCommitAsync(name, cancellationToken) ?? "");
        }, cancellationToken);

    private Task<GitCheckoutResponse> CheckoutAsync(GitCheckoutRequest request, RequestContext context, CancellationToken cancellationToken) =>
        repositories.ChangeAsync(context, async repository =>
        {
            // The dashes at the end: what stands before them is no path, so a file of this name is never overwritten instead.
            repository.Require(await repository.RunTrustedAsync(["checkout", "--no-recurse-submodules", GitRepository.Name(request.Ref), "--"], cancellationToken));
            var branch = await repository.BranchAsync(cancellationToken);
            return new GitCheckoutResponse(branch, Detached: branch is null, await repository.HeadAsync(cancellationToken));
        }, cancellationToken);

    private Task<GitStageResponse> StageAsync(GitStageRequest request, RequestContext context, CancellationToken cancellationToken) =>
        repositories.ChangeAsync(context, async repository =>
        {
            var paths = GitRepository.Pathspecs(request.Paths);
            repository.Require(request.Hunks is { } hunks
                ? await ApplyAsync(repository, staged: false, paths, hunks, request.ContextLines, cancellationToken)
                : await repository.RunTrustedAsync(
                    new GitCall(repository.Project.Path, ["--literal-pathspecs", "add", "--all", .. PathsFromInput]) { Input = GitRepository.NulTerminated(paths) }, cancellationToken));
            return new GitStageResponse(Success: true);
        }, cancellationToken);

    private Task<GitUnstageResponse> UnstageAsync(GitUnstageRequest request, RequestContext context, CancellationToken cancellationToken) =>
        repositories.ChangeAsync(context, async repository =>
        {
            var paths = GitRepository.Pathspecs(request.Paths);
            repository.Require(request.Hunks is { } hunks
                ? await ApplyAsync(repository, staged: true, paths, hunks, request.ContextLines, cancellationToken)
                : await repository.RunTrustedAsync(
                    new GitCall(repository.Project.Path, ["--literal-pathspecs", "reset", "--quiet", .. PathsFromInput]) { Input = GitRepository.NulTerminated(paths) }, cancellationToken));
            return new GitUnstageResponse(Success: true);
        }, cancellationToken);

    private Task<GitCommitResponse> CommitAsync(GitCommitRequest request, RequestContext context, CancellationToken cancellationToken) =>
        repositories.ChangeAsync(context, async repository =>
        {
            var amend = request.Amend == true;
            var keepMessage = amend && string.IsNullOrWhiteSpace(request.Message);
            if (request.Message.Contains('\0') || request.Message.Length > MaxMessageChars || (string.IsNullOrWhiteSpace(request.Message) && !amend))
            {
                throw new RequestException(ErrorCode.InvalidRequest, $"A commit message is not empty and has at most {MaxMessageChars} characters.");
            }

            await RefuseUnseenAsync(repository, cancellationToken);
            repository.Require(await repository.RunTrustedAsync(
                new GitCall(repository.Project.Path, ["commit", "--quiet", "--cleanup=whitespace", .. amend ? ["--amend"] : Array.Empty<string>(), .. keepMessage ? ["--no-edit"] : (string[])["--file=-"]])
                {
                    Input = keepMessage ? default : Encoding.UTF8.GetBytes(request.Message),
                }, cancellationToken));
            var made = repository.Require(await repository.RunAsync(["log", "--max-count=1", "--format=%H %s"], cancellationToken)).Line.Split(' ', 2);
            return new GitCommitResponse(made[0], made[1]);
        }, cancellationToken);

    // A commit takes the whole index. Where the project is a part of a repository, nobody on the phone has seen what is staged beside it.
    private static async Task RefuseUnseenAsync(GitRepository repository, CancellationToken cancellationToken)
    {
        if (repository.Prefix.Length == 0 || repository.Operation is not null)
        {
            return;
        }

        var staged = repository.Require(await repository.RunAsync(
            ["diff", "--cached", "--name-only", "--no-renames", "--no-ext-diff", "--no-textconv", "--ignore-submodules=dirty", "--no-relative", "-z"], cancellationToken));
        if (staged.Truncated || staged.Text.Split('\0')[..^1].Any(path => !path.StartsWith(repository.Prefix, StringComparison.Ordinal)))
        {
            throw new RequestException(ErrorCode.GitError,
                "Files outside this project are staged in the same repository and would be committed unseen. Commit or unstage them on the machine first.");
        }
    }

    /// <summary>Stages or unstages hunks.</summary>
    private static async Task<GitResult> ApplyAsync(
        GitRepository repository, bool staged, IReadOnlyList<string> paths, IReadOnlyList<string> hunks, int? contextLines, CancellationToken cancellationToken)
    {
        var patch = await HunkPatch.OfAsync(repository, staged, reverse: staged, paths, hunks, contextLines, cancellationToken);
        return await repository.RunTrustedAsync(new GitCall(repository.Root, HunkPatch.Apply(reverse: staged)) { Input = patch }, cancellationToken);
    }
}
