using PocketCoder.Daemon;

namespace PocketCoder.Cli;

/// <summary>What a command works with.</summary>
internal sealed record CliContext(TextWriter Out, TextWriter Error, DaemonPaths Paths, ControlPlaneClient Daemon)
{
    public async Task<int> NotRunningAsync()
    {
        await Error.WriteLineAsync("The daemon is not running. Start it with: pocketcoder start");
        return ExitCode.NotRunning;
    }

    public async Task<int> FailAsync(string sentence)
    {
        await Error.WriteLineAsync(sentence);
        return ExitCode.Failed;
    }
}

/// <summary>The exit codes of every command.</summary>
internal static class ExitCode
{
    public const int Done = 0;
    public const int Failed = 1;
    public const int NotRunning = 3;
    public const int AlreadyRunning = 4;
}
