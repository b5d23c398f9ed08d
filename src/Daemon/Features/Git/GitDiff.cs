using System.Text;
using PocketCoder.Daemon.Features.Files;
using PocketCoder.Protocol;
using PocketCoder.Protocol.Messaging;

namespace PocketCoder.Daemon.Features.Git;

/// <summary>Differences as hunks. First which files, which is cheap, then the patch of as many as are shown.</summary>
internal sealed class GitDiff(GitRepositories repositories)
{
    public const int UsualContext = 3;

    private const int MaxFiles = 300, MaxContext = 1_000;

    // Programs that the repository names are not asked, and its owner's taste does not change what is parsed here.
    private static readonly string[] Options =
    [
        "--no-color", "--no-ext-diff", "--no-textconv", "--submodule=short", "--ignore-submodules=dirty", "--src-prefix=a/", "--dst-prefix=b/", "--no-relative",
    ];

    public void Map(MessageRoutes routes) => routes.Map<GitDiffRequest, GitDiffResponse>(DiffAsync);

    /// <summary>The arguments that give a patch of the index (<paramref name="staged"/>) or the working tree. A conflicted file is compared with our side.</summary>
    public static IReadOnlyList<string> PatchArguments(bool staged, int? contextLines) =>
        ["diff", staged ? "--cached" : "--ours", .. Options, $"--unified={Context(contextLines)}", "--raw", "--numstat", "--patch", "-z"];

    private async Task<GitDiffResponse> DiffAsync(GitDiffRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        var paths = request.Paths is null ? ["."] : GitRepository.ArgumentPaths(request.Paths);
        var patch = $"--unified={Context(request.ContextLines)}";
        var repository = await repositories.OpenAsync(context, cancellationToken);
        IReadOnlyList<string> command = request.Scope switch
        {
            GitDiffScope.Staged => ["diff", "--cached", "--find-renames", .. Options],
            GitDiffScope.Unstaged => ["diff", "--ours", "--find-renames", .. Options],
            _ => ["diff-tree", "--no-commit-id", "--root", "-r", "--diff-merges=first-parent", "--find-renames", .. Options, await CommitAsync(repository, request.Commit, cancellationToken)],
        };

        var raw = repository.Require(await repository.RunAsync([.. command, "--raw", "-z", "--", .. paths], cancellationToken));
        var changed = DiffOutput.ReadRaw(raw.Output.Span).Entries;
        IReadOnlyList<string> shown = changed.Count <= MaxFiles
            ? paths
            : [.. changed.Take(MaxFiles).SelectMany(e => (string?[])[e.Path, e.OrigPath]).OfType<string>().Select(repository.Own).Where(p => !RawName.IsEscaped(p))];
        var result = repository.Require(await repository.RunAsync([.. command, patch, "--raw", "--numstat", "--patch", "-z", "--", .. shown], cancellationToken));

        DiffView view = new(repository.Own, withIds: request.Scope != GitDiffScope.Commit);
        view.Add(result.Output);
        var count = changed.Select(e => e.Path).Distinct().Count();
        if (request.Scope == GitDiffScope.Unstaged)
        {
            count += await AddUntrackedAsync(view, repository, paths, cancellationToken);
        }

        return new GitDiffResponse([.. view.Files.Take(MaxFiles)], count, Truncated: count > MaxFiles || view.Truncated || raw.Truncated || result.Truncated);
    }

    private static async Task<int> AddUntrackedAsync(DiffView view, GitRepository repository, IReadOnlyList<string> paths, CancellationToken cancellationToken)
    {
        var listed = repository.Require(await repository.RunAsync(["ls-files", "--others", "--exclude-standard", "-z", "--", .. paths], cancellationToken));
        var names = listed.Text.Split('\0')[..^1];
        using var tree = ProjectTree.Open(repository.Project.Path);
        foreach (var name in names.Take(MaxFiles - view.Files.Count))
        {
            cancellationToken.ThrowIfCancellationRequested();
            view.AddUntracked(name, ReadSmall(tree, repository.Project.Path, name));
        }

        return names.Length;
    }

    // Null: a link, a repository within the repository, too large, or gone again.
    private static byte[]? ReadSmall(ProjectTree tree, string project, string path)
    {
        const int maxBytes = 256 * 1024;
        if (path.EndsWith('/') || new FileInfo(Path.Combine(project, path)).LinkTarget is not null)
        {
            return null;
        }

        try
        {
            using var file = tree.OpenRead(path);
            if (Native.KindOf(file) != FileKind.Regular || RandomAccess.GetLength(file) is not (<= maxBytes and var length))
            {
                return null;
            }

            var content = new byte[length];
            var read = 0;
            while (read < content.Length && RandomAccess.Read(file, content.AsSpan(read), read) is var count and > 0)
            {
                read += count;
            }

            return content[..read];
        }
        catch (Exception ex) when (ex is RequestException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static async Task<string> CommitAsync(GitRepository repository, string? commit, CancellationToken cancellationToken) =>
        await repository.FindCommitAsync(GitRepository.Name(commit ?? "HEAD"), cancellationToken)
        ?? throw new RequestException(ErrorCode.GitError, "There is no such branch, tag or commit.");

    private static int Context(int? lines) => (lines ?? UsualContext) is var count and >= 0 and <= MaxContext
        ? count
        : throw new RequestException(ErrorCode.InvalidRequest, $"contextLines is 0 to {MaxContext}.");
}
