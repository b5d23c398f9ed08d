using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Relay.Tests;

public sealed class MetricsTests : IAsyncLifetime
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false });
    private TestRelay _relay = null!;

    public async ValueTask InitializeAsync() => _relay = await TestRelay.StartAsync();

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _relay.DisposeAsync();
    }

    [Fact]
    public async Task Connections_messages_refusals_and_closes_are_counted_and_nobody_is_named()
    {
        var key = Guid.NewGuid().ToString();
        var tokens = await _relay.TokensAsync();
        await using var machine = await _relay.MachineAsync(key, (string)tokens["access_token"]!);
        await using var client = await _relay.ClientAsync();
        await client.SendAsync(new JsonObject { ["type"] = "fs_read", ["requestId"] = "r", ["machineKey"] = key, ["payload"] = new JsonObject { ["path"] = "secret.txt" } });
        await machine.UntilTypeAsync("fs_read");
        await client.AskAsync("fs_read", new JsonObject(), Guid.NewGuid().ToString());
        await using var broken = await TestClient.ConnectAsync(_relay.Url);
        await broken.SendAsync("nonsense");
        await broken.Closed.WaitAsync(TestClient.Patience);

        var text = await _http.GetStringAsync(new Uri(_relay.Url, "/metrics"), TestContext.Current.CancellationToken);

        Assert.Contains("# TYPE pocketcoder_relay_connections gauge\npocketcoder_relay_connections{kind=\"machine\"} 1\npocketcoder_relay_connections{kind=\"client\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("pocketcoder_relay_refusals_total{code=\"NOT_FOUND\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("pocketcoder_relay_closes_total{code=\"4400\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("\n# TYPE pocketcoder_relay_forwarded_bytes_total counter\n", text, StringComparison.Ordinal);
        Assert.Contains("pocketcoder_relay_queued_bytes 0\n", text, StringComparison.Ordinal);
        foreach (var secret in (string[])[key, client.ClientId, "secret", (string)tokens["user_id"]!, "127.0.0.1", "Desk"])
        {
            Assert.DoesNotContain(secret, text, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("X-Forwarded-For", "203.0.113.7")]
    [InlineData("Forwarded", "for=203.0.113.7")]
    [InlineData("Via", "1.1 proxy")]
    [InlineData("CF-Connecting-IP", "203.0.113.7")]
    public async Task A_proxy_on_this_machine_is_not_this_machine(string header, string value)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, new Uri(_relay.Url, "/metrics"));
        request.Headers.Add(header, value);

        using var response = await _http.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    [Fact]
    public async Task A_relay_is_ready_while_it_can_write_and_healthy_all_the_same()
    {
        Assert.Equal(HttpStatusCode.OK, await StatusAsync("/ready"));
        await using SqliteConnection other = new($"Data Source={_relay.Directory["relay/relay.db"]};Pooling=False");
        other.Open();
        using var locking = other.CreateCommand();
        locking.CommandText = "BEGIN IMMEDIATE";
        locking.ExecuteNonQuery();

        Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusAsync("/ready"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync("/health"));

        locking.CommandText = "ROLLBACK";
        locking.ExecuteNonQuery();
        Assert.Equal(HttpStatusCode.OK, await StatusAsync("/ready"));
    }

    private async Task<HttpStatusCode> StatusAsync(string path)
    {
        using var response = await _http.GetAsync(new Uri(_relay.Url, path), TestContext.Current.CancellationToken);
        return response.StatusCode;
    }
}
