using PocketCoder.Daemon;

namespace PocketCoder.Cli;

/// <summary>What a command works with. <c>Colours</c>: the output is read by a person on a terminal that shows them.</summary>
internal sealed record CliContext(TextWriter Out, TextWriter Error, DaemonPaths Paths, ControlPlaneClient Daemon, bool Colours)
{
    public async Task<int> NotRunningAsync()
    {
        await Error.WriteLineAsync("The daemon is not running. Start it with: pocketcoder start");
        return ExitCode.NotRunning;
    }

    public async Task<int> FailAsync(string sentence, int exitCode = ExitCode.Failed)
    {
        await Error.WriteLineAsync(sentence);
        return exitCode;
    }

    /// <summary>NO_COLOR (https://no-color.org), TERM=dumb and a redirected output each mean: plain text.</summary>
    public static bool ShowsColours() =>
        !Console.IsOutputRedirected
        && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
        && Environment.GetEnvironmentVariable("TERM") is not "dumb";
}

/// <summary>The exit codes of every command; <see cref="Manual"/> shows them.</summary>
internal static class ExitCode
{
    public const int Done = 0;
    public const int Failed = 1;
    public const int Usage = 2;
    public const int NotRunning = 3;
    public const int AlreadyRunning = 4;

    /// <summary>128 and the number of SIGINT, as shells count.</summary>
    public const int Interrupted = 130;
}

/// <summary>Ends a command with a sentence that says what to do next, and an exit code.</summary>
internal sealed class CommandException(string message, int exitCode = ExitCode.Failed) : Exception(message)
{
    public int ExitCode { get; } = exitCode;
}
