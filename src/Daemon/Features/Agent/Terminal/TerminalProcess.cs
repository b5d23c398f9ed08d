using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Agent.Terminal;

/// <summary>Ends the Claude Code of a terminal.</summary>
internal static partial class TerminalProcess
{
    private const int Terminate = 15, Kill = 9;
    private const int NoSuchProcess = 3;

    // It answers within half a second, and needs some more to end a command that it runs.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LastPatience = TimeSpan.FromSeconds(5);

    /// <summary>Ends it, gently first. <c>CONFLICT</c> when it is still there afterwards.</summary>
    /// <param name="isStill">Still this process, with this very session open: looked up again before each signal.</param>
    public static async Task EndAsync(LiveTerminal live, Func<bool> isStill, TimeProvider time)
    {
        if (OperatingSystem.IsWindows())
        {
            throw new RequestException(ErrorCode.Conflict, "A terminal cannot be ended from here on Windows. Close Claude Code there, or fork the session.");
        }

        if (!isStill())
        {
            return;
        }

        if (!IsOurUsers(live.ProcessId) || !Signal(live, Terminate))
        {
            throw new RequestException(ErrorCode.Conflict, "The terminal belongs to another user of the machine and cannot be ended. Fork the session to go on with it here.");
        }

        if (!await IsGoneAsync(live, Grace, time) && isStill())
        {
            Signal(live, Kill);
        }

        if (!await IsGoneAsync(live, LastPatience, time))
        {
            throw new RequestException(ErrorCode.Conflict, "The terminal did not end. Close Claude Code there, or fork the session.");
        }
    }

    // A PID can belong to somebody else a moment later; the start time tells, as near to the signal as can be.
    [UnsupportedOSPlatform("windows")]
    private static bool Signal(LiveTerminal live, int signal) =>
        ProcessIdentity.StartTime(live.ProcessId) != live.Started || kill(live.ProcessId, signal) == 0 || Marshal.GetLastPInvokeError() == NoSuchProcess;

    // Root could end anybody's.
    private static bool IsOurUsers(int pid)
    {
        if (!OperatingSystem.IsLinux())
        {
            return true;
        }

        try
        {
            var user = File.ReadLines($"/proc/{pid}/status").FirstOrDefault(line => line.StartsWith("Uid:", StringComparison.Ordinal));
            return user?.Split('\t') is [_, var real, ..] && real == geteuid().ToString(CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            // It is gone.
            return true;
        }
    }

    private static async Task<bool> IsGoneAsync(LiveTerminal live, TimeSpan patience, TimeProvider time)
    {
        var since = time.GetTimestamp();
        while (ProcessIdentity.StartTime(live.ProcessId) == live.Started)
        {
            if (time.GetElapsedTime(since) > patience)
            {
                return false;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), time);
        }

        return true;
    }

    [LibraryImport("libc")]
    private static partial uint geteuid();

    [LibraryImport("libc", SetLastError = true)]
    private static partial int kill(int pid, int signal);
}
