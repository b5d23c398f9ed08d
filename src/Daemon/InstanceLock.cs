using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using PocketCoder.Storage;

namespace PocketCoder.Daemon;

/// <summary>
/// One daemon per config directory: a lock that the kernel holds for as long as the process lives, and a PID file for people and for
/// <c>stop</c>. The file also holds the start time, so that a PID that was given away again is never signalled.
/// </summary>
public sealed class InstanceLock : IDisposable
{
    private readonly FileStream _lock;
    private readonly string _pidFile;

    private InstanceLock(FileStream held, string pidFile) => (_lock, _pidFile) = (held, pidFile);

    /// <summary>Null when another daemon holds it.</summary>
    public static InstanceLock? TryTake(DaemonPaths paths)
    {
        FileStream held;
        try
        {
            var options = PrivateFile.Options(FileMode.OpenOrCreate);
            options.Share = FileShare.None;
            held = new FileStream(paths.Lock, options);
        }
        catch (IOException ex) when (IsHeld(ex))
        {
            return null;
        }

        try
        {
            PrivateFile.WriteAllBytes(paths.Pid, System.Text.Encoding.UTF8.GetBytes(
                string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId} {ProcessIdentity.StartTime(Environment.ProcessId)}\n")));
            return new InstanceLock(held, paths.Pid);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>The PID of the running daemon; null when the file is stale or absent.</summary>
    public static int? RunningPid(DaemonPaths paths)
    {
        string text;
        try
        {
            text = File.ReadAllText(paths.Pid);
        }
        catch (IOException)
        {
            // Not there, or taken away as we looked.
            return null;
        }

        return text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries) is [var pidText, var startText]
            && int.TryParse(pidText, CultureInfo.InvariantCulture, out var pid)
            && long.TryParse(startText, CultureInfo.InvariantCulture, out var start)
            && ProcessIdentity.StartTime(pid) == start
                ? pid
                : null;
    }

    public void Dispose()
    {
        File.Delete(_pidFile);
        _lock.Dispose();
    }

    // A full disk is an IOException too; ERROR_SHARING_VIOLATION and EWOULDBLOCK (Linux, macOS) are what a held lock says.
    private static bool IsHeld(IOException exception) => (exception.HResult & 0xFFFF) is var error
        && (OperatingSystem.IsWindows() ? error == 32 : OperatingSystem.IsMacOS() ? error == 35 : error == 11);
}

/// <summary>What tells two processes with the same PID apart.</summary>
public static partial class ProcessIdentity
{
    /// <summary>Asks a process to end, as a person would with <c>kill</c>.</summary>
    [UnsupportedOSPlatform("windows")]
    public static void Terminate(int pid)
    {
        const int terminate = 15;
        _ = kill(pid, terminate);
    }

    [LibraryImport("libc")]
    private static partial int kill(int pid, int signal);

    /// <summary>When the process started, in a unit of the OS; 0 when there is none.</summary>
    public static long StartTime(int pid)
    {
        if (OperatingSystem.IsLinux())
        {
            // Field 22 of proc_pid_stat(5).
            return LiveStat(pid) is { } fields ? long.Parse(fields[19], CultureInfo.InvariantCulture) : 0;
        }

        try
        {
            using var process = Process.GetProcessById(pid);
            return process.StartTime.ToFileTimeUtc();
        }
        catch (Exception ex) when (ex is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return 0;
        }
    }

    /// <summary>Linux: the fields of /proc/PID/stat from the third on; null when there is no such process, or only its zombie.</summary>
    internal static string[]? LiveStat(int pid)
    {
        try
        {
            // The name in field 2 may hold anything, so count from behind its closing bracket.
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] == "Z" ? null : fields;
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
