using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Relay.Tests;

/// <summary>The relay's own keys change, and nobody notices.</summary>
public class SigningKeyTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private TestRelay _relay = null!;

    /// <summary>Where the relay keeps what it knows, if not in a file.</summary>
    protected virtual string? Redis => null;

    public async ValueTask InitializeAsync() => _relay = await TestRelay.StartAsync(_time, redis: Redis);

    public ValueTask DisposeAsync() => _relay.DisposeAsync();

    private static string KidOf(JsonObject tokens)
    {
        var header = ((string)tokens["access_token"]!).Split('.')[0];
        return (string)JsonNode.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(header))!["kid"]!;
    }

    private async Task<string?> RegisterAsync(JsonObject tokens)
    {
        await using var client = await TestClient.ConnectAsync(_relay.Url);
        return (string?)(await client.RegisterAsync((string)tokens["access_token"]!))["type"];
    }

    [Fact]
    public async Task A_key_of_thirty_days_is_followed_by_a_new_one_and_its_last_tokens_live_their_ten_minutes()
    {
        var first = await _relay.TokensAsync();
        _time.Advance(TimeSpan.FromDays(30) - TimeSpan.FromSeconds(30));
        var last = await _relay.TokensAsync();
        _time.Advance(TimeSpan.FromMinutes(1));

        var next = await _relay.TokensAsync();

        Assert.Equal(KidOf(first), KidOf(last));
        Assert.NotEqual(KidOf(last), KidOf(next));
        Assert.Equal(("client_register_response", "client_register_response"), (await RegisterAsync(last), await RegisterAsync(next)));
        _time.Advance(TimeSpan.FromMinutes(9));
        Assert.Equal("error", await RegisterAsync(last));
    }

    [Fact]
    public async Task A_start_can_ask_for_a_new_key_and_what_the_old_one_signed_goes_on()
    {
        var before = await _relay.TokensAsync();
        await _relay.Host.DisposeAsync();
        _time.Advance(TimeSpan.FromSeconds(1));
        await _relay.StartAgainAsync(rotateKey: true);

        var after = await _relay.TokensAsync();

        Assert.NotEqual(KidOf(before), KidOf(after));
        Assert.Equal(("client_register_response", "client_register_response"), (await RegisterAsync(before), await RegisterAsync(after)));
    }

    [Fact]
    public async Task A_restart_alone_changes_no_key()
    {
        var before = await _relay.TokensAsync();
        await _relay.Host.DisposeAsync();
        await _relay.StartAgainAsync();

        Assert.Equal(KidOf(before), KidOf(await _relay.TokensAsync()));
    }

    [Fact]
    public async Task An_old_key_is_deleted_when_its_last_token_has_ended()
    {
        await _relay.TokensAsync();
        await _relay.Host.DisposeAsync();
        _time.Advance(TimeSpan.FromSeconds(1));
        await _relay.StartAgainAsync(rotateKey: true);
        Assert.Equal(2, await KeysKeptAsync());
        await _relay.Host.DisposeAsync();
        _time.Advance(TimeSpan.FromMinutes(12));
        await _relay.StartAgainAsync();

        Assert.Equal(1, await KeysKeptAsync());
    }

    [Fact]
    public async Task A_relay_that_goes_on_deletes_an_old_key_too()
    {
        await _relay.TokensAsync();
        _time.Advance(TimeSpan.FromDays(30));
        await _relay.TokensAsync();
        var both = await KeysKeptAsync();
        _time.Advance(TimeSpan.FromMinutes(12));
        await _relay.TokensAsync();

        Assert.Equal((2, 1), (both, await KeysKeptAsync()));
    }

    private async Task<int> KeysKeptAsync() => (await _relay.Host.Store.SigningKeys.LoadAsync()).Count;
}
