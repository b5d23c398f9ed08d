using System.Buffers.Binary;
using System.Diagnostics;
using System.IO.Pipes;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace PocketCoder.Daemon.Processes;

/// <summary>How a child ends: its first signal and how long it has before SIGKILL.</summary>
internal sealed record StopPolicy(string FirstSignal, TimeSpan Grace);

/// <summary>What to start and where.</summary>
internal sealed record ChildStart(string File, IReadOnlyList<string> Arguments, string WorkingDirectory, StopPolicy Stop)
{
    /// <summary>Changes to our own environment; null takes a variable away.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>();

    /// <summary>Says much at once: what it prints finds more room, so that it and we take turns less often. Linux.</summary>
    public bool Talkative { get; init; }

    /// <summary>Gives the child /dev/null to read.</summary>
    public bool NoInput { get; init; }

    /// <summary>Windows: the arguments as one text, for programs that have quoting rules of their own.</summary>
    public string? WindowsArguments { get; init; }
}

/// <summary>How a program ended: its exit code, or 128 + the number of <paramref name="Signal"/>, which ended it.</summary>
internal readonly record struct ProcessExit(int Code, int? Signal = null);

/// <summary>
/// A child program with pipes for stdin, stdout and stderr that does not outlive this process. On Unix a <see cref="Supervisor"/> sees to that.
/// </summary>
internal sealed partial class SupervisedProcess : IAsyncDisposable
{
    // More than a supervisor takes to give up on what it cannot end.
    private static readonly TimeSpan SupervisorPatience = TimeSpan.FromSeconds(15);
    private static readonly Lock Spawning = new();

    // Four times what it has by itself; more made nothing faster. F_SETPIPE_SZ of fcntl(2).
    private const int TalkativePipeBytes = 256 * 1024;
    private const int SetPipeSize = 1031;

    private readonly Process _process;
    private readonly StopPolicy _policy;
    private readonly string _mark;
    private readonly Lock _gate = new();
    private int _control;

    private SupervisedProcess(Process process, StopPolicy policy, int control, string mark)
    {
        (_process, _policy, _control, _mark) = (process, policy, control, mark);
        Exited = ExitAsync();
    }

    /// <summary>Ends with how the program ended, when nothing of the child is left.</summary>
    public Task<ProcessExit> Exited { get; }

    /// <summary>The supervisor's PID (Windows: the program's).</summary>
    public int Id => _process.Id;

    public Stream Input => _process.StandardInput.BaseStream;

    public Stream Output => _process.StandardOutput.BaseStream;

    public Stream Error => _process.StandardError.BaseStream;

    /// <param name="supervisor">The executable that knows the verb <see cref="Supervisor.Verb"/>.</param>
    /// <param name="mark">The variable, <c>NAME=value</c>, that only this child's processes have in their environment.</param>
    /// <exception cref="System.ComponentModel.Win32Exception">The system can start no process.</exception>
    public static SupervisedProcess Start(string supervisor, ChildStart child, string mark)
    {
        ProcessStartInfo start = new()
        {
            WorkingDirectory = child.WorkingDirectory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            CreateNoWindow = true,
        };
        foreach (var (name, value) in child.Environment)
        {
            if (value is null)
            {
                start.Environment.Remove(name);
            }
            else
            {
                start.Environment[name] = value;
            }
        }

        return OperatingSystem.IsWindows() ? StartAlone(start, child, mark) : StartSupervised(start, supervisor, child, mark);
    }

    /// <summary>Asks the supervisor to end everything: first signal, grace, SIGKILL. Returns when nothing is left.</summary>
    public async Task StopAsync()
    {
        Order();
        await Task.WhenAny(Exited, Task.Delay(_policy.Grace + SupervisorPatience));
        if (!Exited.IsCompleted)
        {
            // Stopped or hung: its own end is the beginning of the sweep.
            _process.Kill();
        }

        await Exited;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _process.Dispose();
    }

    private static SupervisedProcess StartAlone(ProcessStartInfo start, ChildStart child, string mark)
    {
        start.FileName = child.File;
        if (child.WindowsArguments is { } text)
        {
            start.Arguments = text;
        }
        else
        {
            AddAll(start, child.Arguments);
        }

        return Begin(start, child, -1, mark);
    }

