using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace PocketCoder.Daemon.Processes;

/// <summary>Finds processes by their ancestor or by the mark in their environment (Linux), and ends what was found until none is left.</summary>
internal static partial class ProcessTree
{
    private const int SigKill = 9;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    // CONFIG_PROC_CHILDREN
    private static readonly bool KernelListsChildren = File.Exists($"/proc/self/task/{Environment.ProcessId}/children");

    private static int SigStop => OperatingSystem.IsMacOS() ? 17 : 19;

    /// <summary>
    /// SIGSTOP until a look finds nobody new, then SIGKILL: what forks faster than it is killed stands still first, and a bomb cannot use the places that
    /// the killed leave. False when the same ones are still there after ten seconds.
    /// </summary>
    /// <param name="wholeGroups">Signals their process groups too, at once and without a gap to fork through; only where these hold nobody else.</param>
    public static bool End(Func<List<int>> find, bool wholeGroups)
    {
        const int roundsWithoutKill = 16;
        HashSet<int> stopped = [];
        var lastNew = Environment.TickCount64;
        for (var round = 1; ; round++)
        {
            var found = find();
            if (found.Count == 0)
            {
                return true;
            }

            if (wholeGroups)
            {
                var own = getpgid(0);
                found.AddRange(found.Select(getpgid).Where(g => g > 0 && g != own).Distinct().Select(g => -g).ToList());
            }

            var known = stopped.Count;
            stopped.UnionWith(found);
            var anybodyNew = stopped.Count > known;
            SignalAll(found, SigStop);
            if (!anybodyNew || round % roundsWithoutKill == 0)
            {
                SignalAll(found, SigKill);
            }

            if (anybodyNew)
            {
                lastNew = Environment.TickCount64;
                continue;
            }

            if (Environment.TickCount64 - lastNew > Patience.TotalMilliseconds)
            {
                return false;
            }

            Thread.Sleep(5);
        }
    }

    /// <summary>The descendants of a process, zombies included.</summary>
    public static List<int> Below(int ancestor)
    {
        var childrenOf = KernelListsChildren ? Children : ByParents();
        List<int> found = [.. childrenOf(ancestor)];
        for (var i = 0; i < found.Count; i++)
        {
            found.AddRange(childrenOf(found[i]));
        }

        return found;
    }

    /// <summary>Every process that was started with this in its environment, by its first bytes: <c>NAME=beginning</c>.</summary>
    public static List<int> Marked(string beginning) =>
        [.. Entries("/proc").Where(pid => IsMarked(pid, beginning))];

    public static bool IsMarked(int pid, string beginning) =>
        ReadText($"/proc/{pid}/environ").Split('\0').Any(v => v.StartsWith(beginning, StringComparison.Ordinal));

    public static string[] Arguments(int pid) => ReadText($"/proc/{pid}/cmdline").Split('\0');

    /// <summary>This process and those above it.</summary>
    public static IEnumerable<int> SelfAndAncestors()
    {
        for (int? pid = Environment.ProcessId; pid is > 1; pid = ParentOf(pid.Value))
        {
            yield return pid.Value;
        }
    }

    // By the thread that forked them. Takes microseconds where a look at all of /proc takes milliseconds, which is much for what forks all the time.
    private static IEnumerable<int> Children(int parent) => Entries($"/proc/{parent}/task")
        .SelectMany(task => ReadText($"/proc/{parent}/task/{task}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Select(pid => int.Parse(pid, CultureInfo.InvariantCulture));

    private static Func<int, IEnumerable<int>> ByParents()
    {
        var children = Entries("/proc").Select(pid => (Pid: pid, Parent: ParentOf(pid))).ToLookup(p => p.Parent, p => p.Pid);
        return parent => children[parent];
    }

    private static int? ParentOf(int pid) => ProcessIdentity.LiveStat(pid) is { } fields ? int.Parse(fields[1], CultureInfo.InvariantCulture) : null;

    // Latin-1 keeps each byte. Empty when the process is gone or another user's.
    private static string ReadText(string path)
    {
        try
        {
            return File.ReadAllText(path, Encoding.Latin1);
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private static List<int> Entries(string directory)
    {
        try
        {
            return [.. Directory.EnumerateDirectories(directory).Select(d => int.TryParse(Path.GetFileName(d), out var id) ? id : 0).Where(id => id != 0)];
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            // Gone, or of another user, whom hidepid hides.
            return [];
        }
    }

    private static void SignalAll(List<int> found, int signal) => found.ForEach(pid => kill(pid, signal));

    [LibraryImport("libc", SetLastError = true)]
    private static partial int kill(int pid, int signal);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int getpgid(int pid);
}
