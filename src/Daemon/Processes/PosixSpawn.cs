using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace PocketCoder.Daemon.Processes;

/// <summary>
/// Starts a program with posix_spawn. Not with System.Diagnostics.Process, whose reaping competes with a supervisor's own, which hands on the ignored
/// SIGPIPE of a .NET process, and which cannot give a child that is to outlive us anything but our own streams.
/// </summary>
[UnsupportedOSPlatform("windows")]
internal static unsafe partial class PosixSpawn
{
    private const short SetGroup = 0x02, SetSignalDefaults = 0x04, SetSignalMask = 0x08;

    // POSIX_SPAWN_SETSID
    private static short NewSession => OperatingSystem.IsMacOS() ? (short)0x400 : (short)0x80;

    // POSIX_SPAWN_CLOEXEC_DEFAULT
    private static short CloseAllOnMac => OperatingSystem.IsMacOS() ? (short)0x4000 : (short)0;

    /// <summary>In a session of its own, with /dev/null for its streams. 0, or the error number.</summary>
    public static int StartDetached(ReadOnlySpan<string> command, out int pid) => Start(command, NewSession, nullStreams: 3, out pid);

    /// <summary>In a process group of its own, with our streams, or /dev/null for its stdin. 0, or the error number.</summary>
    public static int StartChild(ReadOnlySpan<string> command, bool nullInput, out int pid)
    {
        if (OperatingSystem.IsLinux())
        {
            // Three streams and nothing else, whatever this process inherited. Where the system is too old, what was inherited stays.
            const int closeRange = 436;
            const uint fromCloseOnExec = 4;
            _ = syscall(closeRange, 3, uint.MaxValue, fromCloseOnExec);
        }

        return Start(command, (short)(SetGroup | CloseAllOnMac), nullStreams: nullInput ? 1 : 0, out pid);
    }

    private static int Start(ReadOnlySpan<string> command, short flags, int nullStreams, out int pid)
    {
        pid = 0;

        // Both types are opaque; no system's are as large.
        var attributes = stackalloc byte[512];
        var actions = stackalloc byte[512];
        var noSignals = stackalloc byte[128];
        var allSignals = stackalloc byte[128];
        new Span<byte>(noSignals, 128).Clear();
        new Span<byte>(allSignals, 128).Fill(0xff);
        if (posix_spawnattr_init(attributes) is var error and not 0
            || (error = posix_spawn_file_actions_init(actions)) != 0
            || (error = posix_spawnattr_setflags(attributes, (short)(SetSignalMask | SetSignalDefaults | flags))) != 0
            || (error = posix_spawnattr_setsigmask(attributes, noSignals)) != 0
            || (error = posix_spawnattr_setsigdefault(attributes, allSignals)) != 0)
        {
            return error;
        }

        const int readWrite = 2;
        for (var descriptor = 0; descriptor < nullStreams; descriptor++)
        {
            error = posix_spawn_file_actions_addopen(actions, descriptor, "/dev/null", readWrite, 0);
            if (error != 0)
            {
                return error;
            }
        }

        List<string> environment = [];
        foreach (System.Collections.DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            environment.Add($"{variable.Key}={variable.Value}");
        }

        return posix_spawnp(out pid, command[0], actions, attributes, NullTerminated(command), NullTerminated(CollectionsMarshal.AsSpan(environment)));
    }

    // Freed by the end of the process, which spawns once.
    private static byte** NullTerminated(ReadOnlySpan<string> texts)
    {
        var array = (byte**)NativeMemory.Alloc((nuint)(texts.Length + 1), (nuint)sizeof(byte*));
        for (var i = 0; i < texts.Length; i++)
        {
            array[i] = (byte*)Marshal.StringToCoTaskMemUTF8(texts[i]);
        }

        array[texts.Length] = null;
        return array;
    }

    [LibraryImport("libc")]
    private static partial nint syscall(nint number, uint first, uint last, uint flags);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_init(byte* attributes);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_setflags(byte* attributes, short flags);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_setsigmask(byte* attributes, byte* signals);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_setsigdefault(byte* attributes, byte* signals);

    [LibraryImport("libc")]
    private static partial int posix_spawn_file_actions_init(byte* actions);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int posix_spawn_file_actions_addopen(byte* actions, int descriptor, string path, int flags, uint mode);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int posix_spawnp(out int pid, string file, byte* actions, byte* attributes, byte** arguments, byte** environment);
}
