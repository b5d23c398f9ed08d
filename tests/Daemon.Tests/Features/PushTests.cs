using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Daemon.Tests.Features;

/// <summary>What a phone is told while its page is closed; the push service and the browser behind it are on this machine.</summary>
public sealed class PushTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(DateTimeOffset.UtcNow.Date.AddHours(12), TimeSpan.Zero));
    private TestSystem _system = null!;
    private TestClient _client = null!;
    private PushService _push = null!;

    public async ValueTask InitializeAsync()
    {
        _push = await PushService.StartAsync(_time);
        _system = await TestSystem.StartAsync(time: _time, configure: options => options with { PushToLoopback = true });
        _client = await _system.ClientAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _system.DisposeAsync();
        await _push.DisposeAsync();
    }

    [Fact]
    public async Task A_question_arrives_encrypted_and_is_withdrawn_when_it_is_answered()
    {
        await SubscribeAsync();
        var session = await _system.BeginAsync(_client, "ask-permission");
        var prompt = await _client.UntilEventAsync("prompt");
        var asked = await _push.NextAsync();
        await AnswerAsync(session, prompt);
        var withdrawn = await _push.NextAsync();
        var finished = await _push.NextAsync();

        Assert.Equal("needs_you", (string?)asked.Notice["kind"]);
        Assert.Equal((string?)prompt["promptId"], (string?)asked.Notice["promptId"]);
        Assert.Equal(session, (string?)asked.Notice["agentSessionId"]);
        Assert.Equal(_system.MachineKey, (string?)asked.Notice["machineKey"]);
        Assert.Equal(_system.Project.Path, (string?)asked.Notice["root"]);
        Assert.True(JsonNode.DeepEquals(prompt["input"], asked.Notice["input"]));
        Assert.Equal(1, (int)asked.Notice["open"]!);
        Assert.Equal(("aes128gcm", "high", "86400"), (asked.Headers.ContentEncoding.ToString(), asked.Headers["Urgency"].ToString(), asked.Headers["TTL"].ToString()));
        Assert.Equal("withdrawn", (string?)withdrawn.Notice["kind"]);
        Assert.Equal((string?)asked.Notice["tag"], (string?)withdrawn.Notice["tag"]);
        Assert.Equal(asked.Headers["Topic"].ToString(), withdrawn.Headers["Topic"].ToString());
        Assert.Equal(0, (int)withdrawn.Notice["open"]!);
        Assert.Equal(("finished", session), ((string?)finished.Notice["kind"], (string?)finished.Notice["agentSessionId"]));
    }

    [Fact]
    public async Task Nothing_is_told_that_the_device_does_not_want()
    {
        await SubscribeAsync(new JsonObject { ["needsYou"] = false, ["finished"] = true, ["failed"] = false });
        var session = await _system.BeginAsync(_client, "ask-permission");
        await AnswerAsync(session, await _client.UntilEventAsync("prompt"));

        Assert.Equal("finished", (string?)(await _push.NextAsync()).Notice["kind"]);
        Assert.True(_push.IsEmpty);
    }

    [Fact]
    public async Task A_turn_that_failed_is_told_and_waits_until_somebody_has_seen_it()
    {
        await SubscribeAsync();
        var session = await _system.BeginAsync(_client, "die");
        await _client.UntilEventAsync("done");
        var failed = await _push.NextAsync();
        var changed = await _client.UntilAsync(m => (string?)m["type"] == "agent_session_changed" && (int?)m["payload"]!["machineProblems"] == 1);
        var problems = (await ListAsync())["problems"]!.AsArray();
        await _system.AskAsync(_client, "agent_problem_dismiss", new JsonObject { ["agentSessionId"] = session });

        Assert.Equal("failed", (string?)failed.Notice["kind"]);
        Assert.NotNull(changed);
        Assert.Equal((session, "interrupted"), ((string?)problems.Single()!["agentSessionId"], (string?)problems.Single()!["code"]));
        Assert.Null((await ListAsync())["problems"]);
    }

    [Fact]
    public async Task A_session_that_goes_on_has_no_problem_any_more()
    {
        var session = await _system.BeginAsync(_client, "die");
        await _client.UntilEventAsync("done");
        await new AgentCaller(_system, _client).MessageAsync(session, "say it again");
        await _client.UntilEventAsync("done");
        Assert.Null((await ListAsync())["problems"]);
    }

    [Fact]
    public async Task In_quiet_hours_nothing_is_sent_and_what_is_still_open_comes_when_they_end()
    {
        // 12:00 UTC is 13:00 on this device, quiet from 12:30 to 14:00 of its day.
        await SubscribeAsync(new JsonObject
        {
            ["needsYou"] = true, ["finished"] = true, ["failed"] = true, ["quiet"] = new JsonObject { ["from"] = 750, ["to"] = 840, ["utcOffset"] = 60 },
        });
        var answered = await _system.BeginAsync(_client, "ask-permission");
        await AnswerAsync(answered, await _client.UntilEventAsync("prompt"));
        await _client.UntilEventAsync("done");
        await _system.BeginAsync(_client, "ask-permission");
        var open = await _client.UntilEventAsync("prompt");
        Assert.True(_push.IsEmpty);

        _time.Advance(TimeSpan.FromHours(13) - _time.GetUtcNow().TimeOfDay);
        await HurryAsync();

        Assert.Equal((string?)open["promptId"], (string?)(await _push.NextAsync()).Notice["promptId"]);
        Assert.True(_time.GetUtcNow().TimeOfDay >= TimeSpan.FromHours(13));
    }

    [Fact]
    public async Task What_is_open_when_the_relay_returns_from_a_long_outage_is_told_then()
    {
        await SubscribeAsync(new JsonObject
        {
            ["needsYou"] = true, ["finished"] = true, ["failed"] = true, ["quiet"] = new JsonObject { ["from"] = 750, ["to"] = 840, ["utcOffset"] = 60 },
        });
        await _system.BeginAsync(_client, "ask-permission");
        var open = await _client.UntilEventAsync("prompt");
        var port = _system.Relay.LocalUrl.Port;
        await _system.Relay.DisposeAsync();

        // The quiet hours end while nobody can be told.
        _time.Advance(TimeSpan.FromHours(1.5));
        _time.Advance(TimeSpan.FromHours(3));
        await _system.StartRelayAsync(port, away: TimeSpan.FromHours(4.5));
        Assert.True(_push.IsEmpty);
        await HurryAsync();

        Assert.Equal((string?)open["promptId"], (string?)(await _push.NextAsync()).Notice["promptId"]);
    }

    [Fact]
    public async Task A_revoked_device_is_told_nothing_and_forgotten()
    {
        await using var other = await _system.ClientAsync();
        var device = await DeviceIdAsync(other);
        var revoked = _push.Subscription(device);
        revoked["endpoint"] = _push.Endpoint + "-more";
        await _system.AskAsync(other, "push_subscribe", revoked);
        await SubscribeAsync();
        await _client.AskAsync("device_revoke", new JsonObject { ["deviceId"] = device });
        await _system.BeginAsync(_client, "say done");

        Assert.Equal("/push/one", (await _push.NextAsync()).Path);
        Assert.Equal("NOT_FOUND", (string?)(await _system.AskAsync(_client, "push_test", new JsonObject { ["endpoint"] = _push.Endpoint + "-more" }))["error"]!["code"]);
        Assert.True(_push.IsEmpty);
    }

    [Theory]
    [InlineData(404)]
    [InlineData(410)]
    public async Task An_endpoint_that_is_gone_is_forgotten(int status)
    {
        await SubscribeAsync();
        _push.Answers.Enqueue(status);
        await _system.BeginAsync(_client, "say done");
        await _push.NextAsync();
        await ForgottenAsync();
    }

    [Fact]
    public async Task A_busy_push_service_is_asked_again_and_a_redirect_is_not_followed()
    {
        await SubscribeAsync();
        _push.Answers.Enqueue(503);
        _push.Answers.Enqueue(201);
        await _system.BeginAsync(_client, "say once");
        var first = await _push.NextAsync();
        await HurryAsync();

        Assert.True(JsonNode.DeepEquals(first.Notice, (await _push.NextAsync()).Notice));

        _push.Answers.Enqueue(302);
        var answer = await _system.AskAsync(_client, "push_test", new JsonObject { ["endpoint"] = _push.Endpoint });
        Assert.Equal("/push/one", (await _push.NextAsync()).Path);
        Assert.Equal("UNKNOWN_ERROR", (string?)answer["error"]!["code"]);
        Assert.True(_push.IsEmpty);
    }

    [Fact]
    public async Task A_test_says_whether_it_went_and_who_is_not_subscribed_hears_so()
    {
        JsonObject Endpoint() => new() { ["endpoint"] = _push.Endpoint };
        Assert.Equal("NOT_FOUND", (string?)(await _system.AskAsync(_client, "push_test", Endpoint()))["error"]!["code"]);
        await SubscribeAsync();
        Assert.Equal("push_test_response", (string?)(await _system.AskAsync(_client, "push_test", Endpoint()))["type"]);
        Assert.Equal("test", (string?)(await _push.NextAsync()).Notice["kind"]);
        await _system.AskAsync(_client, "push_unsubscribe", Endpoint());
        await ForgottenAsync();
    }

    [Theory]
    [InlineData("endpoint", "http://fcm.googleapis.com/x")]
    [InlineData("endpoint", "https://10.0.0.1/x")]
    [InlineData("endpoint", "https://fcm.googleapis.com.evil.example/x")]
    [InlineData("endpoint", "https://user@fcm.googleapis.com/x")]
    [InlineData("endpoint", "https://fcm.googleapis.com:8443/x")]
    [InlineData("endpoint", "file:///etc/passwd")]
    [InlineData("p256dh", "BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE")]
    [InlineData("p256dh", "short")]
    [InlineData("auth", "AAAA")]
    [InlineData("deviceId", "")]
    public async Task A_subscription_that_cannot_be_one_is_refused(string field, string value)
    {
        var subscription = _push.Subscription("device");
        subscription[field] = value;
        Assert.Equal("INVALID_REQUEST", (string?)(await _system.AskAsync(_client, "push_subscribe", subscription))["error"]!["code"]);
    }

    /// <summary>
    /// Lets the time go by until something is sent, ever more slowly: on a busy machine too an attempt must be able to end before the clock says that it
    /// took too long.
    /// </summary>
    private async Task HurryAsync()
    {
        using PeriodicTimer pace = new(TimeSpan.FromMilliseconds(50));
        using CancellationTokenSource limit = new(3 * TestClient.Patience);
        while (_push.IsEmpty)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await pace.WaitForNextTickAsync(limit.Token);
            pace.Period *= 1.1;
        }
    }

    private async Task SubscribeAsync(JsonObject? wishes = null)
    {
        var answer = await _system.AskAsync(_client, "push_subscribe", _push.Subscription(await DeviceIdAsync(_client), wishes));
        Assert.Equal("push_subscribe_response", (string?)answer["type"]);
    }

    private async Task ForgottenAsync()
    {
        using PeriodicTimer look = new(TimeSpan.FromMilliseconds(20));
        using CancellationTokenSource limit = new(TestClient.Patience);
        while ((string?)(await _system.AskAsync(_client, "push_test", new JsonObject { ["endpoint"] = _push.Endpoint }))["error"]?["code"] != "NOT_FOUND")
        {
            await look.WaitForNextTickAsync(limit.Token);
        }
    }

    private static async Task<string> DeviceIdAsync(TestClient client) =>
        (string)(await client.AskAsync("devices_list", null))["payload"]!["devices"]!.AsArray().Single(d => (bool)d!["current"]!)!["deviceId"]!;

    private async Task<JsonObject> ListAsync() => (await _system.AskAsync(_client, "agent_prompts_list", new JsonObject()))["payload"]!.AsObject();

    private Task<JsonObject> AnswerAsync(string session, JsonObject prompt) => new AgentCaller(_system, _client).AnswerAsync(session, prompt, "allow");
}
