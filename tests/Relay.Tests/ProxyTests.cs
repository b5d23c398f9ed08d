using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Http;
using PocketCoder.Relay.Web;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Relay.Tests;

/// <summary>What stands between a relay and the world: proxies, and the operator's own certificate.</summary>
public sealed class ProxyTests
{
    [Theory]
    [InlineData("203.0.113.9", "", "203.0.113.9")]
    [InlineData("203.0.113.9", "198.51.100.1", "203.0.113.9")]
    [InlineData("10.0.0.1", "198.51.100.1", "198.51.100.1")]
    [InlineData("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1")]
    [InlineData("10.0.0.1", "1.2.3.4, 198.51.100.1", "198.51.100.1")]
    [InlineData("10.0.0.1", "1.2.3.4, 198.51.100.1, 10.9.9.9", "198.51.100.1")]
    [InlineData("10.0.0.1", "198.51.100.1:4711", "198.51.100.1")]
    [InlineData("10.0.0.1", "[2001:db8::1]:4711", "2001:db8::/64")]
    [InlineData("10.0.0.1", "nonsense", "10.0.0.1")]
    [InlineData("10.0.0.1", "198.51.100.1, nonsense", "10.0.0.1")]
    public void Only_the_word_of_a_trusted_proxy_counts_and_only_the_nearest(string remote, string header, string expected) =>
        Assert.Equal(expected, ForwardedAddress.Of(IPAddress.Parse(remote), header.Length == 0 ? [] : [header], [IPNetwork.Parse("10.0.0.0/8")]));

    [Theory]
    [InlineData("http://[fd00::5]:7443", "[fd00::5]:7443", true)]
    [InlineData("http://[fd00::5]:7443", "[fd00::6]:7443", false)]
    public void A_relay_answers_to_the_address_it_listens_on(string listen, string host, bool isOurs) =>
        Assert.Equal(isOurs, new OriginPolicy(publicUrl: null, lan: false, new Uri(listen)).AllowsHost(new HostString(host)));

    [Fact]
    public async Task A_port_that_is_none_is_refused_and_nothing_is_left_open()
    {
        await using var relay = await TestRelay.StartAsync();
        using TcpClient tcp = new();
        await tcp.ConnectAsync(IPAddress.Loopback, relay.Url.Port);
        await tcp.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
            "GET /ws HTTP/1.1\r\nHost: localhost:99999\r\nOrigin: http://localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: pocketcoder.v1\r\n\r\n"));

        using StreamReader reader = new(tcp.GetStream());
        Assert.StartsWith("HTTP/1.1 4", await reader.ReadLineAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Behind_a_trusted_proxy_each_address_has_its_own_twenty_sockets(bool isTrusted)
    {
        await using var relay = await TestRelay.StartAsync(directory => new RelayOptions
        {
            Listen = new Uri("http://127.0.0.1:0"), DataDirectory = directory, TrustedProxies = isTrusted ? [IPNetwork.Parse("127.0.0.1/32")] : [],
        });
        List<RawWebSocket> sockets = [];
        for (var i = 0; i < 21; i++)
        {
            sockets.Add(await RawWebSocket.ConnectAsync(relay.Url, $"X-Forwarded-For: 198.51.100.{i}\r\n"));
        }

        Assert.Equal(isTrusted ? RawWebSocket.Text : RawWebSocket.Close, (await sockets[20].ReadAsync()).Opcode);
        sockets.ForEach(socket => socket.Dispose());
    }

    [Fact]
    public async Task A_certificate_is_read_anew_when_its_file_changes_and_a_broken_one_is_not_taken()
    {
        using TempDirectory files = new();
        Write(files, "first");
        var port = TestRelay.FreePort();
        await using var relay = await TestRelay.StartAsync(directory => new RelayOptions
        {
            Listen = new Uri("http://127.0.0.1:0"), DataDirectory = directory, PublicUrl = new Uri("https://relay.example"), LanPort = port,
            CertificateFiles = (files["cert.pem"], files["key.pem"]),
        });

        Assert.Equal("CN=first", await SubjectAsync(port));
        Write(files, "second");
        Assert.Equal("CN=second", await SubjectAsync(port));
        files.Write("key.pem", "nonsense");
        File.SetLastWriteTimeUtc(files["key.pem"], DateTime.UtcNow.AddMinutes(1));
        Assert.Equal("CN=second", await SubjectAsync(port));
    }

    private static void Write(TempDirectory files, string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        files.Write("cert.pem", certificate.ExportCertificatePem());
        files.Write("key.pem", key.ExportPkcs8PrivateKeyPem());

        // A clock may be coarser than two writes of a test are apart.
        File.SetLastWriteTimeUtc(files["cert.pem"], DateTime.UtcNow.AddSeconds(Random.Shared.Next(1, 1_000_000)));
    }

    // A WebSocket over it works too.
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Security", "CA5359", Justification = "Which certificate comes is what is asked here.")]
    private static async Task<string> SubjectAsync(int port)
    {
        using TcpClient tcp = new();
        await tcp.ConnectAsync(IPAddress.Loopback, port, TestContext.Current.CancellationToken);
        await using SslStream tls = new(tcp.GetStream(), false, (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync("relay.example");
        await tls.WriteAsync(Encoding.ASCII.GetBytes(
            "GET /ws HTTP/1.1\r\nHost: relay.example\r\nOrigin: https://relay.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: pocketcoder.v1\r\n\r\n"), TestContext.Current.CancellationToken);
        using StreamReader reader = new(tls);
        Assert.Equal("HTTP/1.1 101 Switching Protocols", await reader.ReadLineAsync(TestContext.Current.CancellationToken));
        return tls.RemoteCertificate!.Subject;
    }
}
