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

    private const int MaxListBytes = 256 * 1024 * 1024;

    /// <summary>Those of the paths that git ignores.</summary>
    public async Task<IReadOnlySet<string>> IgnoredAsync(Project project, IReadOnlyList<string> paths, CancellationToken cancellationToken) =>
        paths.Count > 0 && await FindAsync(project, cancellationToken) is { } repository
        && await repository.RunAsync(new GitCall(project.Path, "check-ignore", "-z", "--stdin") { Input = GitRepository.NulTerminated(paths.Select(path => Here + path)), Environment = NotLiteral }, cancellationToken) is { ExitCode: 0 } ignored
            ? Paths(ignored).Select(path => path[Here.Length..]).ToHashSet(StringComparer.Ordinal)
            : new HashSet<string>();

    /// <summary>Every file below a directory that git does not ignore, tracked or not; null without git.</summary>
    public async Task<IReadOnlyList<string>?> ListAsync(Project project, string below, CancellationToken cancellationToken) =>
        await FindAsync(project, cancellationToken) is { } repository
        && await repository.RunAsync(
            new GitCall(project.Path, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate", "--", below.Length == 0 ? "." : below) { MaxOutput = MaxListBytes },
            cancellationToken) is { ExitCode: 0 } listed
            ? Paths(listed)
            : null;

    public async Task<bool> HasAsync(Project project, CancellationToken cancellationToken) => await FindAsync(project, cancellationToken) is not null;

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

        try
        {
            return await repositories.OpenAsync(project, cancellationToken);
        }
        catch (RequestException)
        {
            return null;
        }
    }

    private static string[] Paths(GitResult result) => result.Text.Split('\0', StringSplitOptions.RemoveEmptyEntries);
}
