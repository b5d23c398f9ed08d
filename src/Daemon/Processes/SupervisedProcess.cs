using System.Diagnostics;
using System.Runtime.InteropServices;

namespace PocketCoder.Daemon.Processes;

/// <summary>How a child ends: its first signal and how long it has before SIGKILL.</summary>
internal sealed record StopPolicy(string FirstSignal, TimeSpan Grace);

/// <summary>
/// A child program with pipes for stdin, stdout and stderr that does not outlive this process. On Unix a <see cref="Supervisor"/> sees to that.
/// </summary>
internal sealed partial class SupervisedProcess : IAsyncDisposable
{
    private static readonly Lock Spawning = new();
    private readonly Process _process;
    private int _controlWriter;

    private SupervisedProcess(Process process, int controlWriter)
    {
        (_process, _controlWriter) = (process, controlWriter);
        Exited = ExitCodeAsync(process);
    }

    /// <summary>Ends with the exit code when nothing of the child is left.</summary>
    public Task<int> Exited { get; }

    /// <summary>The supervisor's PID (Windows: the program's).</summary>
    public int Id => _process.Id;

    public Stream Input => _process.StandardInput.BaseStream;

    public Stream Output => _process.StandardOutput.BaseStream;

    public StreamReader Error => _process.StandardError;

    /// <param name="supervisor">The executable that knows the verb <see cref="Supervisor.Verb"/>.</param>
    public static SupervisedProcess Start(
        string supervisor, StopPolicy policy, string file, IEnumerable<string> arguments, string workingDirectory, IReadOnlyDictionary<string, string?> environment)
    {
        ProcessStartInfo start = new()
        {
            WorkingDirectory = workingDirectory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            CreateNoWindow = true,
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        if (OperatingSystem.IsWindows())
        {
            start.FileName = file;
            AddAll(start, arguments);
            return new SupervisedProcess(Process.Start(start)!, -1);
        }

        // Only the write end decides how long a child lives, and it is close-on-exec; the read end may be inherited by whoever is
        // spawned at the same moment without harm, but one at a time keeps that rare.
        lock (Spawning)
        {
            var (reader, writer) = CreatePipe();
            try
            {
                start.FileName = supervisor;
                AddAll(start, [Supervisor.Verb, $"{reader}", policy.FirstSignal, $"{(int)policy.Grace.TotalMilliseconds}", "--", file, .. arguments]);
                return new SupervisedProcess(Process.Start(start)!, writer);
            }
            catch
            {
                close(writer);
                throw;
            }
            finally
            {
                close(reader);
            }
        }
    }

    /// <summary>Asks the supervisor to end everything: first signal, grace, SIGKILL. Returns when nothing is left.</summary>
    public async Task StopAsync()
    {
        if (OperatingSystem.IsWindows() && !Exited.IsCompleted)
        {
            _process.Kill(entireProcessTree: true);
        }

        // The end of the pipe is the order.
        CloseControl();
        await Exited;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _process.Dispose();
    }

    private static async Task<int> ExitCodeAsync(Process process)
    {
        await process.WaitForExitAsync(CancellationToken.None);
        return process.ExitCode;
    }

    private void CloseControl()
    {
        if (Interlocked.Exchange(ref _controlWriter, -1) is var descriptor and >= 0)
        {
            close(descriptor);
        }
    }

    private static void AddAll(ProcessStartInfo start, IEnumerable<string> arguments)
    {
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }
    }

    private static unsafe (int Reader, int Writer) CreatePipe()
    {
        const int setDescriptorFlags = 2, closeOnExec = 1, openCloseOnExec = 0x80000;
        var ends = stackalloc int[2];

        // Both ends are born close-on-exec where the system can, so that no other child ever holds the write end.
        if ((OperatingSystem.IsLinux() ? pipe2(ends, openCloseOnExec) : pipe(ends)) != 0)
        {
            throw new IOException("No pipe: " + Marshal.GetLastPInvokeErrorMessage());
        }

        fcntl(ends[0], setDescriptorFlags, 0);
        fcntl(ends[1], setDescriptorFlags, closeOnExec);
        return (ends[0], ends[1]);
    }

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int pipe(int* ends);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int pipe2(int* ends, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fcntl(int descriptor, int command, int value);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int close(int descriptor);
}
