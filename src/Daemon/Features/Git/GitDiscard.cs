using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using PocketCoder.Protocol;
using PocketCoder.Protocol.Messaging;

namespace PocketCoder.Daemon.Features.Git;

/// <summary>
/// Throws changes away so that they can be had back.
/// <code>
///   index I ──add the paths──▶ index C (a copy)      refs/pocketcoder/discarded/TIME-N ─▶ commit of C ─▶ commit of I ─▶ HEAD
///   discard: working tree C → I      undo: working tree I → C      both by git's two-tree merge, which touches nothing that has changed meanwhile
///   Of some hunks of a file: the same, with C without these hunks in the place of I.
/// </code>
/// The index itself stays as it is; all is done in a copy of it.
/// </summary>
internal sealed partial class GitDiscard(GitRepositories repositories, GitOnce once)
{
    private const string Kept = "refs/pocketcoder/discarded/";
    private const int MaxKept = 100;

    // These commits are bookkeeping: they must also be possible where nobody has told git who they are.
    private static readonly Dictionary<string, string> Author = new()
    {
        ["GIT_AUTHOR_NAME"] = "PocketCoder",
        ["GIT_AUTHOR_EMAIL"] = "pocketcoder@localhost",
        ["GIT_COMMITTER_NAME"] = "PocketCoder",
        ["GIT_COMMITTER_EMAIL"] = "pocketcoder@localhost",
    };

    public void Map(MessageRoutes routes)
    {
        once.Map<GitDiscardRequest, GitDiscardResponse>(routes, DiscardAsync);
        once.Map<GitDiscardUndoRequest, GitDiscardUndoResponse>(routes, UndoAsync);
    }

    private Task<GitDiscardResponse> DiscardAsync(GitDiscardRequest request, RequestContext context, CancellationToken cancellationToken) =>
        repositories.ChangeAsync(context, async repository =>
        {
            var hunks = request.Hunks is { } chosen
                ? await HunkPatch.OfAsync(repository, staged: false, reverse: true, GitRepository.Pathspecs(request.Paths), chosen, request.ContextLines, cancellationToken)
                : null;
            var changes = await ChangesAsync(repository, request.Paths, cancellationToken);
            using IndexCopy copy = new(repository);
            var before = await CommitTreeAsync(repository, copy, await repository.HeadAsync(cancellationToken), "What was staged", cancellationToken);
            repository.Require(await repository.RunTrustedAsync(
                copy.Call("--literal-pathspecs", "add", "--all", "--pathspec-from-file=-", "--pathspec-file-nul") with { Input = GitRepository.NulTerminated(changes.Select(c => c.Path)) },
                cancellationToken));
            if (hunks is not null)
            {
                await RequireSameBytesAsync(repository, copy, request.Paths[0], cancellationToken);
                using IndexCopy less = new(copy);
                if (await repository.RunTrustedAsync(less.Call(HunkPatch.Apply(reverse: true)) with { Directory = repository.Root, Input = hunks }, cancellationToken) is { ExitCode: not 0 } late)
                {
                    throw Changed("The file was changed at the same moment, so nothing was discarded. Try again.", late, repository);
                }

                before = await CommitTreeAsync(repository, less, before, "What was left of the file", cancellationToken);
            }

            var discarded = await CommitTreeAsync(repository, copy, before, "Discarded in PocketCoder", cancellationToken);
            var name = await KeepAsync(repository, discarded, cancellationToken);

            if (await repository.RunTrustedAsync(copy.Call("read-tree", "-m", "-u", discarded, before), cancellationToken) is { ExitCode: not 0 } refused)
            {
                repository.Require(await repository.RunAsync(["update-ref", "-d", name, discarded], cancellationToken));
                throw Changed("A file was changed at the same moment, so nothing was discarded. Try again.", refused, repository);
            }

            await RefreshAsync(repository, cancellationToken);
            return new GitDiscardResponse(name, changes);
        }, cancellationToken);

