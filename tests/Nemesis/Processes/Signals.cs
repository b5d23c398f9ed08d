using System.Runtime.InteropServices;

namespace PocketCoder.Nemesis.Processes;

/// <summary>What is done to a process without asking it.</summary>
internal static partial class Signals
{
    private const int Kill9 = 9, Continue = 18, Stop = 19;

    public static void Kill(int pid) => _ = Send(pid, Kill9);

    /// <summary>It stands still for a while, as on a machine that swaps.</summary>
    public static async Task PauseAsync(int pid, TimeSpan time)
    {
        _ = Send(pid, Stop);
        try
        {
            await Task.Delay(time);
        }
        finally
        {
            _ = Send(pid, Continue);
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Send(int pid, int signal);
}
