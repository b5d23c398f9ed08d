using PocketCoder.Daemon.Features.Files;
using PocketCoder.Daemon.Features.Projects;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Git;

/// <summary>What git knows of a project's files, for those who ask about files and not about git. A project without git, or with one that cannot be read, is no error here.</summary>
internal sealed class GitFiles(GitRepositories repositories)
{
    // check-ignore refuses to be told that paths are meant literally; behind "./" nothing but the path is read in them.
    private const string Here = "./";
    private static readonly Dictionary<string, string> NotLiteral = new() { ["GIT_LITERAL_PATHSPECS"] = "0" };

    private static readonly HashSet<string> None = [];

    private const int MaxListBytes = 256 * 1024 * 1024;

    /// <summary>Those of the paths that git ignores.</summary>
    public Task<IReadOnlySet<string>> IgnoredAsync(Project project, IReadOnlyList<string> paths, CancellationToken cancellationToken) => OrAsync<IReadOnlySet<string>>(
        async () => paths.Count > 0 && await FindAsync(project, cancellationToken) is { } repository
            && await repository.RunAsync(
                new GitCall(project.Path, "check-ignore", "-z", "--stdin") { Input = GitRepository.NulTerminated(paths.Select(path => Here + path)), Environment = NotLiteral },
                cancellationToken) is { ExitCode: 0 } ignored
                ? Paths(ignored).Select(path => path[Here.Length..]).ToHashSet(StringComparer.Ordinal)
                : None,
        None);

    /// <summary>Every file below a directory that git does not ignore, tracked (on disk or not) or not; null without git.</summary>
    public Task<IReadOnlyList<string>?> ListAsync(Project project, string below, CancellationToken cancellationToken) =>
        FilesAsync(project, below, ["--cached", "--others", "--exclude-standard", "--deduplicate"], cancellationToken);

    /// <summary>The files that are tracked although a .gitignore names them; null without git.</summary>
    public Task<IReadOnlyList<string>?> TrackedThoughIgnoredAsync(Project project, string below, CancellationToken cancellationToken) =>
        FilesAsync(project, below, ["--cached", "--ignored", "--exclude-standard"], cancellationToken);

    private Task<IReadOnlyList<string>?> FilesAsync(Project project, string below, IReadOnlyList<string> which, CancellationToken cancellationToken) => OrAsync<IReadOnlyList<string>?>(
        async () => await FindAsync(project, cancellationToken) is { } repository
            && await repository.RunAsync(new GitCall(project.Path, ["ls-files", "-z", .. which, "--", below.Length == 0 ? "." : below]) { MaxOutput = MaxListBytes }, cancellationToken)
                is { ExitCode: 0 } listed
                ? Paths(listed)
                : null,
        null);

    private static async Task<T> OrAsync<T>(Func<Task<T>> ask, T without)
    {
        try
        {
            return await ask();
        }
        catch (RequestException)
        {
            return without;
        }
    }

    private async Task<GitRepository?> FindAsync(Project project, CancellationToken cancellationToken)
    {
        // Most often told without starting anything.
        for (var directory = project.Path; !Path.Exists(Path.Combine(directory, ".git"));)
        {
            if (Path.GetDirectoryName(directory) is not { } above)
            {
                return null;
            }

            directory = above;
        }

        return await repositories.OpenAsync(project, cancellationToken);
    }

    private static string[] Paths(GitResult result) => result.Text.Split('\0', StringSplitOptions.RemoveEmptyEntries);
}