    private Task<GitDiscardUndoResponse> UndoAsync(GitDiscardUndoRequest request, RequestContext context, CancellationToken cancellationToken) =>
        repositories.ChangeAsync(context, async repository =>
        {
            if (!KeptName().IsMatch(request.Ref)
                || await repository.FindCommitAsync(request.Ref, cancellationToken) is not { } discarded
                || await repository.FindCommitAsync(discarded + "^", cancellationToken) is not { } before)
            {
                throw new RequestException(ErrorCode.NotFound, "This is not kept, or no longer.");
            }

            // git takes an ignored file for worthless and would overwrite it.
            var added = repository.Require(await repository.RunAsync(["diff-tree", "-r", "-z", "--name-only", "--no-renames", "--diff-filter=A", before, discarded], cancellationToken));
            if (added.Text.Split('\0')[..^1].FirstOrDefault(path => IsThere(Path.Combine(repository.Root, path))) is { } present)
            {
                throw Newer(repository.Own(present));
            }

            using IndexCopy copy = new(repository);
            repository.Require(await repository.RunAsync(copy.Call("read-tree", "--reset", before), cancellationToken));

            // Its exit code says that there are changed files, which is nothing new.
            await repository.RunTrustedAsync(copy.Call("update-index", "-q", "--refresh"), cancellationToken);
            if (await repository.RunTrustedAsync(copy.Call("read-tree", "-m", "-u", before, discarded), cancellationToken) is { ExitCode: not 0 } refused)
            {
                throw Changed("A file has newer changes, so nothing was brought back. Commit or stash them first.", refused, repository);
            }

            await RefreshAsync(repository, cancellationToken);
            repository.Require(await repository.RunAsync(["update-ref", "-d", request.Ref, discarded], cancellationToken));
            return new GitDiscardUndoResponse(Success: true);
        }, cancellationToken);

    // git writes the whole file anew. Where it would write other bytes than those that are there (line ends, filters), lines that nobody chose would change.
    private static async Task RequireSameBytesAsync(GitRepository repository, IndexCopy copy, string path, CancellationToken cancellationToken)
    {
        FileInfo file = new(Path.Combine(repository.Project.Path, path));
        if (!file.Exists || file.LinkTarget is not null)
        {
            return;
        }

        var written = repository.Require(await repository.RunTrustedAsync(copy.Call("cat-file", "--filters", ":./" + path), cancellationToken));
        var present = await File.ReadAllBytesAsync(file.FullName, cancellationToken);
        if (written.Truncated || !written.Output.Span.SequenceEqual(present))
        {
            throw new RequestException(ErrorCode.GitError, "git would write this file with other line ends or through a filter, so only the whole file can be discarded.", new ErrorDetails { Path = path });
        }
    }

    // Each file by its own name: a directory may hold more by the time it is added.
    private static async Task<IReadOnlyList<GitChange>> ChangesAsync(GitRepository repository, IReadOnlyList<string> paths, CancellationToken cancellationToken)
    {
        var status = repository.Require(await repository.RunAsync(
            ["status", "--porcelain=v2", "-z", "--no-renames", "--untracked-files=all", "--ignore-submodules=all", "--", .. GitRepository.ArgumentPaths(paths)], cancellationToken));
        var found = PorcelainStatus.Parse(status.Text, repository.Prefix, status.Truncated);

        // A name with a slash at its end is a repository within the repository, which is somebody else's.
        IReadOnlyList<GitChange> changes = [.. found.Unstaged.Where(c => !c.Path.EndsWith('/'))];
        return found switch
        {
            { Conflicted.Count: > 0 } => throw new RequestException(ErrorCode.GitError, "There are unresolved conflicts. Resolve them first."),
            { Truncated: true } => throw new RequestException(ErrorCode.TooManyEntries, "These are more than 10,000 changes. Discard them directory by directory."),
            _ => changes.Count > 0 ? changes : throw new RequestException(ErrorCode.GitError, "There is nothing to discard there. Staged changes are unstaged first."),
        };
    }

