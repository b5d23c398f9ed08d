using System.Text.RegularExpressions;
using PocketCoder.Daemon.Features.Projects;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Git;

/// <summary>Says in a sentence what git meant, and shows its own words without secrets and without paths outside the project.</summary>
internal static partial class GitFailure
{
    private const int MaxStderrChars = 8_000;

    // The first that fits. What git says is English: the environment asks for that.
    private static readonly (string Said, string Sentence)[] Known =
    [
        ("dubious ownership", "The repository belongs to another user, so git refuses it. On the machine: git config --global --add safe.directory PATH"),
        ("must be run in a work tree", "This directory is no working tree of a repository, so there is nothing to show."),
        (".lock': File exists", "Another git is at work in this repository, or one was killed and left its lock file. Try again; if it stays, remove the .lock file named below."),
        ("tell me who you are", "git does not know who you are. On the machine: git config --global user.name NAME, and user.email ADDRESS"),
        ("empty ident name", "git does not know who you are. On the machine: git config --global user.name NAME, and user.email ADDRESS"),
        ("terminal prompts disabled", "The remote asks for a user name or password. Set up a credential helper or an SSH key on the machine, so that git there does not ask."),
        ("Authentication failed", "The remote refused the stored user name or password. Sign in to it again on the machine."),
        ("Permission denied (publickey", "The remote refused the machine's SSH keys. Load one with ssh-add on the machine, or add it at the remote."),
        ("Host key verification failed", "The machine does not know the remote's host key yet. Connect to it once on the machine, with ssh, and accept the key."),
        ("transport '", "The remote's address or helper is of a kind that PocketCoder never uses. It uses https, http, ssh and local paths."),
        ("non-fast-forward", "The remote has commits that this branch lacks. Pull first."),
        ("fetch first", "The remote has commits that this branch lacks. Pull first."),
        ("Not possible to fast-forward", "Both sides have new commits. Pull again with merge or rebase."),
        ("no tracking information", "This branch follows no branch of a remote. Push it once with setUpstream."),
        ("does not match any", "There is no such branch to push, or no commit on it yet."),
        ("Could not resolve host", "The machine cannot find the remote's host. Is it online?"),
        ("would be overwritten", "Changes in the working tree would be overwritten. Commit, stash or discard them first."),
        ("nothing to commit", "Nothing is staged. Stage something first."),
        ("nothing added to commit", "Nothing is staged. Stage something first."),
        ("no changes added to commit", "Nothing is staged. Stage something first."),
        ("nothing to amend", "There is no commit to amend yet."),
        ("ignored by one of your .gitignore", "A .gitignore file leaves this file out. Take it off that list to stage it."),
        ("needs merge", "There are unresolved conflicts. Resolve them first."),
        ("unmerged", "There are unresolved conflicts. Resolve them first."),
        ("did not match any file", "There is no such file, branch, tag or commit."),
        ("invalid reference", "There is no such branch, tag or commit."),
        ("not a valid object name", "There is no such branch, tag or commit."),
        ("initial commit", "There is no commit yet. Make one first."),
    ];

    public static RequestException Of(GitResult result, Project project)
    {
        var said = result.Error + "\n" + result.Text;
        if (said.Contains("not a git repository", StringComparison.Ordinal))
        {
            return new RequestException(ErrorCode.GitNotInitialized, "This project is not a git repository. Make it one on the machine: git init");
        }

        var sentence = Known.FirstOrDefault(k => said.Contains(k.Said, StringComparison.Ordinal)).Sentence ?? "git failed.";
        return new RequestException(ErrorCode.GitError, sentence, new ErrorDetails
        {
            ExitCode = result.ExitCode,
            Stderr = Redacted(result.Error.Trim().Length > 0 ? result.Error : result.Text, project),
        });
    }

    /// <summary>Without user names and passwords in URLs, control characters, and absolute paths (the project's own become relative).</summary>
    public static string Redacted(string text, Project project)
    {
        var start = text.Length > 2 * MaxStderrChars ? text[..(2 * MaxStderrChars)] : text;
        var plain = string.Concat(start.Where(c => c is '\n' or '\t' || !char.IsControl(c))).Replace(project.Path, ".", StringComparison.Ordinal);
        var clean = AbsolutePath().Replace(UserInfo().Replace(plain, "$1"), "…/$1$2").Trim();
        return clean.Length > MaxStderrChars ? clean[..MaxStderrChars] + "…" : clean;
    }

    [GeneratedRegex(@"(\w://)[^/\s]*@")]
    private static partial Regex UserInfo();

    // Not the path of a URL (but file:) or of HOST:PATH, nor what follows the project's own dot. In quotes a path may hold spaces.
    [GeneratedRegex(@"(?:(?<=file://)|(?<![\w.:/~…@*-]))/(?:[^\s'""/:]+/)*([^\s'""/:]+)|(?<=')/(?:[^'/]+/)*([^'/]+)(?=')")]
    private static partial Regex AbsolutePath();
}
