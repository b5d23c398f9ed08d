using Microsoft.Win32.SafeHandles;
using PocketCoder.Storage;

namespace PocketCoder.Daemon.Features.Files;

/// <summary>
/// A directory of the daemon's own, out of everybody's sight, where a file's new content has its name for the moment in which it changes places with
/// the old one.
/// </summary>
internal sealed class HoldingDirectory : IDisposable
{
    private HoldingDirectory(SafeFileHandle? handle) => Handle = handle;

    /// <summary>Null where there are no handles of directories (Windows), or it cannot be opened: contents are then held beside their place.</summary>
    public SafeFileHandle? Handle { get; }

    /// <summary>Makes it, and removes what a crash left in it.</summary>
    public static HoldingDirectory Open(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return new HoldingDirectory(null);
        }

        PrivateFile.CreateDirectory(path);
        foreach (var left in Directory.EnumerateFiles(path, ".pocketcoder-*.tmp"))
        {
            File.Delete(left);
        }

        return new HoldingDirectory(Native.OpenPath(path));
    }

    public void Dispose() => Handle?.Dispose();
}
