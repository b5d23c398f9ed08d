using PocketCoder.Storage;

namespace PocketCoder.Daemon.Relay;

/// <summary>
/// Held by the one process that works with the tokens: a refresh token is spent with its first use, so two who use the same one end the login for both.
/// Goes with its process, however that ends.
/// </summary>
internal sealed class TokenFileLock : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    private readonly FileStream _file;

    private TokenFileLock(FileStream file) => _file = file;

    /// <exception cref="IOException">Somebody else holds it for longer than a refresh can take.</exception>
    public static async Task<TokenFileLock> TakeAsync(string path, CancellationToken cancellationToken)
    {
        var options = PrivateFile.Options(FileMode.OpenOrCreate);
        options.Share = FileShare.None;
        for (var waited = TimeSpan.Zero; ; waited += Interval)
        {
            try
            {
                return new TokenFileLock(new FileStream(path, options));
            }
            catch (IOException ex) when (ex is not (DirectoryNotFoundException or FileNotFoundException or PathTooLongException) && waited < Patience)
            {
                await Task.Delay(Interval, cancellationToken);
            }
        }
    }

    public void Dispose() => _file.Dispose();
}
