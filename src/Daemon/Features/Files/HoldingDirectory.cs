using Microsoft.Win32.SafeHandles;
using PocketCoder.Storage;

namespace PocketCoder.Daemon.Features.Files;

/// <summary>
/// A directory of the daemon's own, out of everybody's sight, where a file's new content has its name for the moment in which it changes places with
/// the old one.
/// </summary>
internal sealed class HoldingDirectory : IDisposable
{
    private static readonly TimeSpan LeftKept = TimeSpan.FromDays(7);

    private HoldingDirectory(SafeFileHandle? handle) => Handle = handle;

    /// <summary>Null where there are no handles of directories (Windows), or it cannot be opened: contents are then held beside their place.</summary>
    public SafeFileHandle? Handle { get; }

    /// <summary>Makes it, and removes what crashes left in it a while ago: it may be what the agent had just written.</summary>
    public static HoldingDirectory Open(string path, DateTimeOffset now)
    {
        if (OperatingSystem.IsWindows())
        {
            return new HoldingDirectory(null);
        }

        try
        {
            PrivateFile.CreateDirectory(path);
            foreach (var left in new DirectoryInfo(path).EnumerateFiles(".pocketcoder-*.tmp").Where(file => file.LastWriteTimeUtc < now - LeftKept))
            {
                left.Delete();
            }
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            return new HoldingDirectory(null);
        }

        var handle = Native.OpenPath(path);
        if (handle is not null && !CanNameFiles(handle))
        {
            Native.WithoutUnnamedFiles = true;
        }

        return new HoldingDirectory(handle);
    }

    // A sandbox may give files without a name and no way to name them: without /proc, or where links are forbidden.
    private static bool CanNameFiles(SafeFileHandle directory)
    {
        var name = ".probe"u8.ToArray();
        using var file = Native.OpenUnnamed(directory, 0x180, out _);
        return file is null || (Native.Remove(directory, name, directory: false) is 0 or Native.NoEntry && Native.Link(file, directory, name) == 0 && Native.Remove(directory, name, directory: false) == 0);
    }

    public void Dispose() => Handle?.Dispose();
}
