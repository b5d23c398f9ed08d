using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Daemon.Tests.Features;

/// <summary>What a client has after any interruption: everything, once, in order, or the plain word that something is gone.</summary>
public sealed class AgentDeliveryTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private TestSystem _system = null!;
    private TestClient _client = null!;
    private AgentCaller _caller = null!;

    public async ValueTask InitializeAsync()
    {
        _system = await TestSystem.StartAsync(time: _time);
        _client = await _system.ClientAsync();
        _caller = new AgentCaller(_system, _client);
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _system.DisposeAsync();
    }

    private static IEnumerable<long> Numbers(IEnumerable<JsonObject> events) => events.Where(e => e.ContainsKey("seq")).Select(e => (long)e["seq"]!);

    [Fact]
    public async Task A_long_history_comes_in_parts_and_who_has_all_of_it_follows_live()
    {
        var session = await _caller.BeginAsync("flood 25");
        var last = (long)(await _client.UntilEventAsync("done"))["seq"]!;
        await using var late = await _system.ClientAsync();
        AgentCaller caller = new(_system, late);
        List<long> parts = [];
        JsonObject answer;
        do
        {
            answer = await caller.AttachAsync(session, Numbers(caller.Events).LastOrDefault(), limit: 10);
            parts.Add(caller.Events.Count);
            if ((bool?)answer["more"] == true && parts.Count == 1)
            {
                // What happens meanwhile is for later: the client does not follow yet.
                await _caller.MessageAsync(session, "say meanwhile");
                await _client.UntilEventAsync("done");
            }
        }
        while ((bool?)answer["more"] == true);

        await _caller.MessageAsync(session, "say live");
        await late.UntilEventAsync("done");

        Assert.Equal(10, parts[0]);
        Assert.True(parts.Count >= 3);
        Assert.Equal(Enumerable.Range(1, (int)last + 10).Select(i => (long)i), Numbers(caller.Events));
    }

    [Fact]
    public async Task Who_wants_the_end_alone_follows_live_and_reads_the_rest_upwards()
    {
        var session = await _caller.BeginAsync("flood 25");
        await _client.UntilEventAsync("done");
        await _caller.MessageAsync(session, "flood 10");
        var last = (long)(await _client.UntilEventAsync("done"))["seq"]!;
        var whole = await _caller.HistoryAsync(session);
        await using var late = await _system.ClientAsync();
        AgentCaller caller = new(_system, late);
        var answer = await caller.AttachAsync(session, 0, last: 5);
        var end = caller.Events;
        var gap = end[0];
        var turn = whole.Last(e => AgentCaller.Type(e) == "user");

        Assert.Equal(("gap", 1, true), (AgentCaller.Type(gap), (long)gap["from"]!, (bool)gap["kept"]!));
        Assert.True(JsonNode.DeepEquals(turn, end[1]));
        Assert.Equal((long)turn["seq"]! - 1, (long)gap["to"]!);
        Assert.Equal(last, (long)answer["lastSeq"]!);
        Assert.True(JsonNode.DeepEquals(whole.First(e => AgentCaller.Type(e) == "init"), gap["carried"]!.AsArray().Single()));

        List<JsonObject> read = [.. end.Skip(1)];
        for (bool more = true; more;)
        {
            var older = (await caller.AskAsync("agent_events", new JsonObject { ["agentSessionId"] = session, ["beforeSeq"] = read[0]["seq"]!.DeepClone(), ["limit"] = 7 }))["payload"]!;
            more = (bool?)older["more"] == true;
            Assert.InRange(older["events"]!.AsArray().Count, more ? 7 : 1, 7);
            read.InsertRange(0, older["events"]!.AsArray().Select(e => e!.AsObject()));
        }

        Assert.Equal(whole.Select(e => e.ToJsonString()), read.Select(e => e.ToJsonString()));
        await _caller.MessageAsync(session, "say live");
        await late.UntilEventAsync("done");
        Assert.Equal(last + 1, Numbers(caller.Events.Skip(end.Count)).First());
    }

    [Fact]
    public async Task Who_asks_for_as_many_as_there_are_misses_none()
    {
        var session = await _caller.BeginAsync("say hi");
        var last = (int)(await _client.UntilEventAsync("done"))["seq"]!;
        await using var late = await _system.ClientAsync();
        AgentCaller caller = new(_system, late);

        await caller.AttachAsync(session, 0, last: last);

        Assert.Equal(Enumerable.Range(1, last).Select(i => (long)i), Numbers(caller.Events));
        Assert.Empty((await caller.AskAsync("agent_events", new JsonObject { ["agentSessionId"] = session, ["beforeSeq"] = 1 }))["payload"]!["events"]!.AsArray());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public async Task A_part_has_one_event_at_least(int limit)
    {
        var session = await _caller.BeginAsync("say hi");
        await _client.UntilEventAsync("done");

        var answer = await _caller.AskAsync("agent_session_attach", new JsonObject { ["agentSessionId"] = session, ["afterSeq"] = 0, ["limit"] = limit });

        Assert.Equal("INVALID_REQUEST", (string?)answer["error"]!["code"]);
    }

    [Fact]
    public async Task Events_are_kept_for_ninety_days_and_then_a_gap_says_so()
    {
        var session = await _caller.BeginAsync("say old");
        var last = (long)(await _client.UntilEventAsync("done"))["seq"]!;
        // The clock moves while nothing runs: 89 days of heartbeats take a minute.
        await _system.Daemon.DisposeAsync();
        _time.Advance(TimeSpan.FromDays(89));
        await _system.StartDaemonAsync();
        await _system.ReachableAsync(_client);
        Assert.DoesNotContain(await _caller.HistoryAsync(session), e => AgentCaller.Type(e) == "gap");

        await _system.Daemon.DisposeAsync();
        _time.Advance(TimeSpan.FromDays(1.1));
        await _system.StartDaemonAsync();
        await _system.ReachableAsync(_client);
        var gone = await _caller.HistoryAsync(session);
        await _caller.MessageAsync(session, "say new");
        await _client.UntilEventAsync("done");
        var mixed = await _caller.HistoryAsync(session);
        await using var reader = await _system.ClientAsync();
        AgentCaller half = new(_system, reader);
        await half.AttachAsync(session, last - 1);

        Assert.Equal(("gap", 1, last), (AgentCaller.Type(gone.Single()), (long)gone[0]["from"]!, (long)gone[0]["to"]!));
        Assert.Equal("gap", AgentCaller.Type(mixed[0]));
        Assert.Equal(last + 1, Numbers(mixed).First());
        Assert.Equal((last, last), ((long)half.Events[0]["from"]!, (long)half.Events[0]["to"]!));
        Assert.Equal("new", (string?)mixed.Single(e => AgentCaller.Type(e) == "text")["text"]);

        var upwards = (await half.AskAsync("agent_events", new JsonObject { ["agentSessionId"] = session, ["beforeSeq"] = last + 3 }))["payload"]!;
        Assert.Equal((null, "gap", last), ((bool?)upwards["more"], AgentCaller.Type(upwards["events"]![0]!.AsObject()), (long)upwards["events"]![0]!["to"]!));
    }

    [Fact]
    public async Task A_restart_keeps_the_epoch_and_a_database_that_was_put_back_gets_another()
    {
        var session = await _caller.BeginAsync("say kept");
        var first = (long)(await _client.UntilEventAsync("done"))["seq"]!;
        var epoch = (string)(await _caller.AttachAsync(session, first))["epoch"]!;
        await _system.Daemon.DisposeAsync();
        File.Copy(_system.Paths.Database, _system.Paths.Database + ".backup");
        await _system.StartDaemonAsync();
        await _system.ReachableAsync(_client);
        var same = await _caller.AttachAsync(session, first, epoch: epoch);
        await _caller.MessageAsync(session, "say lost");
        var cursor = (long)(await _client.UntilEventAsync("done"))["seq"]!;

        await _system.Daemon.DisposeAsync();
        File.Delete(_system.Paths.Database + "-wal");
        File.Move(_system.Paths.Database + ".backup", _system.Paths.Database, overwrite: true);
        await _system.StartDaemonAsync();
        await _system.ReachableAsync(_client);
        await _caller.MessageAsync(session, "say other, under the same numbers");
        await _client.UntilEventAsync("done");
        await using var back = await _system.ClientAsync();
        AgentCaller caller = new(_system, back);
        var refused = await caller.AttachAsync(session, cursor, epoch: epoch);
        var sentWithIt = caller.Events.Count;
        var fresh = await caller.AttachAsync(session, 0, epoch: (string)refused["epoch"]!);

        Assert.Equal(epoch, (string?)same["epoch"]);
        Assert.False(same.ContainsKey("resync"));
        Assert.True((bool)refused["resync"]!);
        Assert.Equal(0, sentWithIt);
        Assert.NotEqual(epoch, (string?)refused["epoch"]);
        Assert.False(fresh.ContainsKey("resync"));
        Assert.DoesNotContain(caller.Events, e => (string?)e["text"] == "lost");
        Assert.Contains(caller.Events, e => (string?)e["text"] == "other, under the same numbers");
    }

    [Fact]
    public async Task A_cursor_beyond_the_end_is_of_another_log()
    {
        var session = await _caller.BeginAsync("say hi");
        await _client.UntilEventAsync("done");

        Assert.True((bool)(await _caller.AttachAsync(session, 1000))["resync"]!);
    }

    [Fact]
    public async Task A_message_has_receipts_received_given_and_ended()
    {
        var (one, two) = (Guid.NewGuid().ToString(), Guid.NewGuid().ToString());
        var session = await _caller.BeginAsync("wait", one);
        await _client.UntilEventAsync("text_delta");
        await _caller.MessageAsync(session, "say second", two);
        await _caller.CancelAsync(session);
        while (_caller.Events.Count(e => AgentCaller.Type(e) == "done") < 2)
        {
            await _client.UntilTypeAsync("agent_event");
        }

        var about = (await _caller.HistoryAsync(session)).Where(e => e.ContainsKey("messageId") && AgentCaller.Type(e) != "text");
        Assert.Equal(
            [("user", one), ("status", one), ("user", two), ("done", one), ("status", two), ("done", two)],
            about.Select(e => (AgentCaller.Type(e)!, (string)e["messageId"]!)));
    }

    [Fact]
    public async Task What_waits_survives_a_restart_in_its_order()
    {
        var session = await _caller.BeginAsync("wait");
        await _client.UntilEventAsync("text_delta");
        for (var i = 1; i <= 50; i++)
        {
            await _caller.MessageAsync(session, $"say {i}");
        }

        await _system.Daemon.DisposeAsync();
        await _system.StartDaemonAsync();
        await _system.ReachableAsync(_client);
        await _caller.AttachAsync(session, 0);
        await _client.UntilAsync(m => (string?)m["payload"]?["text"] == "50");
        await _client.UntilEventAsync("done");

        var events = await _caller.HistoryAsync(session);
        Assert.Equal(Enumerable.Range(1, 50).Select(i => $"{i}"), events.Where(e => AgentCaller.Type(e) == "text").Select(e => (string?)e["text"]));
        Assert.Equal(51, events.Count(e => AgentCaller.Type(e) == "done"));
        Assert.Single(events, e => (bool?)e["interrupted"] == true);
    }

    [Fact]
    public async Task A_message_can_go_into_the_running_turn_and_ends_with_it()
    {
        var (first, steered) = (Guid.NewGuid().ToString(), Guid.NewGuid().ToString());
        var session = await _caller.BeginAsync("steerable", first);
        await _client.UntilEventAsync("text");
        var waits = await _caller.MessageAsync(session, "say after");
        var answer = await _caller.MessageAsync(session, "also this", steered, steer: true);
        var again = await _caller.MessageAsync(session, "also this", steered, steer: true);
        while (_caller.Events.Count(e => AgentCaller.Type(e) == "done") < 2)
        {
            await _client.UntilTypeAsync("agent_event");
        }

        var done = _caller.Events.First(e => AgentCaller.Type(e) == "done");

        Assert.Equal("""{"queued":true,"position":1}""", waits["payload"]!.ToJsonString());
        Assert.Equal("""{"queued":false,"position":0,"steered":true}""", answer["payload"]!.ToJsonString());
        Assert.Equal(answer["payload"]!.ToJsonString(), again["payload"]!.ToJsonString());
        Assert.Equal(first, (string?)done["messageId"]);
        Assert.Equal([steered], done["steered"]!.AsArray().Select(id => (string?)id));
        Assert.Equal(["Steerable.", "Steered: also this", "after"], _caller.Events.Where(e => AgentCaller.Type(e) == "text").Select(e => (string?)e["text"]));
        Assert.Single(_caller.Events, e => AgentCaller.Type(e) == "user" && (string?)e["messageId"] == steered);
    }

    [Fact]
    public async Task A_message_that_came_after_the_last_step_is_the_next_turn_with_an_end_of_its_own()
    {
        var (first, late) = (Guid.NewGuid().ToString(), Guid.NewGuid().ToString());
        var session = await _caller.BeginAsync("last-step", first);
        await _client.UntilEventAsync("text");
        await _caller.MessageAsync(session, "say late", late, steer: true);
        await _caller.MessageAsync(session, "say last");
        while (_caller.Events.Count(e => AgentCaller.Type(e) == "done") < 3)
        {
            await _client.UntilTypeAsync("agent_event");
        }

        var events = await _caller.HistoryAsync(session);
        var ends = events.Where(e => AgentCaller.Type(e) == "done").ToList();
        Assert.Equal([first, late], ends.Take(2).Select(e => (string?)e["messageId"]));
        Assert.All(ends, e => Assert.False(e.ContainsKey("steered")));
        Assert.Equal(["Last step.", "Ended.", "late", "last"], events.Where(e => AgentCaller.Type(e) == "text").Select(e => (string?)e["text"]));
    }

    [Fact]
    public async Task Steering_an_idle_session_is_a_message_as_any_other()
    {
        var session = await _caller.BeginAsync("say one");
        await _client.UntilEventAsync("done");

        var answer = await _caller.MessageAsync(session, "say two", steer: true);
        await _client.UntilEventAsync("done");

        Assert.Equal("""{"queued":false,"position":0}""", answer["payload"]!.ToJsonString());
    }

    [Fact]
    public async Task A_turn_that_was_cut_with_what_went_into_it_has_one_end()
    {
        var session = await _caller.BeginAsync("wait");
        await _client.UntilEventAsync("text_delta");
        var steered = Guid.NewGuid().ToString();
        await _caller.MessageAsync(session, "say never", steered, steer: true);

        await _system.Daemon.DisposeAsync();
        await _system.StartDaemonAsync();
        await _system.ReachableAsync(_client);
        var again = await _caller.MessageAsync(session, "say never", steered, steer: true);

        var done = Assert.Single(await _caller.HistoryAsync(session), e => AgentCaller.Type(e) == "done");
        Assert.True((bool)done["interrupted"]!);
        Assert.Equal([steered], done["steered"]!.AsArray().Select(id => (string?)id));
        Assert.True((bool)again["payload"]!["steered"]!);
    }
}
