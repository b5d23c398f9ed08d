using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Relay.Tests;

/// <summary>The certificate of <c>--lan</c>, as a phone sees it that was told to trust the relay's authority, and nothing else.</summary>
public sealed class LanCertificateTests : IAsyncLifetime
{
    private const string AuthorityPath = "/pocketcoder-authority.crt";
    private readonly int _port = TestRelay.FreePort();
    private TestRelay _relay = null!;
    private X509Certificate2 _authority = null!;

    public async ValueTask InitializeAsync()
    {
        _relay = await TestRelay.StartAsync(directory => new RelayOptions { Listen = new Uri("http://127.0.0.1:0"), DataDirectory = directory, Lan = true, LanPort = _port });
        _authority = await AuthorityAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _authority.Dispose();
        await _relay.DisposeAsync();
    }

    private string DataDirectory => _relay.Directory["relay"];

    private async Task<X509Certificate2> AuthorityAsync()
    {
        using HttpClient http = new(new SocketsHttpHandler { UseProxy = false });
        using HttpRequestMessage isThereOne = new(HttpMethod.Head, new Uri(_relay.Url, AuthorityPath));
        using var there = await http.SendAsync(isThereOne, TestContext.Current.CancellationToken);
        Assert.Equal("application/x-x509-ca-cert", there.Content.Headers.ContentType?.MediaType);
        using var answer = await http.GetAsync(new Uri(_relay.Url, AuthorityPath), TestContext.Current.CancellationToken);
        Assert.Equal("application/x-x509-ca-cert", answer.Content.Headers.ContentType?.MediaType);
        return X509CertificateLoader.LoadCertificate(await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
    }

    private static bool Trusts(X509Certificate2 authority, X509Certificate2 certificate, string name)
    {
        using X509Chain chain = new();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(certificate) && certificate.MatchesHostname(name);
    }

    private async Task<HttpStatusCode> VisitAsync(X509Certificate2 trusted)
    {
        SslClientAuthenticationOptions tls = new()
        {
            RemoteCertificateValidationCallback = (_, certificate, _, _) => Trusts(trusted, (X509Certificate2)certificate!, "127.0.0.1"),
        };
        using HttpClient http = new(new SocketsHttpHandler { UseProxy = false, SslOptions = tls });
        return (await http.GetAsync(new Uri($"https://127.0.0.1:{_port}/health"), TestContext.Current.CancellationToken)).StatusCode;
    }

    [Fact]
    public async Task Who_trusts_the_authority_trusts_the_page_also_after_the_certificate_was_made_anew()
    {
        Assert.Equal(HttpStatusCode.OK, await VisitAsync(_authority));
        await _relay.Host.DisposeAsync();
        File.Delete(Path.Combine(DataDirectory, "lan.pfx"));
        await _relay.StartAgainAsync();

        Assert.Equal(HttpStatusCode.OK, await VisitAsync(_authority));
        using var same = await AuthorityAsync();
        Assert.Equal(_authority.Thumbprint, same.Thumbprint);
    }

    [Fact]
    public async Task Another_relays_authority_is_no_authority_here()
    {
        await using var other = await TestRelay.StartAsync(directory => new RelayOptions { Listen = new Uri("http://127.0.0.1:0"), DataDirectory = directory, Lan = true, LanPort = TestRelay.FreePort() });
        using HttpClient http = new(new SocketsHttpHandler { UseProxy = false });
        using var foreign = X509CertificateLoader.LoadCertificate(await http.GetByteArrayAsync(new Uri(other.Url, AuthorityPath), TestContext.Current.CancellationToken));

        await Assert.ThrowsAsync<HttpRequestException>(() => VisitAsync(foreign));
    }

    [Theory]
    [InlineData("relay.local", true)]
    [InlineData("192.168.7.7", true)]
    [InlineData("fd00::7", true)]
    [InlineData("www.example.org", false)]
    [InlineData("dev", false)]
    [InlineData("www.dev", false)]
    [InlineData("8.8.8.8", false)]
    [InlineData("2001:db8::1", false)]
    public void With_the_authoritys_key_nobody_can_speak_for_what_is_not_local(string name, bool isLocal)
    {
        using var authority = X509CertificateLoader.LoadPkcs12FromFile(Path.Combine(DataDirectory, "lan-authority.pfx"), password: null);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=somebody", key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();
        if (IPAddress.TryParse(name, out var address))
        {
            names.AddIpAddress(address);
        }
        else
        {
            names.AddDnsName(name);
        }

        request.CertificateExtensions.Add(names.Build());
        using var forged = request.Create(authority, DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow.AddDays(1), [1, 2, 3]);

        Assert.Equal(isLocal, Trusts(_authority, forged, name));
    }

    [Fact]
    public async Task Keys_are_the_owners_alone_and_the_authority_comes_without_its_own()
    {
        foreach (var file in new[] { "lan.pfx", "lan-authority.pfx" })
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(DataDirectory, file)));
        }

        Assert.False(_authority.HasPrivateKey);
        await using var plain = await TestRelay.StartAsync();
        using HttpClient http = new(new SocketsHttpHandler { UseProxy = false });
        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync(new Uri(plain.Url, AuthorityPath), TestContext.Current.CancellationToken)).StatusCode);
    }
}
