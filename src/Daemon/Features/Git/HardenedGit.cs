using System.Diagnostics;
using System.Text;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Git;

internal sealed record GitResult(int ExitCode, string Output, string Error);

/// <summary>
/// Runs git so that looking never executes: whatever the repository's own configuration names as a program (hooks, fsmonitor, filters, drivers,
/// helpers) is overridden, no prompt can appear, and no optional lock is taken.
/// </summary>
internal static class HardenedGit
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    // Not a directory, so nothing can ever be put into it.
    private static readonly string NoHooks = OperatingSystem.IsWindows() ? "NUL" : "/dev/null";

    private static readonly (string Key, string Value)[] Always =
    [
        ("core.fsmonitor", "false"), ("core.hooksPath", NoHooks), ("safe.bareRepository", "explicit"), ("commit.gpgsign", "false"),
        ("gc.auto", "0"), ("maintenance.auto", "false"), ("submodule.recurse", "false"), ("protocol.ext.allow", "never"),
        ("core.quotePath", "false"), ("status.showUntrackedFiles", "all"), ("core.untrackedCache", "keep"),
    ];

    public static async Task<GitResult> RunReadOnlyAsync(string directory, IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        var listed = await RunAsync(directory, ["config", "--list", "--show-scope", "--name-only", "-z"], Always, cancellationToken);
        var overrides = Always.Concat(ProgramsOf(listed.Output).Select(key => (key, Inert(key))));
        return await RunAsync(directory, arguments, [.. overrides], cancellationToken);
    }

    /// <summary>
    /// The keys with which this repository (not the user's own configuration) names programs. Included files count to the scope that
    /// includes them, which is why the scope is asked for and not --local, which leaves them out.
    /// </summary>
    internal static IEnumerable<string> ProgramsOf(string scopesAndNames)
    {
        var fields = scopesAndNames.Split('\0', StringSplitOptions.RemoveEmptyEntries);
        for (var i = 0; i + 1 < fields.Length; i += 2)
        {
            if (fields[i] is "local" or "worktree" && NamesProgram(fields[i + 1]))
            {
                yield return fields[i + 1];
            }
        }
    }

    private static bool NamesProgram(string key)
    {
        var section = key[..key.IndexOf('.', StringComparison.Ordinal)];
        var name = key[(key.LastIndexOf('.') + 1)..];
        return section switch
        {
            "filter" => name is "clean" or "smudge" or "process" or "required",
            "diff" => name is "textconv" or "command" or "external" or "cachetextconv",
            "merge" => name is "driver",
            "credential" or "trailer" => true,
            "gpg" => name is "program",
            "core" => name is "sshcommand" or "askpass" or "pager" or "editor" or "gitproxy" or "alternaterefscommand",
            "uploadpack" or "remote" => name is "packobjectshook" or "receivepack" or "uploadpack" or "vcs",
            _ => false,
        };
    }

    private static string Inert(string key) => key.EndsWith(".required", StringComparison.Ordinal) || key.EndsWith(".cachetextconv", StringComparison.Ordinal) ? "false" : "";

    private static async Task<GitResult> RunAsync(
        string directory, IEnumerable<string> arguments, IReadOnlyList<(string Key, string Value)> configuration, CancellationToken cancellationToken)
    {
        using Process git = new() { StartInfo = StartInfo(directory, arguments, configuration) };
        try
        {
            git.Start();
        }
        catch (System.ComponentModel.Win32Exception)
        {
            throw new RequestException(ErrorCode.GitError, "git is not installed on the machine. Install it and try again.");
        }

        git.StandardInput.Close();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Timeout);
        try
        {
            var output = git.StandardOutput.ReadToEndAsync(limit.Token);
            var error = git.StandardError.ReadToEndAsync(limit.Token);
            await git.WaitForExitAsync(limit.Token);
            return new GitResult(git.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            git.Kill(entireProcessTree: true);
            cancellationToken.ThrowIfCancellationRequested();
            throw new RequestException(ErrorCode.GitError, "git did not finish within 30 seconds.");
        }
    }

    private static ProcessStartInfo StartInfo(string directory, IEnumerable<string> arguments, IReadOnlyList<(string Key, string Value)> configuration)
    {
        ProcessStartInfo start = new("git")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
            UseShellExecute = false,
        };
        foreach (var argument in (IEnumerable<string>)["-C", directory, .. arguments])
        {
            start.ArgumentList.Add(argument);
        }

        // GIT_DIR and its like from the daemon's own environment would lead elsewhere.
        foreach (var name in start.Environment.Keys.Where(k => k.StartsWith("GIT_", StringComparison.Ordinal)).ToList())
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in (IEnumerable<(string, string)>)
            [
                ("GIT_TERMINAL_PROMPT", "0"), ("GIT_OPTIONAL_LOCKS", "0"), ("GIT_LITERAL_PATHSPECS", "1"), ("GIT_ASKPASS", "true"), ("GIT_EDITOR", "true"),
                ("GIT_PAGER", "cat"), ("GIT_ALLOW_PROTOCOL", "https:ssh"), ("GIT_PROTOCOL_FROM_USER", "0"), ("LC_ALL", "C.UTF-8"),
                ("GIT_CONFIG_COUNT", $"{configuration.Count}"),
                .. configuration.Select((c, i) => ($"GIT_CONFIG_KEY_{i}", c.Key)),
                .. configuration.Select((c, i) => ($"GIT_CONFIG_VALUE_{i}", c.Value)),
            ])
        {
            start.Environment[name] = value;
        }

        return start;
    }
}
