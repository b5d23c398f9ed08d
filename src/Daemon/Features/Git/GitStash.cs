using PocketCoder.Protocol;
using PocketCoder.Protocol.Messaging;

namespace PocketCoder.Daemon.Features.Git;

internal sealed class GitStash(GitRepositories repositories, GitOnce once)
{
    private const int MaxStashes = 100, MaxMessageChars = 1_000;

    public void Map(MessageRoutes routes) => once.Map<GitStashRequest, GitStashResponse>(routes, StashAsync);

    private async Task<GitStashResponse> StashAsync(GitStashRequest request, RequestContext context, CancellationToken cancellationToken) =>
        request.Action == GitStashAction.List
            ? new GitStashResponse(await ListAsync(await repositories.OpenAsync(context, cancellationToken), cancellationToken))
            : await repositories.ChangeAsync(context, async repository =>
            {
                if (request.Action == GitStashAction.Push)
                {
                    await PushAsync(repository, request, cancellationToken);
                }
                else
                {
                    repository.Require(await repository.RunTrustedAsync(
                        ["stash", request.Action.ToString().ToLowerInvariant(), await FindAsync(repository, request.Sha, cancellationToken)], cancellationToken));
                }

                return new GitStashResponse(await ListAsync(repository, cancellationToken));
            }, cancellationToken);

    private static async Task PushAsync(GitRepository repository, GitStashRequest request, CancellationToken cancellationToken)
    {
        if (request.Message is { } text && (text.Length > MaxMessageChars || text.Any(char.IsControl)))
        {
            throw new RequestException(ErrorCode.InvalidRequest, $"The message of a stash is one line of at most {MaxMessageChars} characters.");
        }

        List<string> arguments = ["stash", "push", request.IncludeUntracked == true ? "--include-untracked" : "--no-include-untracked"];
        if (!string.IsNullOrWhiteSpace(request.Message))
        {
            arguments.AddRange(["-m", request.Message]);
        }

        // What lies beside the project in a larger repository stays where it is.
        if (repository.Prefix.Length > 0)
        {
            arguments.AddRange(["--", "."]);
        }

        if (repository.Require(await repository.RunTrustedAsync(arguments, cancellationToken)).Text.Contains("No local changes", StringComparison.Ordinal))
        {
            throw new RequestException(ErrorCode.GitError, "There are no changes to put aside.");
        }
    }

    private static async Task<string> FindAsync(GitRepository repository, string? sha, CancellationToken cancellationToken)
    {
        var stashes = await ListAsync(repository, cancellationToken);
        var index = stashes.TakeWhile(s => s.Sha != sha).Count();
        return index < stashes.Count ? $"stash@{{{index}}}" : throw new RequestException(ErrorCode.NotFound, "There is no such stash. Its sha is that of the list.");
    }

    private static async Task<IReadOnlyList<GitStashEntry>> ListAsync(GitRepository repository, CancellationToken cancellationToken)
    {
        var fields = repository.Require(await repository.RunAsync(
            ["stash", "list", "-z", $"--max-count={MaxStashes}", "--format=%H%x00%ct%x00%gs"], cancellationToken)).Text.Split('\0')[..^1];
        return [.. fields.Chunk(3).Where(f => f.Length == 3).Select(f => new GitStashEntry(f[0], f[2], UnixTime.Parse(f[1]) ?? DateTimeOffset.UnixEpoch))];
    }
}