    private static async Task<string> CommitTreeAsync(GitRepository repository, IndexCopy copy, string? parent, string message, CancellationToken cancellationToken)
    {
        var tree = repository.Require(await repository.RunAsync(copy.Call("write-tree"), cancellationToken)).Line;
        IReadOnlyList<string> parents = parent is null ? [] : ["-p", parent];
        return repository.Require(await repository.RunAsync(
            new GitCall(repository.Project.Path, ["commit-tree", tree, .. parents, "-m", message]) { Environment = Author }, cancellationToken)).Line;
    }

    private async Task<string> KeepAsync(GitRepository repository, string commit, CancellationToken cancellationToken)
    {
        var kept = repository.Require(await repository.RunAsync(["for-each-ref", "--format=%(refname)", Kept], cancellationToken)).Text
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var now = Kept + repositories.Time.GetUtcNow().ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture) + "-";
        var number = kept.Where(name => name.StartsWith(now, StringComparison.Ordinal) && KeptName().IsMatch(name)).Select(name => int.Parse(name[now.Length..], CultureInfo.InvariantCulture)).DefaultIfEmpty().Max() + 1;
        var name = now + number.ToString("D3", CultureInfo.InvariantCulture);
        StringBuilder orders = new($"create {name} {commit}\n");
        foreach (var old in kept.Order(StringComparer.Ordinal).SkipLast(MaxKept - 1))
        {
            orders.Append(CultureInfo.InvariantCulture, $"delete {old}\n");
        }

        repository.Require(await repository.RunAsync(
            new GitCall(repository.Project.Path, "update-ref", "--stdin") { Input = Encoding.UTF8.GetBytes(orders.ToString()) }, cancellationToken));
        return name;
    }

    // Files were written behind the index's back. It would find out by itself, reading each of them again at every look.
    private static async Task RefreshAsync(GitRepository repository, CancellationToken cancellationToken) =>
        await repository.RunTrustedAsync(["update-index", "-q", "--refresh"], cancellationToken);

    private static bool IsThere(string path) => new FileInfo(path) is { Exists: true } or { LinkTarget: not null } || Directory.Exists(path);

    private static RequestException Newer(string path) =>
        new(ErrorCode.Conflict, "A file has newer changes, so nothing was brought back. Commit or stash them first.", new ErrorDetails { Path = path });

    private static RequestException Changed(string sentence, GitResult refused, GitRepository repository) =>
        new(ErrorCode.Conflict, sentence, new ErrorDetails { ExitCode = refused.ExitCode, Stderr = GitFailure.Redacted(refused.Error, repository.Project) });

    [GeneratedRegex(@"^refs/pocketcoder/discarded/\d{8}T\d{6}Z-\d{3,9}\z")]
    private static partial Regex KeptName();

    /// <summary>A copy of the index beside it, gone at the end.</summary>
    private sealed class IndexCopy : IDisposable
    {
        private readonly GitRepository _repository;
        private readonly string _path;

        public IndexCopy(GitRepository repository)
            : this(repository, Path.Combine(repository.Directory, "index"))
        {
        }

        public IndexCopy(IndexCopy other)
            : this(other._repository, other._path)
        {
        }

        private IndexCopy(GitRepository repository, string index)
        {
            (_repository, _path) = (repository, Path.Combine(repository.Directory, $"pocketcoder-{Guid.NewGuid():N}.index"));
            if (File.Exists(index))
            {
                // With its time, by which git knows which files it must read again.
                File.Copy(index, _path);
            }
        }

        public GitCall Call(params IReadOnlyList<string> arguments) =>
            new(_repository.Project.Path, arguments) { Environment = new Dictionary<string, string> { ["GIT_INDEX_FILE"] = _path } };

        public void Dispose() => File.Delete(_path);
    }
}
