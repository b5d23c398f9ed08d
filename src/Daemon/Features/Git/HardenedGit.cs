using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using PocketCoder.Daemon.Features.Files;
using PocketCoder.Daemon.Processes;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Git;

/// <summary>One run of git.</summary>
internal sealed record GitCall(string Directory, params IReadOnlyList<string> Arguments)
{
    public static readonly TimeSpan Usual = TimeSpan.FromSeconds(30), Network = TimeSpan.FromSeconds(120);

    public ReadOnlyMemory<byte> Input { get; init; }

    /// <summary>Beside the environment that every git gets.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    public TimeSpan Limit { get; init; } = Usual;

    /// <summary>Bytes of output to keep.</summary>
    public int MaxOutput { get; init; } = 8 * 1024 * 1024;

    /// <summary>Gets each line of stderr as it comes.</summary>
    public Func<string, ValueTask>? OnErrorLine { get; init; }
}

/// <summary>How git ended. <c>Truncated</c>: there was more output than was asked for.</summary>
internal sealed record GitResult(int ExitCode, ReadOnlyMemory<byte> Output, string Error, bool Truncated)
{
    /// <summary>The output as text; bytes that are not UTF-8 become what <see cref="RawName"/> makes of them, so that a path in it can be named back.</summary>
    public string Text => RawName.ToText(Output.Span);

    public string Line => Text.TrimEnd('\n');
}

/// <summary>Runs git in one of two ways, bounded in time and memory.</summary>
internal sealed class HardenedGit(Children children)
{
    private const int MaxErrorChars = 64 * 1024;
    private const int NoSuchFile = 2;
    private static readonly StopPolicy Stop = new("TERM", TimeSpan.FromSeconds(2));

