using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace PocketCoder.Daemon.Features.Files.Watching;

/// <summary>
/// How a tree is walked: each step opens one name in the handle before and follows no link, so a tree that is changed under the walk can mislead it
/// within the project only.
/// </summary>
[UnsupportedOSPlatform("windows")]
internal static class Directories
{
    /// <summary>No deeper: a handle is held for each level.</summary>
    public const int MaxDepth = 128;

    /// <summary>A project's directory; null when there is none.</summary>
    public static SafeFileHandle? OpenRoot(string path)
    {
        using var place = Native.OpenRoot(path, out _);
        return place is null ? null : Open(place, "."u8.ToArray(), out _);
    }

    /// <summary>A directory in a directory; null, and the error, when it is none or cannot be read.</summary>
    public static SafeFileHandle? Open(SafeFileHandle parent, byte[] name, out int error) => Native.OpenChild(parent, name, Native.Directory, 0, out error);
}
