using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace PocketCoder.Cli;

/// <summary>Makes this process a background one: a session of its own, and nothing held of the terminal that began it.</summary>
[UnsupportedOSPlatform("windows")]
internal static partial class Detached
{
    public static void LeaveTerminal()
    {
        setsid();
        const int readWrite = 2;
        var nothing = open("/dev/null", readWrite);
        for (var descriptor = 0; descriptor < 3; descriptor++)
        {
            dup2(nothing, descriptor);
        }

        Directory.SetCurrentDirectory("/");
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setsid();

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int dup2(int from, int to);
}
