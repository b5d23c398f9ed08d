using System.Formats.Asn1;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using PocketCoder.Storage;

namespace PocketCoder.Relay.Web;

/// <summary>
/// A certificate for phones in the same network, by an authority of this relay's own. A phone that was told to trust the authority takes the page for secure,
/// also when the machine's addresses change and the certificate with them. The authority can speak for names and addresses of local networks alone
/// (RFC 5280, 4.2.1.10), so that its key, which stays in the data directory, is of no use for anything else.
/// </summary>
internal sealed record LanCertificate(X509Certificate2 Certificate, byte[] Authority)
{
    /// <summary>Where the relay hands the authority out, without its key.</summary>
    public const string AuthorityPath = "/pocketcoder-authority.crt";

    private const string NameConstraintsOid = "2.5.29.30";
    private static readonly IPNetwork[] LocalNetworks =
    [
        IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("172.16.0.0/12"), IPNetwork.Parse("192.168.0.0/16"), IPNetwork.Parse("169.254.0.0/16"), IPNetwork.Parse("127.0.0.0/8"),
        IPNetwork.Parse("100.64.0.0/10"), IPNetwork.Parse("fc00::/7"), IPNetwork.Parse("fe80::/10"), IPNetwork.Parse("::1/128"),
    ];

    public static LanCertificate LoadOrCreate(string directory, IEnumerable<IPAddress> addresses, TimeProvider time)
    {
        IPAddress[] local = [.. addresses.Where(address => LocalNetworks.Any(network => network.Contains(address)))];
        using var authority = Load(Path.Combine(directory, "lan-authority.pfx"), time, _ => true) ?? CreateAuthority(Path.Combine(directory, "lan-authority.pfx"), time);
        var path = Path.Combine(directory, "lan.pfx");
        var certificate = Load(path, time, present => present.Issuer == authority.Subject && local.All(address => present.MatchesHostname(address.ToString())))
            ?? Create(path, authority, local, time);
        return new LanCertificate(certificate, authority.RawData);
    }

    private static X509Certificate2? Load(string path, TimeProvider time, Func<X509Certificate2, bool> fits)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        var present = X509CertificateLoader.LoadPkcs12FromFile(path, password: null);
        if (present.NotAfter.ToUniversalTime() > time.GetUtcNow().UtcDateTime.AddDays(14) && fits(present))
        {
            return present;
        }

        present.Dispose();
        return null;
    }

    private static X509Certificate2 CreateAuthority(string path, TimeProvider time)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        // With a name of its own each, or a phone would take one relay's for another's.
        CertificateRequest request = new($"CN=PocketCoder on {Dns.GetHostName()} {Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        request.CertificateExtensions.Add(new X509Extension(NameConstraintsOid, LocalNamesOnly(), critical: true));
        using var signed = request.CreateSelfSigned(time.GetUtcNow().AddHours(-1), time.GetUtcNow().AddYears(5));
        return Keep(path, signed);
    }

    private static X509Certificate2 Create(string path, X509Certificate2 authority, IPAddress[] addresses, TimeProvider time)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=PocketCoder on " + Dns.GetHostName(), key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();

        // Not the bare name of the machine: it changes, and with a name like "dev" the authority would speak for a whole public domain.
        names.AddDnsName("localhost");
        if (Dns.GetHostName().Split('.')[0] is var name && name.Length > 0 && name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter == '-'))
        {
            names.AddDnsName(name + ".local");
        }

        foreach (var address in addresses)
        {
            names.AddIpAddress(address);
        }

        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], critical: true));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(authority, includeKeyIdentifier: true, includeIssuerAndSerial: false));

        // Within the authority's own time, whatever this machine's clock says by now. 397 days: phones refuse a longer life.
        var begin = new[] { time.GetUtcNow().AddHours(-1), new DateTimeOffset(authority.NotBefore.ToUniversalTime()) }.Max();
        var end = new[] { time.GetUtcNow().AddDays(397), new DateTimeOffset(authority.NotAfter.ToUniversalTime()) }.Min();
        using var signed = request.Create(authority, begin, end, RandomNumberGenerator.GetBytes(12));
        using var withKey = signed.CopyWithPrivateKey(key);
        return Keep(path, withKey);
    }

    private static X509Certificate2 Keep(string path, X509Certificate2 certificate)
    {
        var bytes = certificate.Export(X509ContentType.Pkcs12);
        PrivateFile.WriteAllBytes(path, bytes);
        return X509CertificateLoader.LoadPkcs12(bytes, password: null);
    }

    // NameConstraints ::= SEQUENCE { permittedSubtrees [0] SEQUENCE OF SEQUENCE { base GeneralName } }
    private static byte[] LocalNamesOnly()
    {
        AsnWriter writer = new(AsnEncodingRules.DER);
        using (writer.PushSequence())
        using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
        {
            foreach (var name in new[] { "localhost", "local" })
            {
                using (writer.PushSequence())
                {
                    writer.WriteCharacterString(UniversalTagNumber.IA5String, name, new Asn1Tag(TagClass.ContextSpecific, 2));
                }
            }

            foreach (var network in LocalNetworks)
            {
                using (writer.PushSequence())
                {
                    writer.WriteOctetString([.. network.BaseAddress.GetAddressBytes(), .. Mask(network)], new Asn1Tag(TagClass.ContextSpecific, 7));
                }
            }
        }

        return writer.Encode();
    }

    private static byte[] Mask(IPNetwork network)
    {
        var mask = new byte[network.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? 4 : 16];
        for (var bit = 0; bit < network.PrefixLength; bit++)
        {
            mask[bit / 8] |= (byte)(0x80 >> (bit % 8));
        }

        return mask;
    }
}
