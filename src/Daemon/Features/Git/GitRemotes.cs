using System.Collections.Concurrent;
using PocketCoder.Protocol;
using PocketCoder.Protocol.Messaging;

namespace PocketCoder.Daemon.Features.Git;

/// <summary>What goes over the network, with git's progress on the way. Only to remotes that are configured: a request names one, never an address.</summary>
internal sealed class GitRemotes(GitRepositories repositories)
{
    private static readonly TimeSpan ProgressPause = TimeSpan.FromMilliseconds(250);
    private const int MaxProgressChars = 200;

    // The repository may not say with which program the other side is to answer.
    private const string UploadPack = "--upload-pack=git-upload-pack", ReceivePack = "--receive-pack=git-receive-pack";

    private readonly ConcurrentDictionary<(string? ClientId, string? RequestId), CancellationTokenSource> _running = new();

    public void Map(MessageRoutes routes)
    {
        routes.Map<GitPushRequest, GitPushResponse>((request, context, token) => UntilCancelledAsync(context, stop => PushAsync(request, context, stop), token));
        routes.Map<GitFetchRequest, GitFetchResponse>((request, context, token) => UntilCancelledAsync(context, stop => FetchAsync(request, context, stop), token));
        routes.Map<GitPullRequest, GitPullResponse>(PullAsync);
        routes.Map<GitCancelRequest, GitCancelResponse>(CancelAsync);
    }

    private Task<GitCancelResponse> CancelAsync(GitCancelRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        try
        {
            if (_running.TryGetValue((context.ClientId, request.RequestId), out var transfer))
            {
                transfer.Cancel();
                return Task.FromResult(new GitCancelResponse(Cancelled: true));
            }
        }
        catch (ObjectDisposedException)
        {
            // It ended at this very moment.
        }

        throw new RequestException(ErrorCode.NotFound, "There is no such transfer; it may be over.");
    }

