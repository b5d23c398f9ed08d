using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using PocketCoder.Storage;

namespace PocketCoder.Relay.Web;

/// <summary>
/// A certificate of our own for phones in the same network. The browser warns once; what it then holds on to is this key, so the
/// certificate is kept and made anew only when it ends or the machine's addresses change.
/// </summary>
internal static class LanCertificate
{
    public static X509Certificate2 LoadOrCreate(string path, IReadOnlyCollection<IPAddress> addresses, TimeProvider time)
    {
        if (File.Exists(path))
        {
            var present = X509CertificateLoader.LoadPkcs12FromFile(path, password: null);
            if (present.NotAfter.ToUniversalTime() > time.GetUtcNow().UtcDateTime.AddDays(14) && addresses.All(a => present.MatchesHostname(a.ToString())))
            {
                return present;
            }

            present.Dispose();
        }

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=PocketCoder on " + Dns.GetHostName(), key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();
        names.AddDnsName("localhost");
        names.AddDnsName(Dns.GetHostName());
        names.AddDnsName(Dns.GetHostName() + ".local");
        foreach (var address in addresses)
        {
            names.AddIpAddress(address);
        }

        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], critical: true));

        // 397 days: phones refuse a longer life.
        using var signed = request.CreateSelfSigned(time.GetUtcNow().AddHours(-1), time.GetUtcNow().AddDays(397));
        var bytes = signed.Export(X509ContentType.Pkcs12);
        PrivateFile.WriteAllBytes(path, bytes);
        return X509CertificateLoader.LoadPkcs12(bytes, password: null);
    }
}
