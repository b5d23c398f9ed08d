using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace PocketCoder.Daemon.Processes;

/// <summary>
/// What a child may not do to the machine: no core dumps into the project, behind everything a person does at the desk (nice 5), and the first to go
/// when memory runs out. The supervisor itself keeps its place: it must be quicker and live longer than what it ends.
/// </summary>
[UnsupportedOSPlatform("windows")]
internal static unsafe partial class ChildLimits
{
    private const int Niceness = 5;
    private const int FirstToGo = 500;
    private const string OomScore = "/proc/self/oom_score_adj";

    /// <summary>Starts the program under these limits. 0, or the error number.</summary>
    public static int StartUnder(ReadOnlySpan<string> command, bool nullInput, out int pid)
    {
        const int coreSize = 4;
        var none = stackalloc nuint[] { 0, 0 };
        setrlimit(coreSize, none);

        // On Linux a thread has a niceness of its own, which its child inherits, and this thread ends.
        var (started, error, words) = (0, 0, command.ToArray());
        Thread nice = new(() =>
        {
            setpriority(0, 0, Niceness);
            error = PosixSpawn.StartChild(words, nullInput, out started);
        });
        var before = ReadOomScore();
        WriteOomScore(Math.Max(before, FirstToGo));
        nice.Start();
        nice.Join();
        WriteOomScore(before);
        pid = started;
        return error;
    }

    private static int ReadOomScore()
    {
        try
        {
            return OperatingSystem.IsLinux() && int.TryParse(File.ReadAllText(OomScore), CultureInfo.InvariantCulture, out var score) ? score : 0;
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    private static void WriteOomScore(int score)
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        try
        {
            File.WriteAllText(OomScore, score.ToString(CultureInfo.InvariantCulture));
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            // A container may forbid it. Worse to be without the command than without the order of who goes first.
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setrlimit(int resource, nuint* limits);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setpriority(int which, uint who, int priority);
}
