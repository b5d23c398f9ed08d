using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace PocketCoder.Daemon.Processes;

/// <summary>
/// The hidden verb <c>__run</c>: runs one program and stays until nothing of it is left.
/// <code>
///   daemon ──control pipe──▶ supervisor (own session, subreaper) ──▶ program ──▶ its children, wherever they fork to
/// </code>
/// The write end of the pipe is the daemon's alone, so its end (also by kill -9) is an end of file here. Then, or on the byte 'T', the program gets its
/// first signal, a time of grace, and SIGKILL goes to every descendant until there is none. Orphans come to the subreaper, so none escapes by
/// a double fork or a session of its own. PR_SET_PDEATHSIG would follow the thread that forked, not the process, and is not used.
/// </summary>
[UnsupportedOSPlatform("windows")]
public static unsafe partial class Supervisor
{
    public const string Verb = "__run";

    private const int SigInt = 2;
    private const int SigKill = 9;
    private const int SigTerm = 15;
    private const int PrSetChildSubreaper = 36;
    private static volatile int _program;
    private static int _stopping;

    /// <summary>args: CONTROL-FD INT|TERM GRACE-MS -- FILE ARGS… The exit code is the program's, or 128 + its signal; 127 when it cannot start.</summary>
    public static int Run(ReadOnlySpan<string> args)
    {
        if (args.Length < 5 || args[3] != "--" || !int.TryParse(args[0], out var control) || !int.TryParse(args[2], out var graceMs))
        {
            Console.Error.WriteLine($"{Verb} is for PocketCoder itself.");
            return 64;
        }

        var firstSignal = args[1] == "INT" ? SigInt : SigTerm;
        setsid();
        if (OperatingSystem.IsLinux())
        {
            prctl(PrSetChildSubreaper, 1, 0, 0, 0);
        }

        const int setDescriptorFlags = 2, closeOnExec = 1;
        fcntl(control, setDescriptorFlags, closeOnExec);

        var error = PosixSpawn.Start(args[4..], detached: false, out var program);
        if (error != 0)
        {
            Console.Error.WriteLine($"{args[4]}: {Marshal.GetPInvokeErrorMessage(error)}");
            return 127;
        }

        _program = program;
        using var onTerm = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => { signal.Cancel = true; StopInBackground(firstSignal, graceMs); });
        using var onInt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => { signal.Cancel = true; StopInBackground(firstSignal, graceMs); });
        new Thread(() => Listen(control, firstSignal, graceMs)) { IsBackground = true }.Start();
        return ReapAll(program, graceMs);
    }

    // Waits for the program and for every orphan that came to this process.
    private static int ReapAll(int program, int graceMs)
    {
        var exitCode = 0;
        while (true)
        {
            int status;
            var pid = waitpid(-1, &status, 0);
            if (pid == -1)
            {
                const int interrupted = 4;
                if (Marshal.GetLastPInvokeError() == interrupted)
                {
                    continue;
                }

                return exitCode;
            }

            if (pid == program)
            {
                _program = 0;
                exitCode = (status & 0x7f) == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f);

                // What the program left behind ends with it.
                StopInBackground(SigTerm, Math.Min(graceMs, 1000));
            }
        }
    }

    private static void Listen(int control, int firstSignal, int graceMs)
    {
        byte command;
        nint count;
        do
        {
            count = read(control, &command, 1);
        }
        while (count < 0 && Marshal.GetLastPInvokeError() == 4);

        Stop(firstSignal, count == 1 && command == (byte)'K' ? 0 : graceMs);
    }

    private static void StopInBackground(int signal, int graceMs) =>
        new Thread(() => Stop(signal, graceMs)) { IsBackground = true }.Start();

    private static void Stop(int firstSignal, int graceMs)
    {
        if (Interlocked.Exchange(ref _stopping, 1) == 1)
        {
            return;
        }

        // An agent that is interrupted ends its own children; without it each of them is asked.
        if (_program is var program and not 0)
        {
            kill(program, firstSignal);
        }
        else
        {
            Descendants().ForEach(pid => kill(pid, firstSignal));
        }

        var deadline = Environment.TickCount64 + graceMs;
        while (Environment.TickCount64 < deadline && Descendants().Count > 0)
        {
            Thread.Sleep(20);
        }

        // A process that forks while it is being killed is found in the next round; the main thread ends this one when none is left.
        while (true)
        {
            Descendants().ForEach(pid => kill(pid, SigKill));
            Thread.Sleep(10);
        }
    }

    /// <summary>Every live process below this one.</summary>
    private static List<int> Descendants()
    {
        if (!OperatingSystem.IsLinux())
        {
            // No subreaper and no /proc: the program's own group is what can be reached.
            return _program is var program and not 0 ? [program, -program] : [];
        }

        Dictionary<int, List<int>> children = [];
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(directory), out var pid) || ParentOf(pid) is not { } parent)
            {
                continue;
            }

            (CollectionsMarshal.GetValueRefOrAddDefault(children, parent, out _) ??= []).Add(pid);
        }

        List<int> found = [];
        Collect(Environment.ProcessId);
        return found;

        void Collect(int parent)
        {
            foreach (var child in children.GetValueOrDefault(parent, []))
            {
                found.Add(child);
                Collect(child);
            }
        }
    }

    private static int? ParentOf(int pid) =>
        ProcessIdentity.LiveStat(pid) is { } fields ? int.Parse(fields[1], System.Globalization.CultureInfo.InvariantCulture) : null;

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setsid();

    [LibraryImport("libc", SetLastError = true)]
    private static partial int prctl(int option, nuint value, nuint a, nuint b, nuint c);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fcntl(int descriptor, int command, int value);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int kill(int pid, int signal);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int waitpid(int pid, int* status, int options);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint read(int descriptor, byte* buffer, nint count);
}
