using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text;

namespace PocketCoder.Daemon.Processes;

/// <summary>
/// Starts the children of one daemon. Each has <c>PC_RUN=OWNER-RUN</c> in its environment, where OWNER stands for the daemon's directory: what a daemon
/// left behind that died together with a supervisor is found by it.
/// </summary>
/// <param name="supervisor">The executable that knows the verb <see cref="Supervisor.Verb"/>.</param>
internal sealed class Children(string supervisor, DaemonPaths paths)
{
    public const string Mark = "PC_RUN";

    private readonly string _owner = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(paths.Root)).AsSpan(0, 8));

    public SupervisedProcess Start(ChildStart start, string runId)
    {
        var mark = $"{_owner}-{runId}";
        return SupervisedProcess.Start(supervisor, start with { Environment = new Dictionary<string, string?>(start.Environment) { [Mark] = mark } }, $"{Mark}={mark}");
    }

    /// <summary>The process is one that a daemon of this directory started, or below one.</summary>
    [SupportedOSPlatform("linux")]
    public bool IsOne(int pid) => ProcessTree.IsMarked(pid, $"{Mark}={_owner}-");

    /// <summary>
    /// Ends what bears our mark though no daemon of this directory runs, which is so before the first start. What a supervisor still looks after is left to
    /// it. How many there were.
    /// </summary>
    public int EndLeftBehind()
    {
        if (!OperatingSystem.IsLinux())
        {
            return 0;
        }

        var count = LeftBehind().Count;
        ProcessTree.End(LeftBehind, wholeGroups: false);
        return count;
    }

    // A daemon that was started from a command of its predecessor bears the mark itself.
    [SupportedOSPlatform("linux")]
    private List<int> LeftBehind()
    {
        var marked = ProcessTree.Marked($"{Mark}={_owner}-");
        var supervisors = marked.Where(pid => ProcessTree.Arguments(pid) is [_, Supervisor.Verb, ..]).ToList();
        return [.. marked.Except(supervisors).Except(supervisors.SelectMany(ProcessTree.Below)).Except(ProcessTree.SelfAndAncestors())];
    }
}
