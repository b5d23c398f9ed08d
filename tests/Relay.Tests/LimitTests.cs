using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Relay.Tests;

/// <summary>Each limit of SECURITY.md at the limit, one past it, and far past it.</summary>
public sealed class LimitTests : IAsyncLifetime
{
    private static readonly string MachineKey = Guid.NewGuid().ToString();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow), _heartbeat = new();
    private TestRelay _relay = null!;
    private TestClient _daemon = null!;
    private string _token = "";

    public async ValueTask InitializeAsync()
    {
        _relay = await TestRelay.StartAsync(directory => new RelayOptions
        {
            Listen = new Uri("http://127.0.0.1:0"), DataDirectory = directory, Time = _time, HeartbeatTime = _heartbeat,
        });
        _token = (string)(await _relay.TokensAsync())["access_token"]!;
        _daemon = await _relay.MachineAsync(MachineKey, _token);
    }

    public async ValueTask DisposeAsync()
    {
        await _daemon.DisposeAsync();
        await _relay.DisposeAsync();
    }

    private async Task<TestClient> ClientAsync(string? token = null)
    {
        var client = await TestClient.ConnectAsync(_relay.Url);
        await client.RegisterAsync(token ?? _token);
        return client;
    }

    private async Task<RawWebSocket> RawAsync(bool isRegistered = true, bool inPieces = false, string features = "")
    {
        var socket = await RawWebSocket.ConnectAsync(_relay.Url, inPieces: inPieces);
        if (isRegistered)
        {
            await socket.RegisterAsync(_token, features);
        }

        return socket;
    }

    private static byte[] Request(string id, int bytes = 0)
    {
        var head = $$"""{"type":"fs_write","requestId":"{{id}}","machineKey":"{{MachineKey}}","payload":""";
        return Encoding.UTF8.GetBytes($"{head}\"{new string('x', Math.Max(0, bytes - head.Length - 3))}\"}}");
    }

    private Task<JsonObject> HeardAsync(string id) => _daemon.UntilAsync(m => (string?)m["requestId"] == id);

    [Fact]
    public async Task A_socket_may_send_1000_messages_at_once_and_then_200_a_second()
    {
        await using var client = await ClientAsync();
        for (var i = 0; i < 999; i++)
        {
            await client.AskAsync("ping", null);
        }

        _time.Advance(TimeSpan.FromSeconds(1));
        for (var i = 0; i < 200; i++)
        {
            await client.AskAsync("ping", null);
        }

        await client.SendAsync("""{"type":"ping"}""");

        Assert.Equal(4429, await client.Closed.WaitAsync(TestClient.Patience));
    }

    [Theory]
    [InlineData(RawWebSocket.Ping)]
    [InlineData(RawWebSocket.Pong)]
    public async Task Frames_that_are_no_message_count_too(int opcode)
    {
        using var socket = await RawAsync();
        var more = RawWebSocket.Frame(opcode, default);
        await socket.SendAsync([.. Enumerable.Repeat(more, 998).SelectMany(frame => frame)]);
        await socket.SendAsync(RawWebSocket.Ping, "still there"u8);
        (int Opcode, byte[] Payload) answer;
        do
        {
            answer = await socket.ReadAsync();
        }
        while (answer.Payload.Length == 0);

        Assert.Equal((RawWebSocket.Pong, "still there"), (answer.Opcode, Encoding.UTF8.GetString(answer.Payload)));
        await socket.SendAsync(more);
        Assert.Equal(4429, await socket.ClosedAsync());
    }

    [Fact]
    public async Task What_an_account_sends_beyond_64_MB_waits_and_others_do_not()
    {
        await using var client = await ClientAsync();
        await using var foreigner = await ClientAsync(await TenantTests.ForeignTokenAsync(_relay));
        for (var i = 0; i < 4; i++)
        {
            await client.SendAsync(Request($"r{i}", 15_990_000), System.Net.WebSockets.WebSocketMessageType.Text);
            await HeardAsync($"r{i}");
            _daemon.Forget();
        }

        await client.SendAsync(Request("late", 1_000_000), System.Net.WebSockets.WebSocketMessageType.Text);
        for (var i = 0; i < 50; i++)
        {
            await foreigner.AskAsync("ping", null);
        }

        await _daemon.AskAsync("ping", null);
        Assert.DoesNotContain(_daemon.Seen, m => (string?)m["requestId"] == "late");

        _time.Advance(TimeSpan.FromSeconds(1));
        await HeardAsync("late");
    }

    [Fact]
    public async Task An_account_has_32_sockets_also_when_they_all_come_at_once()
    {
        // From ten addresses' worth of waiting sockets: twenty at a time.
        List<TestClient> clients = [];
        List<JsonObject> answers = [];
        for (var row = 0; row < 2; row++)
        {
            var connected = await Task.WhenAll(Enumerable.Range(0, 18).Select(_ => TestClient.ConnectAsync(_relay.Url)));
            clients.AddRange(connected);
            answers.AddRange(await Task.WhenAll(connected.Select(client => client.RegisterAsync(_token))));
        }

        Assert.Equal(31, answers.Count(a => (string?)a["type"] == "client_register_response"));
        Assert.All(answers.Where(a => (string?)a["type"] == "error"), a => Assert.Equal("RATE_LIMITED", (string?)a["error"]!["code"]));
        await using var foreigner = await ClientAsync(await TenantTests.ForeignTokenAsync(_relay));
        Assert.NotEmpty(foreigner.ClientId);
        foreach (var client in clients)
        {
            await client.DisposeAsync();
        }
    }

    [Fact]
    public async Task Of_500_sockets_that_never_register_20_wait_and_the_registered_go_on()
    {
        await using var client = await ClientAsync();
        List<RawWebSocket> sockets = [];
        for (var i = 0; i < 500; i++)
        {
            sockets.Add(await RawAsync(isRegistered: false));
        }

        Assert.All(await Task.WhenAll(sockets.Take(20).Select(s => s.ReadAsync())), first => Assert.Equal(RawWebSocket.Text, first.Opcode));
        Assert.All(await Task.WhenAll(sockets.Skip(20).Select(s => s.ClosedAsync())), code => Assert.Equal(4429, code));
        await client.SendAsync(Encoding.UTF8.GetString(Request("r")));
        await HeardAsync("r");

        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.All(await Task.WhenAll(sockets.Take(20).Select(s => s.ClosedAsync())), code => Assert.Equal(4408, code));
        sockets.ForEach(socket => socket.Dispose());
        await using var next = await ClientAsync();
        Assert.NotEmpty(next.ClientId);
    }

    [Theory]
    [InlineData(64 * 1024, false)]
    [InlineData((64 * 1024) + 1, true)]
    [InlineData(10 * 1024 * 1024, true)]
    public async Task A_socket_that_is_not_registered_may_send_64_KiB(int bytes, bool isTooMuch)
    {
        using var socket = await RawAsync(isRegistered: false);
        await socket.ReadAsync();

        // The far past is announced only: it must not be waited for.
        var message = Encoding.UTF8.GetBytes("""{"type":"ping"}""".PadRight(Math.Min(bytes, 70_000)));
        var frame = RawWebSocket.Frame(RawWebSocket.Text, message);
        if (bytes > message.Length)
        {
            frame = RawWebSocket.Frame(RawWebSocket.Text, new byte[bytes])[..100];
        }

        await socket.SendAsync(frame);

        if (isTooMuch)
        {
            Assert.Equal(1009, await socket.ClosedAsync());
        }
        else
        {
            Assert.Equal("""{"type":"pong"}""", Encoding.UTF8.GetString((await socket.ReadAsync()).Payload));
        }
    }

    [Fact]
    public async Task A_message_has_16_MiB_in_one_frame_or_in_many_and_not_a_byte_more()
    {
        using var whole = await RawAsync();
        using (var parts = await RawAsync())
        {
            var message = Request("whole", 16 * 1024 * 1024);
            await whole.SendAsync(RawWebSocket.Text, message);
            await HeardAsync("whole");
            var chunks = Request("parts", 16 * 1024 * 1024).Chunk(1024 * 1024).ToList();
            for (var i = 0; i < chunks.Count; i++)
            {
                await parts.SendAsync(i == 0 ? RawWebSocket.Text : RawWebSocket.Continuation, chunks[i], isLast: i == chunks.Count - 1);
            }

            await HeardAsync("parts");
            await whole.SendAsync(RawWebSocket.Text, [.. message, (byte)' ']);
            await parts.SendAsync(RawWebSocket.Text, new byte[16 * 1024 * 1024], isLast: false);
            await parts.SendAsync(RawWebSocket.Continuation, " "u8, isLast: false);

            Assert.Equal(1009, await whole.ClosedAsync());
            Assert.Equal(1009, await parts.ClosedAsync());
        }
    }

    [Fact]
    public async Task A_machine_may_cut_a_message_into_512_frames_and_no_more()
    {
        using var machine = await RawWebSocket.ConnectAsync(_relay.Url);
        var register = new JsonObject { ["type"] = "daemon_register", ["requestId"] = "r", ["payload"] = TestRelay.Registration(Guid.NewGuid().ToString(), _token) };
        await machine.SendAsync(RawWebSocket.Text, Encoding.UTF8.GetBytes(register.ToJsonString()));
        await using var client = await ClientAsync();
        var message = Encoding.UTF8.GetBytes("""{"type":"agent_session_changed"}""".PadRight(512));

        await machine.SendAsync([.. message.SelectMany((b, i) => RawWebSocket.Frame(i == 0 ? RawWebSocket.Text : RawWebSocket.Continuation, [b], isLast: i == 511))]);
        await client.UntilTypeAsync("agent_session_changed");
        _time.Advance(TimeSpan.FromSeconds(5));
        await machine.SendAsync([.. message.Append((byte)' ').SelectMany((b, i) => RawWebSocket.Frame(i == 0 ? RawWebSocket.Text : RawWebSocket.Continuation, [b], isLast: i == 512))]);

        Assert.Equal(4400, await machine.ClosedAsync());
    }

    [Fact]
    public async Task A_message_that_is_begun_and_never_finished_ends_the_connection_and_a_slow_one_does_not()
    {
        using var never = await RawAsync();
        using (var slow = await RawAsync())
        {
            await never.SendAsync(RawWebSocket.Frame(RawWebSocket.Text, Request("never"))[..50]);
            var frame = RawWebSocket.Frame(RawWebSocket.Text, Request("slow", 100_000));
            var sent = 0;
            for (var second = 0; second < 40; second += 5)
            {
                await slow.SendAsync(frame[sent..(sent += 10_000)]);
                await AnsweredAsync();
                _heartbeat.Advance(TimeSpan.FromSeconds(5));
            }

            Assert.Equal(4400, await never.ClosedAsync());
            await slow.SendAsync(frame[sent..]);
            await HeardAsync("slow");
        }

        // What was sent before on other sockets has been read by then, as far as one can say from outside.
        async Task AnsweredAsync()
        {
            for (var i = 0; i < 20; i++)
            {
                await _daemon.AskAsync("ping", null);
            }
        }
    }

    [Fact]
    public async Task Who_takes_nothing_of_what_is_sent_to_it_for_a_minute_is_cut_off()
    {
        using var stuck = await RawAsync();
        await using var client = await ClientAsync();
        await _daemon.SendAsync(new JsonObject { ["type"] = "fs_changed", ["payload"] = new string('x', 12_000_000) });
        await client.UntilTypeAsync("fs_changed");

        _heartbeat.Advance(TimeSpan.FromSeconds(5));
        await client.AskAsync("ping", null);
        _heartbeat.Advance(TimeSpan.FromSeconds(59));
        await client.AskAsync("ping", null);
        Assert.DoesNotContain(_daemon.Seen, m => (string?)m["type"] == "client_disconnected");
        _heartbeat.Advance(TimeSpan.FromSeconds(5));

        await _daemon.UntilTypeAsync("client_disconnected");
        Assert.Equal("pong", (string?)(await client.AskAsync("ping", null))["type"]);
    }

    [Fact]
    public async Task For_all_slow_readers_of_an_account_together_128_MiB_wait_and_who_reads_is_served()
    {
        List<RawWebSocket> stuck = [];
        for (var i = 0; i < 10; i++)
        {
            stuck.Add(await RawAsync());
        }

        await using var client = await ClientAsync();

        // 14.5 MB for each: nine are within the bound and ten are beyond it.
        foreach (var bytes in new[] { 5_000_000, 9_500_000 })
        {
            await _daemon.SendAsync(new JsonObject { ["type"] = "fs_changed", ["payload"] = new string('x', bytes) });
            await client.UntilAsync(m => (string?)m["type"] == "fs_changed" && ((string)m["payload"]!).Length == bytes);
        }

        await _daemon.UntilTypeAsync("client_disconnected");
        await client.AskAsync("ping", null);
        Assert.InRange(_daemon.Seen.Count(m => (string?)m["type"] == "client_disconnected"), 1, 3);
        stuck.ForEach(socket => socket.Dispose());
    }

    [Fact]
    public async Task After_a_long_sleep_of_the_relay_its_peers_are_asked_before_they_are_dropped()
    {
        using var peer = await RawAsync();

        _heartbeat.Advance(TimeSpan.FromSeconds(500));

        Assert.Equal(RawWebSocket.Ping, (await peer.ReadAsync()).Opcode);
        await peer.SendAsync(RawWebSocket.Text, """{"type":"ping"}"""u8);
        Assert.Equal(RawWebSocket.Text, (await peer.ReadAsync()).Opcode);
    }

    [Fact]
    public async Task What_a_machine_asks_of_the_relay_itself_is_limited_too()
    {
        await using var machine = await _relay.MachineAsync(Guid.NewGuid().ToString(), _token);
        for (var i = 0; i < 1000; i++)
        {
            await machine.SendAsync(new JsonObject { ["type"] = "devices_list", ["requestId"] = $"r{i}", ["payload"] = new JsonObject() });
        }

        Assert.Equal(4429, await machine.Closed.WaitAsync(TestClient.Patience));
    }

    [Fact]
    public async Task A_silent_peer_is_asked_after_30_seconds_and_dropped_after_75()
    {
        using var silent = await RawAsync();
        using (var awake = await RawAsync())
        {
            _heartbeat.Advance(TimeSpan.FromSeconds(31));
            Assert.Equal(RawWebSocket.Ping, (await awake.ReadAsync()).Opcode);
            Assert.Equal(RawWebSocket.Ping, (await silent.ReadAsync()).Opcode);
            await awake.SendAsync(RawWebSocket.Pong, default);
            await awake.SendAsync(RawWebSocket.Text, """{"type":"ping"}"""u8);
            await awake.ReadAsync();
            await _daemon.AskAsync("ping", null);

            _heartbeat.Advance(TimeSpan.FromSeconds(45));

            await Assert.ThrowsAnyAsync<IOException>(silent.ReadAsync);
            await awake.SendAsync(RawWebSocket.Text, """{"type":"ping"}"""u8);
            (int Opcode, byte[] Payload) answer;
            do
            {
                answer = await awake.ReadAsync();
            }
            while (answer.Opcode == RawWebSocket.Ping);

            Assert.Equal("""{"type":"pong"}""", Encoding.UTF8.GetString(answer.Payload));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Text_that_is_not_UTF_8_closes_with_1007(bool isRegistered)
    {
        using var socket = await RawAsync(isRegistered);

        await socket.SendAsync(RawWebSocket.Text, [.. """{"type":"ping","payload":" """u8, 0xC0, 0xAF, .. "\"}"u8]);

        Assert.Equal(1007, await socket.ClosedAsync());
    }
}
