using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Relay.Tests;

/// <summary>The WebSocket itself, on the short way (a whole plain request) and on the long one (through Kestrel).</summary>
public sealed class SocketTests : IAsyncLifetime
{
    private TestRelay _relay = null!;

    public async ValueTask InitializeAsync() => _relay = await TestRelay.StartAsync();

    public ValueTask DisposeAsync() => _relay.DisposeAsync();

    [Theory]
    [InlineData(false, "")]
    [InlineData(true, "")]
    [InlineData(false, "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n")]
    [InlineData(true, "Sec-WebSocket-Extensions: permessage-deflate\r\n")]
    [InlineData(false, "X-Forwarded-For: 10.0.0.1\r\n")]
    [InlineData(false, "Content-Length: 0\r\n")]
    public async Task Both_ways_agree_on_the_same_and_never_on_compression(bool inPieces, string headers)
    {
        using var socket = await RawWebSocket.ConnectAsync(_relay.Url, headers, inPieces);

        Assert.StartsWith("HTTP/1.1 101 ", socket.Head, StringComparison.Ordinal);
        Assert.Contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=", socket.Head, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("sec-websocket-protocol: pocketcoder.v1", socket.Head, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("extensions", socket.Head, StringComparison.OrdinalIgnoreCase);
        Assert.Equal((RawWebSocket.Text, """{"type":"connected","payload":{"protocolVersion":1,"authMode":"embedded"}}"""), await TextAsync(socket));
        await socket.SendAsync(RawWebSocket.Ping, "x"u8);
        Assert.Equal((RawWebSocket.Pong, "x"), await TextAsync(socket));
        await socket.SendAsync(RawWebSocket.Close, [0x03, 0xE8]);
        Assert.Equal(1000, await socket.ClosedAsync());
        await Assert.ThrowsAnyAsync<IOException>(socket.ReadAsync);
    }