    private async Task<T> UntilCancelledAsync<T>(RequestContext context, Func<CancellationToken, Task<T>> transfer, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var key = (context.ClientId, context.RequestId);
        if (!_running.TryAdd(key, stop))
        {
            throw new RequestException(ErrorCode.InvalidRequest, "A transfer with this requestId runs already.");
        }

        try
        {
            return await transfer(stop.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new RequestException(ErrorCode.GitError, "Stopped. What had reached the other side by then stays there.", new ErrorDetails { Reason = "cancelled" });
        }
        finally
        {
            _running.TryRemove(key, out _);
        }
    }

    private Task<GitPushResponse> PushAsync(GitPushRequest request, RequestContext context, CancellationToken cancellationToken) =>
        repositories.TransferAsync(context, async repository =>
        {
            var branch = request.Branch is { } named ? GitRepository.Name(named) : await repository.BranchAsync(cancellationToken)
                ?? throw new RequestException(ErrorCode.GitError, "HEAD is at no branch. Name the branch to push, or check one out.");
            var (remote, target) = await DestinationAsync(repository, branch, "push", request.Remote, cancellationToken);
            IReadOnlyList<string> upstream = request.SetUpstream == true ? ["--set-upstream"] : [];
            var pushed = repository.Require(await repository.RunTrustedAsync(
                Call(repository, context, ["push", "--porcelain", "--progress", "--no-recurse-submodules", ReceivePack, .. upstream, "--", remote, $"refs/heads/{branch}:{target}"], cancellationToken),
                cancellationToken));
            var said = pushed.Error.Split('\n').Where(line => line.StartsWith("remote:", StringComparison.Ordinal));
            return new GitPushResponse(Success: true, remote, branch, GitFailure.Redacted(string.Join('\n', said.Prepend(pushed.Text.TrimEnd())), repository.Project));
        }, cancellationToken);

    private Task<GitFetchResponse> FetchAsync(GitFetchRequest request, RequestContext context, CancellationToken cancellationToken) =>
        repositories.TransferAsync(context, async repository =>
        {
            var branch = await repository.BranchAsync(cancellationToken);
            var (remote, _) = await DestinationAsync(repository, branch ?? "HEAD", "upstream", request.Remote, cancellationToken);
            IReadOnlyList<string> prune = request.Prune == true ? ["--prune"] : [];
            repository.Require(await repository.RunTrustedAsync(
                Call(repository, context, ["fetch", "--progress", "--no-recurse-submodules", UploadPack, .. prune, "--", remote], cancellationToken), cancellationToken));
            return new GitFetchResponse(Success: true, remote);
        }, cancellationToken);

    // First all that takes long, which can be cancelled; then the pull itself, which must not be cut short in the middle of the working tree.
    private async Task<GitPullResponse> PullAsync(GitPullRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        // What is wrong with the remote the pull says too, and in its own words.
        await UntilCancelledAsync(context, stop => repositories.TransferAsync(context, repository => repository.RunTrustedAsync(
            Call(repository, context, ["fetch", "--progress", "--no-recurse-submodules", UploadPack], stop), stop), stop), cancellationToken);
        return await JoinAsync(request, context, cancellationToken);
    }

    private Task<GitPullResponse> JoinAsync(GitPullRequest request, RequestContext context, CancellationToken cancellationToken) =>
        repositories.TransferAsync(context, _ => repositories.ChangeAsync(context, async repository =>
        {
            if (repository.Operation is { } operation)
            {
                throw new RequestException(ErrorCode.GitError, $"A {operation} is under way. End it first.");
            }

            var before = await repository.HeadAsync(cancellationToken);
            IReadOnlyList<string> mode = request.Mode switch
            {
                GitPullMode.Merge => ["--no-rebase", "--ff"],
                GitPullMode.Rebase => ["--rebase=true"],
                _ => ["--ff-only", "--no-rebase"],
            };
            var pulled = await repository.RunTrustedAsync(
                Call(repository, context, ["pull", "--progress", "--no-edit", "--no-recurse-submodules", UploadPack, .. mode], cancellationToken), cancellationToken);
            if (pulled.ExitCode != 0 && repository.Operation is { } begun)
            {
                throw await BackOutAsync(repository, begun, pulled, cancellationToken);
            }

            repository.Require(pulled);
            var head = await repository.HeadAsync(cancellationToken) ?? "";
            return new GitPullResponse(Success: true, head, Updated: head != before);
        }, cancellationToken), cancellationToken);

    // A tree full of conflict markers is nothing to be left with on a phone; whoever wants to resolve them pulls on the machine, or has the agent do it.
    private static async Task<RequestException> BackOutAsync(GitRepository repository, string operation, GitResult pulled, CancellationToken cancellationToken)
    {
        var conflicts = repository.Require(await repository.RunAsync(["diff", "--name-only", "--diff-filter=U", "--no-relative", "-z"], cancellationToken))
            .Text.Split('\0')[..^1].Select(repository.Own).ToList();
        repository.Require(await repository.RunTrustedAsync([operation, "--abort"], cancellationToken));
        var files = string.Join(", ", conflicts.Take(10)) + (conflicts.Count > 10 ? $" and {conflicts.Count - 10} more" : "");
        return new RequestException(
            ErrorCode.GitError,
            $"Both sides changed the same lines of {(files.Length > 0 ? files : "some files")}. Nothing was changed here; pull on the machine, or ask the agent to, and resolve the conflicts.",
            new ErrorDetails { ExitCode = pulled.ExitCode, Stderr = GitFailure.Redacted(pulled.Error, repository.Project) });
    }

    /// <summary>The remote, and the name the branch has there. <paramref name="side"/>: <c>push</c> or <c>upstream</c>.</summary>
    private static async Task<(string Remote, string Target)> DestinationAsync(
        GitRepository repository, string branch, string side, string? named, CancellationToken cancellationToken)
    {
        var (remotes, name) = (repository.Config.Remotes, "refs/heads/" + branch);
        var configured = repository.Require(await repository.RunAsync(
            ["for-each-ref", $"--format=%({side}:remotename)%00%({side}:remoteref)%00", name], cancellationToken)).Text.Split('\0');
        var remote = named is not null ? GitRepository.Name(named)
            : configured[0].Length > 0 ? configured[0]
            : remotes is [var only] ? only
            : remotes.Contains("origin") ? "origin"
            : throw new RequestException(ErrorCode.GitError, "The repository has no remote to take for this. On the machine: git remote add origin URL");
        if (!remotes.Contains(remote) || remote.StartsWith('-'))
        {
            throw new RequestException(ErrorCode.GitError, $"There is no remote of this name. {(remotes.Count > 0 ? $"Known: {string.Join(", ", remotes.Take(20))}." : "There is none at all.")}");
        }

        return (remote, configured is [var own, { Length: > 0 } target, ..] && own == remote ? target : name);
    }

    private GitCall Call(GitRepository repository, RequestContext context, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        var last = 0L;
        return new GitCall(repository.Project.Path, arguments)
        {
            Limit = GitCall.Network,
            OnErrorLine = async line =>
            {
                if (last == 0 || repositories.Time.GetElapsedTime(last) >= ProgressPause)
                {
                    last = repositories.Time.GetTimestamp();
                    var told = GitFailure.Redacted(line, repository.Project);
                    await context.SendAsync(new Progress(told.Length > MaxProgressChars ? told[..MaxProgressChars] : told), cancellationToken);
                }
            },
        };
    }
}
