namespace PocketCoder.Storage;

/// <summary>
/// Files that only their owner may read, from the first instant: created 0600 under another name, filled, put on disk, renamed.
/// A reader sees the old content or the new, never a part.
/// </summary>
public static class PrivateFile
{
    private const UnixFileMode FileMode600 = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode DirectoryMode700 = FileMode600 | UnixFileMode.UserExecute;

    public static void CreateDirectory(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
            return;
        }

        Directory.CreateDirectory(path, DirectoryMode700);
        if ((File.GetUnixFileMode(path) & ~DirectoryMode700) != 0)
        {
            File.SetUnixFileMode(path, DirectoryMode700);
        }
    }

    public static void WriteAllBytes(string path, ReadOnlySpan<byte> content)
    {
        var temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (FileStream stream = new(temporary, Options(FileMode.CreateNew)))
            {
                stream.Write(content);
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>Makes sure the file exists with its mode, so that a library that opens it by name cannot create it readable.</summary>
    public static void EnsureExists(string path)
    {
        using FileStream stream = new(path, Options(FileMode.OpenOrCreate));
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(stream.SafeFileHandle) & ~FileMode600) != 0)
        {
            File.SetUnixFileMode(stream.SafeFileHandle, FileMode600);
        }
    }

    /// <summary>Options that create a file 0600.</summary>
    public static FileStreamOptions Options(FileMode mode)
    {
        FileStreamOptions options = new() { Mode = mode, Access = FileAccess.ReadWrite, Share = FileShare.ReadWrite };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = FileMode600;
        }

        return options;
    }
}