    [Theory]
    [InlineData("Origin: http://evil.example\r\n", "403")]
    [InlineData("Origin: http://127.0.0.1\r\nOrigin: http://127.0.0.1\r\n", "403")]
    [InlineData("Sec-WebSocket-Version: 12\r\n", "400")]
    [InlineData("Sec-WebSocket-Key: short\r\n", "400")]
    [InlineData("Host: evil.example\r\n", "400")]
    [InlineData("Transfer-Encoding: nonsense\r\n", "400")]
    [InlineData("Bad Header: x\r\n", "400")]
    [InlineData(" folded\r\n", "400")]
    public async Task A_request_that_is_not_as_it_should_be_gets_no_WebSocket(string headers, string status)
    {
        using var whole = await RawWebSocket.ConnectAsync(_relay.Url, headers);
        using var pieces = await RawWebSocket.ConnectAsync(_relay.Url, headers, inPieces: true);

        Assert.StartsWith($"HTTP/1.1 {status} ", whole.Head, StringComparison.Ordinal);
        Assert.StartsWith($"HTTP/1.1 {status} ", pieces.Head, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Messages_of_all_sizes_go_through_whole_on_both_ways(bool inPieces)
    {
        var key = Guid.NewGuid().ToString();
        await using var machine = await _relay.MachineAsync(key);
        using var client = await RawWebSocket.ConnectAsync(_relay.Url, inPieces: inPieces);
        var clientId = await client.RegisterAsync((string)(await _relay.TokensAsync())["access_token"]!);

        foreach (var size in (int[])[1, 125, 126, 4096, 65_535, 65_536, 300_000, 4_000_000])
        {
            var text = new string('é', size / 2);
            await client.SendAsync(RawWebSocket.Text, Encoding.UTF8.GetBytes($$$"""{"type":"fs_write","requestId":"r{{{size}}}","machineKey":"{{{key}}}","payload":"{{{text}}}"}"""));
            var request = await machine.UntilTypeAsync("fs_write");
            Assert.Equal(text, (string?)request["payload"]);
            await machine.SendAsync(new JsonObject { ["type"] = "fs_write_response", ["requestId"] = $"r{size}", ["clientId"] = clientId, ["payload"] = text });
            var (opcode, answer) = await client.ReadAsync();
            Assert.Equal(RawWebSocket.Text, opcode);
            Assert.Equal(text, (string?)JsonNode.Parse(answer)!["payload"]);
        }
    }

    [Fact]
    public async Task Binary_messages_go_to_whoever_said_that_they_read_them_and_to_nobody_else()
    {
        var (key, oldKey) = (Guid.NewGuid().ToString(), Guid.NewGuid().ToString());
        var token = (string)(await _relay.TokensAsync())["access_token"]!;
        using var machine = await RawWebSocket.ConnectAsync(_relay.Url);
        var registration = TestRelay.Registration(key, token);
        registration["features"] = new JsonArray("binary");
        await machine.SendAsync(RawWebSocket.Text, Encoding.UTF8.GetBytes(new JsonObject { ["type"] = "daemon_register", ["requestId"] = "r", ["payload"] = registration }.ToJsonString()));
        await machine.ReadAsync();
        await machine.ReadAsync();
        await using var old = await _relay.MachineAsync(oldKey, token);
        using var modern = await RawWebSocket.ConnectAsync(_relay.Url);
        var modernId = await modern.RegisterAsync(token, ""","features":["binary"]""");
        using var plain = await RawWebSocket.ConnectAsync(_relay.Url);
        var plainId = await plain.RegisterAsync(token);
        byte[] bulk = [0, 1, 0xFF, (byte)'{', .. Encoding.UTF8.GetBytes("\"machineKey\":\"x\"")];

        await modern.SendAsync(RawWebSocket.Binary, Message($$$"""{"type":"fs_write","requestId":"b1","machineKey":"{{{key}}}","clientId":"forged","payload":{"path":"a"}}""", bulk));
        var (opcode, request) = await machine.ReadAsync();
        Assert.Equal(RawWebSocket.Binary, opcode);
        Assert.Equal(Message($$$"""{"type":"fs_write","requestId":"b1","clientId":"{{{modernId}}}","features":["binary"],"payload":{"path":"a"}}""", bulk), request);

        await machine.SendAsync(RawWebSocket.Binary, Message($$$"""{"type":"fs_write_response","requestId":"b1","clientId":"{{{modernId}}}","payload":{}}""", bulk));
        var (_, answer) = await modern.ReadAsync();
        Assert.Equal(Message($$$"""{"type":"fs_write_response","requestId":"b1","machineKey":"{{{key}}}","payload":{}}""", bulk), answer);

        await modern.SendAsync(RawWebSocket.Binary, Message($$$"""{"type":"fs_write","requestId":"b2","machineKey":"{{{oldKey}}}"}""", bulk));
        Assert.Contains("INVALID_REQUEST", (await TextAsync(modern)).Text, StringComparison.Ordinal);

        await plain.SendAsync(RawWebSocket.Text, Encoding.UTF8.GetBytes($$$"""{"type":"fs_read","requestId":"b3","machineKey":"{{{key}}}","features":["binary"]}"""));
        Assert.Equal($$$"""{"type":"fs_read","requestId":"b3","clientId":"{{{plainId}}}"}""", (await TextAsync(machine)).Text);
        await machine.SendAsync(RawWebSocket.Binary, Message($$$"""{"type":"fs_read_response","requestId":"b3","clientId":"{{{plainId}}}"}""", bulk));
        Assert.Contains("INVALID_REQUEST", (await TextAsync(plain)).Text, StringComparison.Ordinal);

        await modern.SendAsync(RawWebSocket.Binary, Message("""{"type":"client_register","requestId":"b4","payload":{"token":"x"}}""", bulk));
        Assert.Equal(4400, await modern.ClosedAsync());
    }

    private static byte[] Message(string header, byte[] bulk)
    {
        var length = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, Encoding.UTF8.GetByteCount(header));
        return [.. length, .. Encoding.UTF8.GetBytes(header), .. bulk];
    }

    private static async Task<(int Opcode, string Text)> TextAsync(RawWebSocket socket)
    {
        var (opcode, payload) = await socket.ReadAsync();
        return (opcode, Encoding.UTF8.GetString(payload));
    }
}
