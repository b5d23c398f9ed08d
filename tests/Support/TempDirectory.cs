namespace PocketCoder.TestSupport;

/// <summary>A directory that goes away with the test.</summary>
public sealed class TempDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("pocketcoder-test-").FullName;

    public string this[string relative] => System.IO.Path.Combine(Path, relative);

    public void Write(string relative, string content)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(this[relative])!);
        File.WriteAllText(this[relative], content);
    }

    /// <summary>Removes it, also while a process that is being ended still makes files in it.</summary>
    public void Dispose()
    {
        for (var left = 100; ; left--)
        {
            try
            {
                Directory.Delete(Path, recursive: true);
                return;
            }
            catch (DirectoryNotFoundException)
            {
                // The test took it away, or a name in it is no text, which .NET cannot say to the system.
                return;
            }
            catch (IOException) when (left > 0)
            {
                Thread.Sleep(20); // nothing tells when such a process has made its last one
            }
        }
    }
}
