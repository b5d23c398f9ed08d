using PocketCoder.Daemon.Features.Files;
using PocketCoder.Daemon.Features.Projects;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Git;

/// <summary>
/// The repository of one project for the length of one request: where it is, what its configuration names, and git run in it. A project may be a directory of a
/// larger repository: its paths are its own, and what lies beside it is not its business.
/// </summary>
internal sealed class GitRepository
{
    private const int MaxConfigBytes = 1024 * 1024;

    // Half of what a command line may hold on Linux, where each argument costs a pointer and a NUL beside its bytes.
    private const int MaxPathBytes = 1024 * 1024, BytesBesidePath = 9;
    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(3), LockPoll = TimeSpan.FromMilliseconds(50);

    private static readonly (string Mark, string? Name)[] Operations =
    [
        ("rebase-merge", "rebase"), ("rebase-apply", "rebase"), ("MERGE_HEAD", "merge"),
        ("CHERRY_PICK_HEAD", "cherry-pick"), ("REVERT_HEAD", "revert"), ("BISECT_LOG", "bisect"),
    ];

    private readonly HardenedGit _git;
    private readonly TimeProvider _time;

    private GitRepository(HardenedGit git, TimeProvider time, Project project, RepositoryConfig config, string[] where)
    {
        (_git, _time, Project, Config) = (git, time, project, config);
        (Root, Directory, CommonDirectory, Prefix) = (where[1], where[2], where[3], where[4]);
    }

    public Project Project { get; }

    public RepositoryConfig Config { get; }

    /// <summary>The working tree's top: the project's directory or one above it.</summary>
    public string Root { get; }

    /// <summary>The git directory, of a linked worktree its own.</summary>
    public string Directory { get; }

    /// <summary>The git directory that all worktrees share.</summary>
    public string CommonDirectory { get; }

    /// <summary>From <see cref="Root"/> to the project: "" or "dir/".</summary>
    public string Prefix { get; }

    /// <summary>The merge, rebase… that is under way, or null.</summary>
    public string? Operation => Operations.FirstOrDefault(o => Path.Exists(Path.Combine(Directory, o.Mark))).Name;

    /// <summary>Finds the project's repository. <c>GIT_NOT_INITIALIZED</c> when there is none.</summary>
    public static async Task<GitRepository> OpenAsync(HardenedGit git, TimeProvider time, Project project, CancellationToken cancellationToken)
    {
        // Neither of the two starts anything, whatever the configuration says.
        RepositoryConfig unknown = new();
        var listing = HardenedGit.RunAsync(new GitCall(project.Path, "config", "--list", "--show-scope", "-z") { MaxOutput = MaxConfigBytes }, unknown, cancellationToken);
        var finding = HardenedGit.RunAsync(
            new GitCall(project.Path, "rev-parse", "--path-format=absolute", "--is-inside-work-tree", "--show-toplevel", "--git-dir", "--git-common-dir", "--show-prefix"),
            unknown, cancellationToken);
        var (listed, found) = (await listing, await finding);
        if (found.ExitCode != 0 || listed.ExitCode != 0)
        {
            throw GitFailure.Of(found.ExitCode != 0 ? found : listed, project);
        }

        // What was not read could name a program.
        if (listed.Truncated)
        {
            throw new RequestException(ErrorCode.GitError, "The repository's configuration is larger than 1 MB. Look at .git/config on the machine.");
        }

        if (found.Text.Split('\n') is not ["true", _, _, _, _, ""] where || !IsOwn(project.Path, where[1], where[2], where[3]))
        {
            throw new RequestException(ErrorCode.GitError,
                "The repository says that its files or its data are those of another directory, so PocketCoder does not follow it. Look at .git and core.worktree on the machine.");
        }

        return new GitRepository(git, time, project, RepositoryConfig.Parse(listed.Text), where);
    }