    /// <summary>
    /// Looking never executes: whatever program the repository names (hooks, fsmonitor, filters, drivers, helpers) is overridden, no optional lock is taken,
    /// nothing is fetched. So nothing of the repository's can outlive this either, and a plain child will do.
    /// </summary>
    public static async Task<GitResult> RunAsync(GitCall call, RepositoryConfig config, CancellationToken cancellationToken)
    {
        ProcessStartInfo start = new(Git, ["-C", call.Directory, .. call.Arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardErrorEncoding = Encoding.UTF8,
            UseShellExecute = false,
            CreateNoWindow = true,
        };
        foreach (var (name, value) in GitEnvironment.For(config, trusted: false).Concat(Optional(call.Environment)))
        {
            start.Environment[name] = value;
        }

        using Process git = new() { StartInfo = start };
        try
        {
            git.Start();
        }
        catch (Win32Exception ex)
        {
            throw NotStarted(ex);
        }

        // The process does not close what was taken from it as a stream: three descriptors a call, until the collector comes by.
        using var input = git.StandardInput.BaseStream;
        using var output = git.StandardOutput.BaseStream;
        using var error = git.StandardError;
        return await FollowAsync(
            call, input, output, error,
            async token => { await git.WaitForExitAsync(token); return git.ExitCode; },
            () => { git.Kill(entireProcessTree: true); return Task.CompletedTask; },
            stopWhenFull: true, cancellationToken);
    }

    /// <summary>
    /// Work on a repository that its owner registered: its hooks, filters and merge drivers run as at the desk, under the supervisor, so that they end with git.
    /// </summary>
    public async Task<GitResult> RunTrustedAsync(GitCall call, RepositoryConfig config, CancellationToken cancellationToken)
    {
        var environment = GitEnvironment.For(config, trusted: true).Concat(Optional(call.Environment)).ToDictionary(v => v.Key, v => v.Value);
        await using var git = children.Start(new ChildStart(Git, call.Arguments, call.Directory, Stop) { Environment = environment }, Guid.NewGuid().ToString("N"));
        using var input = git.Input;
        using var output = git.Output;
        using StreamReader error = new(git.Error, Encoding.UTF8);
        var result = await FollowAsync(
            call, input, output, error, async token => (await git.Exited.WaitAsync(token)).Code, git.StopAsync, stopWhenFull: false, cancellationToken);
        return result.ExitCode == Supervisor.CannotStart ? throw NotInstalled() : result;
    }

    private static IEnumerable<KeyValuePair<string, string?>> Optional(IReadOnlyDictionary<string, string> variables) =>
        variables.Select(v => KeyValuePair.Create(v.Key, (string?)v.Value));

    private static async Task<GitResult> FollowAsync(
        GitCall call, Stream input, Stream output, StreamReader error, Func<CancellationToken, Task<int>> exited, Func<Task> stop, bool stopWhenFull,
        CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(call.Limit);
        try
        {
            var writing = FeedAsync(input, call.Input, limit.Token);
            var errors = ErrorAsync(error, call.OnErrorLine, limit.Token);
            var (bytes, truncated) = await OutputAsync(output, call.MaxOutput, stopWhenFull, limit.Token);
            if (truncated && stopWhenFull)
            {
                await stop();
            }

            await writing;
            var text = await errors;
            var exitCode = await exited(limit.Token);
            return new GitResult(truncated && stopWhenFull ? 0 : exitCode, bytes, text, truncated);
        }
        catch (OperationCanceledException)
        {
            await stop();
            cancellationToken.ThrowIfCancellationRequested();
            throw new RequestException(ErrorCode.GitError, $"git did not finish within {call.Limit.TotalSeconds:0} seconds and was ended.");
        }
    }

    private static async Task FeedAsync(Stream input, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        try
        {
            await input.WriteAsync(bytes, cancellationToken);
            input.Close();
        }
        catch (IOException)
        {
            // git ended before it read everything; its exit code says why.
        }
    }

    private static async Task<(ReadOnlyMemory<byte> Bytes, bool Truncated)> OutputAsync(
        Stream output, int maxBytes, bool stopWhenFull, CancellationToken cancellationToken)
    {
        using MemoryStream kept = new();
        var buffer = new byte[32 * 1024];
        var truncated = false;
        while (await output.ReadAsync(buffer, cancellationToken) is var count and > 0)
        {
            var room = maxBytes - (int)kept.Length;
            kept.Write(buffer, 0, Math.Min(count, room));
            truncated |= count > room;
            if (truncated && stopWhenFull)
            {
                break;
            }
        }

        return (kept.GetBuffer().AsMemory(0, (int)kept.Length), truncated);
    }

    // Progress overwrites itself with carriage returns: told, but not kept.
    private static async Task<string> ErrorAsync(StreamReader error, Func<string, ValueTask>? onLine, CancellationToken cancellationToken)
    {
        StringBuilder kept = new(), line = new();
        var buffer = new char[4096];
        while (await error.ReadAsync(buffer, cancellationToken) is var count and > 0)
        {
            for (var i = 0; i < count; i++)
            {
                if (buffer[i] is not ('\n' or '\r'))
                {
                    if (line.Length < MaxErrorChars)
                    {
                        line.Append(buffer[i]);
                    }

                    continue;
                }

                if (buffer[i] == '\n' && kept.Length < MaxErrorChars)
                {
                    kept.Append(line).Append('\n');
                }

                if (onLine is not null && line.Length > 0)
                {
                    await onLine(line.ToString());
                }

                line.Clear();
            }
        }

        return kept.Append(line).ToString();
    }

    private static string Git => Programs.Find("git") ?? throw NotInstalled();

    private static RequestException NotStarted(Win32Exception failed) => failed.NativeErrorCode == NoSuchFile
        ? NotInstalled()
        : new RequestException(
            ErrorCode.GitError, "git could not be started: the request, or what the repository configures, is too long, or the machine has no room for another process.", inner: failed);

    private static RequestException NotInstalled() => new(ErrorCode.GitError, "git is not installed on the machine. Install it and try again.");
}
