namespace PocketCoder.Daemon;

/// <summary>What keeps a file of PocketCoder from being read or written, as a sentence for the person at the machine.</summary>
internal static class FileTrouble
{
    // ENOSPC, and ERROR_DISK_FULL as an HRESULT.
    private const int DiskFull = 28, DiskFullOnWindows = unchecked((int)0x80070070);

    /// <summary>Null when it is no trouble with a file.</summary>
    public static string? Explain(Exception exception) => exception switch
    {
        IOException { HResult: DiskFull } or IOException { HResult: DiskFullOnWindows } => "The disk is full. Make room, then try again.",
        UnauthorizedAccessException or IOException => $"A file cannot be used: {exception.Message}",
        _ => null,
    };
}
