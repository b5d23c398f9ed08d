using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using PocketCoder.Protocol;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Daemon.Tests;

public sealed class ControlPlaneTests : IAsyncLifetime
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false, UseCookies = false });
    private TestSystem _system = null!;
    private ControlPlaneAddress _address = null!;

    public async ValueTask InitializeAsync()
    {
        _system = await TestSystem.StartAsync();
        _address = JsonSerializer.Deserialize(File.ReadAllBytes(_system.Paths.ControlPlane), ProtocolJson.For<ControlPlaneAddress>())!;
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _system.DisposeAsync();
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? body = null, bool authorized = true, params (string Name, string Value)[] headers)
    {
        using HttpRequestMessage request = new(method, _address.Url + path);
        if (authorized)
        {
            request.Headers.Add("Authorization", "Bearer " + _address.Token);
        }

        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        }

        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await _http.SendAsync(request);
    }

    private static async Task<JsonObject> JsonAsync(HttpResponseMessage response) => JsonNode.Parse(await response.Content.ReadAsStringAsync())!.AsObject();

    public static TheoryData<string, string> Attacks => new()
    {
        { "Host", "evil.example:17333" },
        { "Host", "0.0.0.0:17333" },
        { "Origin", "http://evil.example" },
        { "Origin", "null" },
        { "Origin", "http://127.0.0.1:17333" },
        { "Sec-Fetch-Site", "cross-site" },
        { "Sec-Fetch-Site", "same-origin" },
    };

    [Theory]
    [MemberData(nameof(Attacks))]
    public async Task A_web_page_reaches_nothing_even_with_the_token(string header, string value)
    {
        foreach (var (method, path) in ((HttpMethod, string)[])[(HttpMethod.Get, "/health"), (HttpMethod.Get, "/status"), (HttpMethod.Post, "/stop"), (HttpMethod.Post, "/projects")])
        {
            using var response = await SendAsync(method, path, method == HttpMethod.Post ? "{}" : null, headers: (header, value));

            Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        }

        Assert.False(_system.Daemon.StopRequested.IsCompleted);
    }

    [Theory]
    [InlineData("GET", "/status")]
    [InlineData("POST", "/stop")]
    [InlineData("GET", "/machine-label")]
    [InlineData("POST", "/machine-label")]
    [InlineData("POST", "/re-register")]
    [InlineData("POST", "/projects")]
    [InlineData("DELETE", "/projects/x")]
    [InlineData("POST", "/pair")]
    [InlineData("GET", "/devices")]
    [InlineData("DELETE", "/devices/dev_x")]
    [InlineData("POST", "/logout")]
    [InlineData("GET", "/nothing")]
    public async Task Without_the_token_only_health_answers(string method, string path)
    {
        using var without = await SendAsync(new HttpMethod(method), path, authorized: false);
        using var wrong = await SendAsync(new HttpMethod(method), path, authorized: false, headers: ("Authorization", "Bearer " + new string('x', 43)));
        using var health = await SendAsync(HttpMethod.Get, "/health", authorized: false);

        Assert.Equal(HttpStatusCode.Unauthorized, without.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, wrong.StatusCode);
        Assert.Equal(HttpStatusCode.OK, health.StatusCode);
        Assert.Empty(await health.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task Status_tells_what_is_true()
    {
        using var response = await SendAsync(HttpMethod.Get, "/status");
        var status = await JsonAsync(response);

        Assert.Equal(_system.MachineKey, (string?)status["machineKey"]);
        Assert.True((bool)status["loggedIn"]!);
        Assert.True((bool)status["relay"]!["connected"]!);
        Assert.NotNull((string?)status["relay"]!["lastConnectedAt"]);
        Assert.Equal(_system.Relay.LocalUrl.ToString(), (string?)status["relay"]!["gateway"]);
        Assert.InRange((DateTimeOffset)status["startedAt"]!, DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow);
        Assert.True((bool)status["capabilities"]!["hasGit"]!);
        Assert.True((bool)status["capabilities"]!["hasClaude"]!);
        Assert.Equal(_system.ProjectId, (string?)status["projects"]![0]!["projectId"]);
    }

    [Fact]
    public async Task The_machine_label_is_set_kept_and_told_to_clients()
    {
        await using var client = await _system.ClientAsync();

        using var set = await SendAsync(HttpMethod.Post, "/machine-label", """{"label":"Work Laptop"}""");
        using var get = await SendAsync(HttpMethod.Get, "/machine-label");

        Assert.Equal(HttpStatusCode.OK, set.StatusCode);
        Assert.Equal("Work Laptop", (string?)(await JsonAsync(get))["label"]);
        Assert.Equal("Work Laptop", (string?)(await client.UntilTypeAsync("daemon_status"))["payload"]!["label"]);
        Assert.Equal("Work Laptop\n", await File.ReadAllTextAsync(_system.Paths.MachineLabel));
    }

    [Theory]
    [InlineData("""{"label":""}""")]
    [InlineData("""{"label":"a\u0007b"}""")]
    [InlineData("""{"label":"0123456789012345678901234567890123456789012345678901234567890123456789"}""")]
    [InlineData("""{}""")]
    [InlineData("""nonsense""")]
    public async Task A_label_that_is_none_is_refused_with_a_sentence(string body)
    {
        using var response = await SendAsync(HttpMethod.Post, "/machine-label", body);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.EndsWith(".", (string)(await JsonAsync(response))["error"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_cannot_be_written_is_said_in_a_sentence()
    {
        Directory.CreateDirectory(Path.Combine(_system.Paths.MachineLabel, "in the way"));

        using var response = await SendAsync(HttpMethod.Post, "/machine-label", """{"label":"Work Laptop"}""");

        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        Assert.StartsWith("A file cannot be used: ", (string)(await JsonAsync(response))["error"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Re_register_and_stop_do_what_they_say()
    {
        await using var client = await _system.ClientAsync();

        using var again = await SendAsync(HttpMethod.Post, "/re-register");
        Assert.Equal("projects_list_response", (string?)(await client.AskAsync("projects_list", null, _system.MachineKey))["type"]);
        using var stop = await SendAsync(HttpMethod.Post, "/stop");

        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
        await _system.Daemon.StopRequested.WaitAsync(TestClient.Patience);
    }

    [Fact]
    public async Task A_pairing_link_from_the_machine_pairs()
    {
        using var response = await SendAsync(HttpMethod.Post, "/pair");
        var link = await JsonAsync(response);
        await using var client = await TestClient.PairedAsync(_system.Relay.LocalUrl, (string)link["pairCode"]!);

        Assert.StartsWith("cl_", client.ClientId, StringComparison.Ordinal);
        Assert.Equal(new Uri(_system.Relay.LocalUrl, "#pair=" + link["pairCode"]).ToString(), (string?)link["pairUrl"]);
    }

    [Fact]
    public async Task A_device_is_listed_and_ended_and_what_is_none_is_not_found()
    {
        await using var client = await _system.ClientAsync();
        using var listed = await SendAsync(HttpMethod.Get, "/devices");
        var phone = (await JsonAsync(listed))["devices"]!.AsArray().Single(d => d!["machineKey"] is null)!;

        using var ended = await SendAsync(HttpMethod.Delete, $"/devices/{phone["deviceId"]}");
        using var again = await SendAsync(HttpMethod.Delete, $"/devices/{phone["deviceId"]}");

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.NotFound), (ended.StatusCode, again.StatusCode));
        Assert.Equal(4401, await client.Closed.WaitAsync(TestClient.Patience));
    }

    [Fact]
    public async Task A_daemon_with_a_relay_of_its_own_is_not_logged_out()
    {
        using var response = await SendAsync(HttpMethod.Post, "/logout");

        Assert.Equal(HttpStatusCode.Conflict, response.StatusCode);
        Assert.True((await _system.Daemon.StatusAsync(CancellationToken.None)).LoggedIn);
    }

    [Fact]
    public async Task A_body_over_the_limit_is_refused()
    {
        using var response = await SendAsync(HttpMethod.Post, "/projects", $$"""{"path":"{{new string('x', 9000)}}"}""");

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }
}