    [UnsupportedOSPlatform("windows")]
    private static SupervisedProcess StartSupervised(ProcessStartInfo start, string supervisor, ChildStart child, string mark)
    {
        // Only our end decides how long a child lives, and it is close-on-exec; the other end may be inherited by whoever is
        // spawned at the same moment without harm, but one at a time keeps that rare.
        lock (Spawning)
        {
            var (ours, theirs) = CreateControl();
            try
            {
                start.FileName = supervisor;
                AddAll(start, [
                    Supervisor.Verb, $"{theirs}", child.Stop.FirstSignal, $"{(int)child.Stop.Grace.TotalMilliseconds}", child.NoInput ? "null" : "pipe",
                    "--", child.File, .. child.Arguments]);
                return Begin(start, child, ours, mark);
            }
            catch
            {
                close(ours);
                throw;
            }
            finally
            {
                close(theirs);
            }
        }
    }

    private static SupervisedProcess Begin(ProcessStartInfo start, ChildStart child, int control, string mark)
    {
        var process = Process.Start(start)!;
        if (child.Talkative && OperatingSystem.IsLinux() && process.StandardOutput.BaseStream is PipeStream pipe)
        {
            // Refused, it is as it was: a user has 64 MB for all such room together (pipe(7)).
            Control((int)pipe.SafePipeHandle.DangerousGetHandle(), SetPipeSize, TalkativePipeBytes);
        }

        if (child.NoInput)
        {
            process.StandardInput.Close();
        }

        return new SupervisedProcess(process, child.Stop, control, mark);
    }

    private async Task<ProcessExit> ExitAsync()
    {
        await _process.WaitForExitAsync(CancellationToken.None);
        if (OperatingSystem.IsWindows())
        {
            return new ProcessExit(_process.ExitCode);
        }

        var status = TakeReport();
        if (status is null && _process.ExitCode != Supervisor.CannotStart && OperatingSystem.IsLinux())
        {
            // The supervisor itself was killed. What it watched went to init, and only the mark tells whose it is.
            ProcessTree.End(() => ProcessTree.Marked(_mark), wholeGroups: false);
        }

        return status is { } wait && (wait & 0x7f) is var signal and not 0 ? new ProcessExit(128 + signal, signal) : new ProcessExit(_process.ExitCode);
    }

    // What the supervisor said is there already, so this does not wait; and nothing is asked of it any more.
    private unsafe int? TakeReport()
    {
        lock (_gate)
        {
            var control = Interlocked.Exchange(ref _control, -1);
            var report = stackalloc byte[sizeof(int)];
            var count = read(control, report, sizeof(int));
            close(control);
            return count == sizeof(int) ? BinaryPrimitives.ReadInt32LittleEndian(new ReadOnlySpan<byte>(report, sizeof(int))) : null;
        }
    }

    private void Order()
    {
        lock (_gate)
        {
            if (OperatingSystem.IsWindows())
            {
                if (!Exited.IsCompleted)
                {
                    _process.Kill(entireProcessTree: true);
                }
            }
            else if (_control >= 0)
            {
                // The end of what we have to say is the order; what the supervisor says can still be read.
                const int writing = 1;
                shutdown(_control, writing);
            }
        }
    }

    private static void AddAll(ProcessStartInfo start, IEnumerable<string> arguments)
    {
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }
    }

    // Two ends, each for both directions. Ours is born close-on-exec where the system can, so that no other child ever holds it; it never waits.
    private static unsafe (int Ours, int Theirs) CreateControl()
    {
        const int unix = 1, stream = 1, bornCloseOnExec = 0x80000, setDescriptorFlags = 2, setStatusFlags = 4, closeOnExec = 1;
        var ends = stackalloc int[2];
        if (socketpair(unix, stream | (OperatingSystem.IsLinux() ? bornCloseOnExec : 0), 0, ends) != 0)
        {
            throw new System.ComponentModel.Win32Exception(Marshal.GetLastPInvokeError());
        }

        Control(ends[0], setDescriptorFlags, closeOnExec);
        Control(ends[0], setStatusFlags, OperatingSystem.IsMacOS() ? 0x4 : 0x800);
        Control(ends[1], setDescriptorFlags, 0);
        return (ends[0], ends[1]);
    }

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int socketpair(int domain, int type, int protocol, int* ends);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int shutdown(int socket, int how);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint read(int descriptor, byte* buffer, nint count);

    // The value is a variadic argument, which Apple's processors take from the stack: what is before it fills the registers.
    private static int Control(int descriptor, int command, int value) => OperatingSystem.IsMacOS() && RuntimeInformation.ProcessArchitecture == Architecture.Arm64
        ? fcntl(descriptor, command, 0, 0, 0, 0, 0, 0, value)
        : fcntl(descriptor, command, value);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fcntl(int descriptor, int command, nint x2, nint x3, nint x4, nint x5, nint x6, nint x7, nint value);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fcntl(int descriptor, int command, int value);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int close(int descriptor);
}
