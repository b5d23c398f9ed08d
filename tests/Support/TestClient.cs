using System.Buffers.Binary;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;

namespace PocketCoder.TestSupport;

/// <summary>A program at the relay's front door: JSON in, JSON out. What does not arrive within a minute fails the test.</summary>
public sealed class TestClient : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ClientWebSocket _socket = new();
    private readonly Channel<JsonObject> _received = Channel.CreateUnbounded<JsonObject>();
    private readonly List<JsonObject> _seen = [];
    private readonly CancellationTokenSource _reading = new();
    private int _requests;

    /// <summary>The relay's close code, once it closed.</summary>
    public Task<int> Closed { get; private set; } = Task.FromResult(0);

    /// <summary>Everything received so far that was read with a method of this class.</summary>
    public IReadOnlyList<JsonObject> Seen => _seen;

    public string ClientId { get; private set; } = "";

    /// <summary>Lets go of what was seen, for tests that see very much.</summary>
    public void Forget() => _seen.Clear();

    public static async Task<TestClient> ConnectAsync(Uri relay, string? origin = null, bool read = true)
    {
        TestClient client = new();
        client._socket.Options.AddSubProtocol("pocketcoder.v1");
        client._socket.Options.Proxy = null;
        if (origin is not null)
        {
            client._socket.Options.SetRequestHeader("Origin", origin);
        }

        using CancellationTokenSource limit = new(Patience);
        await client._socket.ConnectAsync(new UriBuilder(relay) { Scheme = "ws", Path = "/ws" }.Uri, limit.Token);
        if (read)
        {
            client.Closed = Task.Run(client.ReadAllAsync);
        }

        return client;
    }

    public Task SendAsync(string text) => SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text);

    public async Task SendAsync(byte[] bytes, WebSocketMessageType type)
    {
        using CancellationTokenSource limit = new(Patience);
        await _socket.SendAsync(bytes, type, endOfMessage: true, limit.Token);
    }

    public Task SendAsync(JsonObject message) => SendAsync(message.ToJsonString());

    /// <summary>Sends a request and gives its terminal answer, whole.</summary>
    public async Task<JsonObject> AskAsync(string type, JsonNode? payload, string? machineKey = null, string? sessionId = null)
    {
        var requestId = $"t{Interlocked.Increment(ref _requests)}";
        JsonObject request = new() { ["type"] = type, ["requestId"] = requestId, ["payload"] = payload };
        if (machineKey is not null)
        {
            request["machineKey"] = machineKey;
        }

        if (sessionId is not null)
        {
            request["sessionId"] = sessionId;
        }

        await SendAsync(request);
        return await UntilAsync(m => (string?)m["requestId"] == requestId && (string?)m["type"] is { } t && (t is "error" or "pong" or "command_exit" || t.EndsWith("_response", StringComparison.Ordinal)));
    }

    /// <summary>The next message that fits; what comes before it is kept in <see cref="Seen"/>.</summary>
    public async Task<JsonObject> UntilAsync(Func<JsonObject, bool> fits)
    {
        using CancellationTokenSource limit = new(Patience);
        try
        {
            while (true)
            {
                var message = await _received.Reader.ReadAsync(limit.Token);
                _seen.Add(message);
                if (fits(message))
                {
                    return message;
                }
            }
        }
        catch (Exception ex) when (ex is OperationCanceledException or ChannelClosedException)
        {
            throw new TimeoutException($"What was waited for did not come. Seen: {string.Join('\n', _seen.TakeLast(10).Select(m => m.ToJsonString()))}", ex);
        }
    }

    public Task<JsonObject> UntilTypeAsync(string type) => UntilAsync(m => (string?)m["type"] == type);

    /// <summary>The next agent event of this type.</summary>
    public async Task<JsonObject> UntilEventAsync(string type) => (await UntilAsync(m => IsEvent(m, type)))["payload"]!.AsObject();

    /// <summary>The first agent event of this type, which may have come while something else was waited for.</summary>
    public async Task<JsonObject> FirstEventAsync(string type) =>
        _seen.Find(m => IsEvent(m, type))?["payload"]!.AsObject() ?? await UntilEventAsync(type);

    /// <summary>Reads to the close; gives what came.</summary>
    public async Task<IReadOnlyList<JsonObject>> DrainAsync()
    {
        await Closed.WaitAsync(Patience);
        while (_received.Reader.TryRead(out var message))
        {
            _seen.Add(message);
        }

        return _seen;
    }

    /// <summary>Pairs with a code and registers as a client.</summary>
    public static async Task<TestClient> PairedAsync(Uri relay, string code, params string[] features)
    {
        var client = await ConnectAsync(relay);
        var tokens = await client.AskAsync("auth_exchange", new JsonObject { ["code"] = code });
        await client.RegisterAsync((string)tokens["payload"]!["access_token"]!, features);
        return client;
    }

    public async Task<JsonObject> RegisterAsync(string accessToken, params string[] features)
    {
        JsonObject request = new() { ["token"] = accessToken };
        if (features.Length > 0)
        {
            request["features"] = new JsonArray([.. features.Select(feature => JsonValue.Create(feature))]);
        }

        var answer = await AskAsync("client_register", request);
        ClientId = (string?)answer["payload"]?["clientId"] ?? "";
        return answer;
    }

    public async Task CloseAsync()
    {
        using CancellationTokenSource limit = new(Patience);
        await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", limit.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _reading.CancelAsync();
        await ((Task)Closed).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _socket.Dispose();
        _reading.Dispose();
    }

    private static bool IsEvent(JsonObject message, string type) => (string?)message["type"] == "agent_event" && (string?)message["payload"]!["type"] == type;

    private async Task<int> ReadAllAsync()
    {
        var buffer = new byte[17 * 1024 * 1024];
        try
        {
            while (true)
            {
                var length = 0;
                ValueWebSocketReceiveResult received;
                do
                {
                    received = await _socket.ReceiveAsync(buffer.AsMemory(length), _reading.Token);
                    length += received.Count;
                }
                while (!received.EndOfMessage);

                if (received.MessageType == WebSocketMessageType.Close)
                {
                    return (int)(_socket.CloseStatus ?? 0);
                }

                _received.Writer.TryWrite(received.MessageType == WebSocketMessageType.Text ? JsonNode.Parse(buffer.AsSpan(0, length))!.AsObject() : ReadBinary(buffer.AsSpan(0, length)));
            }
        }
        catch (Exception ex) when (ex is WebSocketException or OperationCanceledException)
        {
            return -1;
        }
        finally
        {
            _received.Writer.TryComplete();
        }
    }

    /// <summary>A message in its binary form; its bytes are its "bulk", as base64.</summary>
    private static JsonObject ReadBinary(ReadOnlySpan<byte> bytes)
    {
        var end = sizeof(int) + BinaryPrimitives.ReadInt32BigEndian(bytes);
        var message = JsonNode.Parse(bytes[sizeof(int)..end])!.AsObject();
        message["bulk"] = Convert.ToBase64String(bytes[end..]);
        return message;
    }
}
