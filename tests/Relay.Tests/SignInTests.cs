using PocketCoder.Protocol;
using PocketCoder.Relay.Identity;
using PocketCoder.TestSupport;
using PocketCoder.TestSupport.Supabase;
using Xunit;

namespace PocketCoder.Relay.Tests;

/// <summary>Where a relay sends a browser, and where it never does.</summary>
public sealed class SignInTests : IAsyncLifetime
{
    private readonly SignInBrowser _browser = new();
    private SupabaseAuth _supabase = null!;
    private TestRelay _relay = null!;

    public async ValueTask InitializeAsync()
    {
        _supabase = await SupabaseAuth.StartAsync();
        _relay = await TestRelay.StartAsync(identity: SupabaseTests.OptionsFor(_supabase));
    }

    public async ValueTask DisposeAsync()
    {
        await _relay.DisposeAsync();
        await _supabase.DisposeAsync();
        _browser.Dispose();
    }

    [Theory]
    [InlineData("https://evil.example/callback")]
    [InlineData("http://127.0.0.1:5999/")]
    [InlineData("http://127.0.0.1:5999/callback/")]
    [InlineData("http://127.0.0.1:5999/callback?x=1")]
    [InlineData("http://127.0.0.1:5999/callback#x")]
    [InlineData("http://127.0.0.1:5999@evil.example/callback")]
    [InlineData("http://127.0.0.1.evil.example:5999/callback")]
    [InlineData("http://localhost:5999/callback")]
    [InlineData("http://0.0.0.0:5999/callback")]
    [InlineData("http://2130706433:5999/callback")]
    [InlineData("https://127.0.0.1:5999/callback")]
    [InlineData("http://127.0.0.1:5999/Callback")]
    [InlineData("http://127.0.0.1:5999/x/../callback")]
    [InlineData("http://127.0.0.1:05999/callback")]
    [InlineData("//127.0.0.1:5999/callback")]
    [InlineData("javascript:alert(1)")]
    [InlineData("pocketcoder://callback")]
    [InlineData("")]
    public async Task A_code_is_sent_to_this_machine_or_the_relays_own_page_and_nowhere_else(string redirectUri)
    {
        using SignInBrowser browser = new() { RedirectUri = redirectUri };

        using var response = await browser.GetAsync(browser.AuthorizeUrl(_relay.Url));

        Assert.Equal((400, null), ((int)response.StatusCode, response.Headers.Location));
        Assert.DoesNotContain(_supabase.Requests, r => r.Contains("authorize", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_relays_own_page_gets_one()
    {
        using SignInBrowser browser = new() { RedirectUri = _relay.Url.AbsoluteUri };

        var landed = await browser.SignInAsync(_relay.Url);

        Assert.Equal(browser.State, landed["state"]);
        Assert.True(landed.ContainsKey("code"));
    }

    [Theory]
    [InlineData("&state=", "&none=")]
    [InlineData("code_challenge_method=S256", "code_challenge_method=plain")]
    [InlineData("&code_challenge_method=S256", "")]
    [InlineData("&code_challenge=", "&none=")]
    [InlineData("&code_challenge=", "&code_challenge=x")]
    [InlineData("&state=", "&state=x&state=")]
    [InlineData("?redirect_uri=", "?redirect_uri=http%3A%2F%2F127.0.0.1%3A1%2Fcallback&redirect_uri=")]
    public async Task What_is_missing_weak_or_there_twice_is_refused(string part, string instead)
    {
        var address = _browser.AuthorizeUrl(_relay.Url).AbsoluteUri;
        Assert.Contains(part, address, StringComparison.Ordinal);

        using var response = await _browser.GetAsync(new Uri(address.Replace(part, instead, StringComparison.Ordinal)));

        Assert.Equal(400, (int)response.StatusCode);
    }

    [Fact]
    public async Task Nothing_keeps_what_stands_in_these_addresses()
    {
        using var response = await _browser.GetAsync(_browser.AuthorizeUrl(_relay.Url));

        Assert.Equal(302, (int)response.StatusCode);
        Assert.Equal("no-store", response.Headers.CacheControl!.ToString());
        Assert.Equal("no-referrer", Assert.Single(response.Headers.GetValues("Referrer-Policy")));
    }

    [Fact]
    public async Task A_return_from_signing_in_works_once_and_an_address_has_ten_a_minute()
    {
        using var begun = await _browser.GetAsync(_browser.AuthorizeUrl(_relay.Url));
        using var person = await _browser.GetAsync(begun.Headers.Location!);

        using var first = await _browser.GetAsync(person.Headers.Location!);
        using var second = await _browser.GetAsync(person.Headers.Location!);
        List<int> more = [];
        for (var i = 0; i < 9; i++)
        {
            using var response = await _browser.GetAsync(new Uri(_relay.Url, $"/auth/callback/invented{i}?code=x"));
            more.Add((int)response.StatusCode);
        }

        Assert.Equal((302, 400), ((int)first.StatusCode, (int)second.StatusCode));
        Assert.Equal((400, 429), (more[0], more[^1]));
    }

    [Fact]
    public async Task A_relay_that_pairs_with_codes_says_so()
    {
        await using var relay = await TestRelay.StartAsync();

        using var response = await _browser.GetAsync(_browser.AuthorizeUrl(relay.Url));

        Assert.Equal(404, (int)response.StatusCode);
        Assert.Contains("pocketcoder pair", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_project_without_keys_stops_the_start_with_a_sentence()
    {
        await using var old = await SupabaseAuth.StartAsync(secret: new string('s', 40));
        var options = SupabaseTests.OptionsFor(old) with { SupabaseJwtSecret = null };

        var refused = await Assert.ThrowsAsync<RelayConfigurationException>(() => TestRelay.StartAsync(identity: options));

        Assert.Contains("POCKETCODER_SUPABASE_JWT_SECRET", refused.Message, StringComparison.Ordinal);
    }
}
