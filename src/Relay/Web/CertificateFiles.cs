using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;

namespace PocketCoder.Relay.Web;

/// <summary>The operator's own certificate with its chain and key, in PEM files that are looked at again when they change; one that cannot be read leaves the present one in place.</summary>
internal sealed partial class CertificateFiles
{
    private readonly Lock _lock = new();
    private readonly string _certificate, _key;
    private readonly ILogger _logger;
    private SslStreamCertificateContext _current;
    private (DateTime, DateTime) _read;

    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="CryptographicException">It is no certificate, or not its key.</exception>
    public CertificateFiles(string certificate, string key, ILogger logger)
    {
        (_certificate, _key, _logger) = (certificate, key, logger);
        (_current, _read) = (Load(), Written());
    }

    /// <summary>What the files hold now, for the next handshake.</summary>
    public SslStreamCertificateContext Current
    {
        get
        {
            lock (_lock)
            {
                var written = Written();
                if (written != _read)
                {
                    Reload(written);
                }

                return _current;
            }
        }
    }

    private void Reload((DateTime, DateTime) written)
    {
        try
        {
            (_current, _read) = (Load(), written);
            LogReloaded();
        }
        catch (Exception ex) when (ex is IOException or CryptographicException or UnauthorizedAccessException)
        {
            // Perhaps one of the two has been written and the other not yet: the next handshake looks again.
            LogNotReloaded(ex);
        }
    }

    private SslStreamCertificateContext Load()
    {
        X509Certificate2Collection chain = [];
        chain.ImportFromPemFile(_certificate);
        using var withKey = X509Certificate2.CreateFromPemFile(_certificate, _key);

        // Through PKCS #12, for Windows cannot use a key that was never stored anywhere.
        var leaf = X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pkcs12), null);
        return SslStreamCertificateContext.Create(leaf, chain, offline: true);
    }

    private (DateTime, DateTime) Written() => (File.GetLastWriteTimeUtc(_certificate), File.GetLastWriteTimeUtc(_key));

    [LoggerMessage(Level = LogLevel.Information, Message = "The certificate was read anew")]
    private partial void LogReloaded();

    [LoggerMessage(Level = LogLevel.Warning, Message = "The changed certificate cannot be read; the one before stays in use")]
    private partial void LogNotReloaded(Exception exception);
}
