using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace PocketCoder.Daemon.Processes;

/// <summary>
/// The hidden verb <c>__run</c>: runs one program and stays until nothing of it is left.
/// <code>
///   daemon ◀──control──▶ supervisor (own session, subreaper) ──▶ program (own group) ──▶ its children, wherever they fork to
/// </code>
/// The daemon alone holds the other end of the control socket, so its end (also by kill -9) is an end of file here. Then the program gets its first
/// signal, a time of grace, and SIGKILL goes to every descendant until there is none. Orphans come to the subreaper, so none escapes by
/// a double fork or a session of its own. PR_SET_PDEATHSIG would follow the thread that forked, not the process, and is not used.
/// </summary>
[UnsupportedOSPlatform("windows")]
public static unsafe partial class Supervisor
{
    public const string Verb = "__run";

    internal const int CannotStart = 127;

    private const int SigInt = 2;
    private const int SigTerm = 15;
    private const int LeftBehindMs = 1000;
    private static volatile int _program;
    private static int _stopping;

    /// <summary>
    /// args: CONTROL-FD INT|TERM GRACE-MS pipe|null -- FILE ARGS…, where <c>null</c> gives the program /dev/null for its stdin. The exit code is the
    /// program's, or 128 + its signal; 127 when it cannot start. The program's wait status goes to the control socket as four bytes.
    /// </summary>
    public static int Run(ReadOnlySpan<string> args)
    {
        if (args.Length < 6 || args[4] != "--" || !int.TryParse(args[0], out var control) || !int.TryParse(args[2], out var graceMs))
        {
            Console.Error.WriteLine($"{Verb} is for PocketCoder itself.");
            return 64;
        }

        var firstSignal = args[1] == "INT" ? SigInt : SigTerm;
        setsid();
        if (OperatingSystem.IsLinux())
        {
            const int setChildSubreaper = 36;
            prctl(setChildSubreaper, 1, 0, 0, 0);
        }

        var error = ChildLimits.StartUnder(args[5..], nullInput: args[3] == "null", out var program);
        if (error != 0)
        {
            Console.Error.WriteLine($"{args[5]}: {Marshal.GetPInvokeErrorMessage(error)}");
            return CannotStart;
        }

        _program = program;
        using var onTerm = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => { signal.Cancel = true; StopInBackground(firstSignal, graceMs); });
        using var onInt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => { signal.Cancel = true; StopInBackground(firstSignal, graceMs); });
        new Thread(() => Listen(control, firstSignal, graceMs)) { IsBackground = true }.Start();
        return ReapAll(program, control, graceMs);
    }

    // Waits for the program and for every orphan that came to this process.
    private static int ReapAll(int program, int control, int graceMs)
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
                Report(control, status);

                // What the program left behind ends with it.
                StopInBackground(SigTerm, Math.Min(graceMs, LeftBehindMs));
            }
        }
    }

    // An exit code cannot tell a signal from a program that ends with 128 and more.
    private static void Report(int control, int status)
    {
        var bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(new Span<byte>(bytes, sizeof(int)), status);

        // A failure means that the daemon is gone; MSG_NOSIGNAL is not everywhere, but .NET ignores SIGPIPE.
        _ = write(control, bytes, sizeof(int));
    }

    private static void Listen(int control, int firstSignal, int graceMs)
    {
        byte nothing;
        nint count;
        do
        {
            count = read(control, &nothing, 1);
        }
        while (count < 0 && Marshal.GetLastPInvokeError() == 4);

        Stop(firstSignal, graceMs);
    }

    private static void StopInBackground(int signal, int graceMs) =>
        new Thread(() => Stop(signal, graceMs)) { IsBackground = true }.Start();

    private static void Stop(int firstSignal, int graceMs)
    {
        if (Interlocked.Exchange(ref _stopping, 1) == 1)
        {
            return;
        }

        var asked = firstSignal == SigTerm;
        if (asked)
        {
            Ask();
        }
        else if (_program is var program and not 0)
        {
            // An agent that is interrupted ends its own children; they are asked when it left them behind.
            kill(program, firstSignal);
        }

        var deadline = Environment.TickCount64 + graceMs;
        while (Environment.TickCount64 < deadline)
        {
            if (_program == 0 && !asked)
            {
                asked = true;
                Ask();
                deadline = Math.Min(deadline, Environment.TickCount64 + LeftBehindMs);
            }

            Thread.Sleep(10);
        }

        // The main thread ends this process when there is no child left; a moment in which none is seen is no proof.
        while (ProcessTree.End(Descendants, wholeGroups: true))
        {
            Thread.Sleep(1);
        }

        // Not ours to end: another user's (sudo), or one that hangs in the kernel and dies of the signal when it returns from there.
        Environment.Exit(128 + 9);
    }

    private static void Ask()
    {
        const int sigCont = 18, sigContOnMac = 19;
        foreach (var pid in Descendants())
        {
            kill(pid, SigTerm);

            // A stopped process does not hear it.
            kill(pid, OperatingSystem.IsMacOS() ? sigContOnMac : sigCont);
        }
    }

    /// <summary>Every live process below this one. Without /proc the program's own group is what can be reached.</summary>
    private static List<int> Descendants() =>
        OperatingSystem.IsLinux() ? ProcessTree.Below(Environment.ProcessId)
        : _program is var program and not 0 ? [program, -program] : [];

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setsid();

    [LibraryImport("libc", SetLastError = true)]
    private static partial int prctl(int option, nuint value, nuint a, nuint b, nuint c);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int kill(int pid, int signal);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int waitpid(int pid, int* status, int options);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint read(int descriptor, byte* buffer, nint count);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint write(int descriptor, byte* buffer, nint count);
}
