using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Relay.Tests;

public sealed class HttpTests : IAsyncLifetime
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false });
    private TestRelay _relay = null!;

    public async ValueTask InitializeAsync() => _relay = await TestRelay.StartAsync();

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _relay.DisposeAsync();
    }

    [Theory]
    [InlineData("http://evil.example")]
    [InlineData("http://localhost:1")]
    [InlineData("https://127.0.0.1")]
    [InlineData("null")]
    [InlineData("file://")]
    public async Task A_page_of_another_origin_gets_no_WebSocket(string origin)
    {
        var refused = await Assert.ThrowsAsync<WebSocketException>(() => TestClient.ConnectAsync(_relay.Url, origin));

        Assert.Contains("403", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_relays_own_page_and_programs_without_an_origin_do()
    {
        await using var page = await TestClient.ConnectAsync(_relay.Url, _relay.Url.GetLeftPart(UriPartial.Authority));
        await using var program = await TestClient.ConnectAsync(_relay.Url);

        await page.UntilTypeAsync("connected");
        await program.UntilTypeAsync("connected");
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/health")]
    [InlineData("/ws")]
    public async Task A_rebound_name_reaches_nothing(string path)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, new Uri(_relay.Url, path));
        request.Headers.Host = $"evil.example:{_relay.Url.Port}";
        request.Headers.Add("Origin", $"http://evil.example:{_relay.Url.Port}");

        using var response = await _http.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.MisdirectedRequest, response.StatusCode);
    }

    [Fact]
    public async Task Health_is_an_empty_200()
    {
        using var response = await _http.GetAsync(new Uri(_relay.Url, "/health"), TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Empty(await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task The_page_comes_with_a_policy_that_allows_no_foreign_script_and_no_inline_one_but_its_own()
    {
        using var response = await _http.GetAsync(_relay.Url, TestContext.Current.CancellationToken);

        var policy = Assert.Single(response.Headers.GetValues("Content-Security-Policy"));
        var page = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.StartsWith($"default-src 'none'; script-src 'self' {HashesOf("script", 2)}; style-src 'self' {HashesOf("style", 1)};", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.Contains("require-trusted-types-for 'script'", policy, StringComparison.Ordinal);
        Assert.Equal("nosniff", Assert.Single(response.Headers.GetValues("X-Content-Type-Options")));
        Assert.Contains("<title>PocketCoder", page, StringComparison.Ordinal);

        string HashesOf(string element, int count)
        {
            var inline = Regex.Matches(page, $"<{element}>(.*?)</{element}>", RegexOptions.Singleline).Select(match => match.Groups[1].Value).ToList();
            Assert.Equal(count, inline.Count);
            return string.Join(' ', inline.Select(text => $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)))}'"));
        }
    }

    [Fact]
    public async Task Everything_the_page_names_is_there_compressed_and_cached_by_its_name()
    {
        var page = await _http.GetStringAsync(_relay.Url, TestContext.Current.CancellationToken);
        var named = Regex.Matches(page, "(?:src|href)=\"(/[^\"]+)\"").Select(m => m.Groups[1].Value).ToList();

        Assert.Contains(named, n => n.EndsWith(".js", StringComparison.Ordinal));
        foreach (var name in named)
        {
            using HttpRequestMessage request = new(HttpMethod.Get, new Uri(_relay.Url, name));
            request.Headers.Add("Accept-Encoding", "br");
            using var response = await _http.SendAsync(request, TestContext.Current.CancellationToken);

            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            if (name.StartsWith("/assets/", StringComparison.Ordinal))
            {
                Assert.Equal("br", Assert.Single(response.Content.Headers.ContentEncoding));
                Assert.Contains("immutable", response.Headers.CacheControl!.ToString(), StringComparison.Ordinal);
            }
        }
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/service-worker.js")]
    [InlineData("/icon-192.png")]
    public async Task A_file_is_the_same_compressed_or_not_and_is_sent_once(string path)
    {
        var plain = await _http.GetByteArrayAsync(new Uri(_relay.Url, path), TestContext.Current.CancellationToken);
        using SocketsHttpHandler unpacking = new() { AutomaticDecompression = DecompressionMethods.Brotli, UseProxy = false };
        using HttpClient browser = new(unpacking);
        using var first = await browser.GetAsync(new Uri(_relay.Url, path), TestContext.Current.CancellationToken);
        using HttpRequestMessage again = new(HttpMethod.Get, new Uri(_relay.Url, path));
        again.Headers.IfNoneMatch.Add(first.Headers.ETag!);
        using var second = await browser.SendAsync(again, TestContext.Current.CancellationToken);
        using HttpRequestMessage head = new(HttpMethod.Head, new Uri(_relay.Url, path));
        using var length = await _http.SendAsync(head, TestContext.Current.CancellationToken);

        Assert.NotEmpty(plain);
        Assert.Equal(plain, await first.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        Assert.Equal(HttpStatusCode.NotModified, second.StatusCode);
        Assert.Equal(HttpStatusCode.OK, length.StatusCode);
        Assert.Empty(await length.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("/nothing")]
    [InlineData("/../relay.db")]
    [InlineData("/%2e%2e/relay.db")]
    [InlineData("/assets/../../relay.db")]
    public async Task Anything_else_is_not_there(string path)
    {
        using var response = await _http.GetAsync(new Uri(_relay.Url, path), TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    [Fact]
    public void Its_files_are_the_owners_alone()
    {
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_relay.Directory["relay"]));
        Assert.All(Directory.GetFiles(_relay.Directory["relay"]), file => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file)));
    }
}