    /// <summary>Runs git in the project so that nothing the repository names is started.</summary>
    public Task<GitResult> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken) =>
        RunAsync(new GitCall(Project.Path, arguments), cancellationToken);

    public Task<GitResult> RunAsync(GitCall call, CancellationToken cancellationToken) => HardenedGit.RunAsync(call, Config, cancellationToken);

    /// <summary>Runs git in the project with the repository's hooks and filters, as at the desk.</summary>
    public Task<GitResult> RunTrustedAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken) =>
        RunTrustedAsync(new GitCall(Project.Path, arguments), cancellationToken);

    public async Task<GitResult> RunTrustedAsync(GitCall call, CancellationToken cancellationToken)
    {
        // Another program's git (an editor's, the agent's) may hold the index for a moment. Waiting before is safe; trying again in mid-work is not.
        var indexLock = Path.Combine(Directory, "index.lock");
        for (var since = _time.GetTimestamp(); File.Exists(indexLock) && _time.GetElapsedTime(since) < LockPatience;)
        {
            await Task.Delay(LockPoll, _time, cancellationToken);
        }

        return await _git.RunTrustedAsync(call, Config, cancellationToken);
    }

    /// <summary>The result when git succeeded; otherwise what it said, as an error.</summary>
    public GitResult Require(GitResult result) => result.ExitCode == 0 ? result : throw GitFailure.Of(result, Project);

    /// <summary>The commit that HEAD is at, or null before the first.</summary>
    public async Task<string?> HeadAsync(CancellationToken cancellationToken) => await FindCommitAsync("HEAD", cancellationToken);

    /// <summary>The commit behind a revision, or null.</summary>
    public async Task<string?> FindCommitAsync(string revision, CancellationToken cancellationToken) =>
        await RunAsync(["rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}"], cancellationToken) is { ExitCode: 0 } found ? found.Line : null;

    /// <summary>The current branch, or null when detached.</summary>
    public async Task<string?> BranchAsync(CancellationToken cancellationToken) =>
        await RunAsync(["symbolic-ref", "--quiet", "HEAD"], cancellationToken) is { ExitCode: 0 } head && head.Line.StartsWith("refs/heads/", StringComparison.Ordinal)
            ? head.Line["refs/heads/".Length..]
            : null;

    /// <summary>A path as git names it, from the repository's root, as the project names it.</summary>
    public string Own(string path) => path.StartsWith(Prefix, StringComparison.Ordinal) ? path[Prefix.Length..] : path;

    /// <summary>Paths of a request as git takes them; "" is the project. <c>OUTSIDE_PROJECT_ROOT</c> for a path that leaves it.</summary>
    public static IReadOnlyList<string> Pathspecs(IReadOnlyList<string> paths)
    {
        if (paths.Count == 0 || paths.Sum(p => (long)RawName.ToBytes(p).Length + BytesBesidePath) > MaxPathBytes)
        {
            throw new RequestException(ErrorCode.InvalidRequest, "Name at least one path, and at most 1 MB of them. A directory stands for all its files.");
        }

        foreach (var path in paths)
        {
            ProjectTree.Validate(path);
        }

        return [.. paths.Select(p => p.Length == 0 ? "." : p)];
    }

    /// <summary>The same for an argument, which cannot hold a name that is not UTF-8.</summary>
    public static IReadOnlyList<string> ArgumentPaths(IReadOnlyList<string> paths) => !paths.Any(RawName.IsEscaped)
        ? Pathspecs(paths)
        : throw new RequestException(ErrorCode.InvalidRequest, "A file whose name is not UTF-8 cannot be named here. Name the directory that it is in.");

    /// <summary>Input for <c>--pathspec-from-file=- --pathspec-file-nul</c>: no limit of the command line, no path that looks like an option.</summary>
    public static byte[] NulTerminated(IEnumerable<string> paths) => RawName.ToBytes(string.Concat(paths.Select(p => p + '\0')));

    /// <summary>A name of a branch, remote or revision that git cannot take for an option.</summary>
    public static string Name(string name) => name.Length is > 0 and <= 1_000 && name[0] != '-' && !name.Any(char.IsControl)
        ? name
        : throw new RequestException(ErrorCode.InvalidRequest, "A branch, remote or revision does not begin with a dash and is not empty.");

    // core.worktree, a .git file and a commondir file can each point at another repository of the same user. Honest are: the data in .git, a linked
    // worktree (its data points back), a submodule and --separate-git-dir (.git is a file, and the data is in no other tree's .git).
    private static bool IsOwn(string project, string root, string directory, string common)
    {
        var dotGit = Path.Combine(root, ".git");
        var above = project == root || project.StartsWith(Path.TrimEndingDirectorySeparator(root) + Path.DirectorySeparatorChar, StringComparison.Ordinal);
        var backPointer = Path.Combine(directory, "gitdir");
        if (!above || !Path.Exists(dotGit))
        {
            return false;
        }

        if (directory == dotGit)
        {
            return common == directory;
        }

        return File.Exists(backPointer)
            ? ReadSmall(backPointer)?.TrimEnd('\n') == dotGit && common == Path.GetDirectoryName(Path.GetDirectoryName(directory))
            : common == directory && Path.GetFileName(directory) != ".git" && (File.Exists(dotGit) || new DirectoryInfo(dotGit).LinkTarget is not null);
    }

    // The repository's own file may be anything: a FIFO would be waited on for ever.
    private static string? ReadSmall(string path)
    {
        const int maxBytes = 8192;
        try
        {
            using var file = Native.OpenPath(path);
            if (file is null || Native.KindOf(file) != FileKind.Regular || RandomAccess.GetLength(file) > maxBytes)
            {
                return null;
            }

            var bytes = new byte[maxBytes];
            return RawName.ToText(bytes.AsSpan(0, RandomAccess.Read(file, bytes, 0)));
        }
        catch (IOException)
        {
            return null;
        }
    }
}
