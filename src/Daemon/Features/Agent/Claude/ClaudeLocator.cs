using System.Text.Json;
using PocketCoder.Daemon.Processes;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Agent.Claude;

/// <summary>Where Claude Code is on this machine, and which version.</summary>
internal sealed record ClaudeInstallation(string Path, string Version);

/// <summary>
/// Finds Claude Code, or takes the one that was chosen. A daemon that a service manager starts has a short PATH, so the usual places are looked at too.
/// </summary>
internal sealed class ClaudeLocator(string? chosen, TimeProvider time) : IDisposable
{
    public const string LogIn = "Log in on the machine: run claude and type /login";

    private static readonly TimeSpan LoginIsFresh = TimeSpan.FromMinutes(5);

    private (string Path, DateTime Written, string Version)? _known;
    private readonly SemaphoreSlim _asking = new(1);
    private long? _loggedInSince;

    /// <summary>Null when it is not there.</summary>
    public async Task<ClaudeInstallation?> FindAsync(CancellationToken cancellationToken)
    {
        if (Installed() is not { } path)
        {
            return null;
        }

        // Its updates change where a link leads, or the file that it leads to.
        var file = File.ResolveLinkTarget(path, returnFinalTarget: true) ?? new FileInfo(path);
        var (target, written) = (file.FullName, file.LastWriteTimeUtc);
        if (_known is not { } known || known.Path != target || known.Written != written)
        {
            if (await Probe.RunAsync(path, ["--version"], cancellationToken) is not { ExitCode: 0, Output: var output })
            {
                return null;
            }

            _known = known = (target, written, output.Split(' ', 2)[0].Trim());
        }

        return new ClaudeInstallation(path, known.Version);
    }

    /// <summary>Where it is, when it is there and logged in; else <c>AGENT_UNAVAILABLE</c> with what to do.</summary>
    public async Task<ClaudeInstallation> RequireAsync(CancellationToken cancellationToken)
    {
        // One at a time and in order: of many messages at once each would ask, and they would overtake each other.
        await _asking.WaitAsync(cancellationToken);
        try
        {
            return await RequireOnceAsync(cancellationToken);
        }
        finally
        {
            _asking.Release();
        }
    }

    /// <summary>The agent said that it is not logged in any more: the next one who asks gets a fresh answer.</summary>
    public void LoginLost() => _loggedInSince = null;

    public void Dispose() => _asking.Dispose();

    private string? Installed() => chosen is null
        ? Programs.FindInstalled("claude", Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".claude", "local"))
        : File.Exists(chosen) ? Path.GetFullPath(chosen) : null;

    private async Task<ClaudeInstallation> RequireOnceAsync(CancellationToken cancellationToken)
    {
        var claude = await FindAsync(cancellationToken) ?? throw Unavailable(
            "not_installed", "Claude Code is not installed on the machine.", "Install it on the machine: npm install -g @anthropic-ai/claude-code");
        if (_loggedInSince is not { } since || time.GetElapsedTime(since) > LoginIsFresh)
        {
            if (!await IsLoggedInAsync(claude, cancellationToken))
            {
                throw Unavailable("not_logged_in", "Claude Code is not logged in on the machine.", LogIn);
            }

            _loggedInSince = time.GetTimestamp();
        }

        return claude;
    }

    // Versions that do not know the question count as logged in: the agent says so itself when it is not.
    private static async Task<bool> IsLoggedInAsync(ClaudeInstallation claude, CancellationToken cancellationToken)
    {
        if (await Probe.RunAsync(claude.Path, ["auth", "status", "--json"], cancellationToken) is not { } answer)
        {
            return true;
        }

        try
        {
            using var json = JsonDocument.Parse(answer.Output);
            return json.RootElement.Get("loggedIn") is not { ValueKind: JsonValueKind.False };
        }
        catch (JsonException)
        {
            return true;
        }
    }

    private static RequestException Unavailable(string reason, string message, string action) =>
        new(ErrorCode.AgentUnavailable, $"{message} {action}", new ErrorDetails { Reason = reason, Action = action });
}
