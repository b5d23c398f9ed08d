using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace PocketCoder.Nemesis.Workload;

/// <summary>The connection is gone, or so slow that a person would have tapped again: whatever was asked may have been done or not.</summary>
internal sealed class LinkLostException(string reason) : Exception(reason);

/// <summary>The answer was an error.</summary>
internal sealed class RefusedException(string code, string message) : Exception($"{code}: {message}")
{
    public string Code => code;

    public string Sentence => message;
}

/// <summary>One connection to the relay, until it breaks.</summary>
internal sealed class Link : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(6);
    private static int _numbers;

    private readonly ClientWebSocket _socket = new();
    private readonly Action<JsonElement> _heard;
    private readonly ConcurrentDictionary<string, (TaskCompletionSource<JsonElement> Answer, Action<JsonElement>? Answered)> _asked = new();
    private readonly CancellationTokenSource _ended = new();
    private int _requests;
    private Task _reading = Task.CompletedTask;

    private Link(Action<JsonElement> heard)
    {
        _heard = heard;
        _socket.Options.AddSubProtocol("pocketcoder.v1");
        _socket.Options.Proxy = null;
    }

    /// <summary>Another for each connection of the process.</summary>
    public int Number { get; } = Interlocked.Increment(ref _numbers);

    /// <param name="relay">Its address.</param>
    /// <param name="heard">Gets what answers no request, in order.</param>
    public static async Task<Link> ConnectAsync(Uri relay, Action<Link, JsonElement> heard)
    {
        Link link = null!;
        link = new Link(message => heard(link, message));
        using CancellationTokenSource limit = new(Patience);
        try
        {
            await link._socket.ConnectAsync(new Uri(relay, "/ws"), limit.Token);
        }
        catch (Exception ex) when (ex is WebSocketException or OperationCanceledException)
        {
            link._socket.Dispose();
            throw new LinkLostException(ex.Message);
        }

        link._reading = Task.Run(link.ReadAllAsync);
        return link;
    }

    /// <summary>Asks, and gives the payload of the answer.</summary>
    /// <param name="type">Of the request.</param>
    /// <param name="payload">Of the request.</param>
    /// <param name="machineKey">Which machine; null asks the relay.</param>
    /// <param name="projectId">Which project.</param>
    /// <param name="answered">Gets the payload before anything is heard that came after it.</param>
    public async Task<JsonElement> AskAsync(string type, JsonObject payload, string? machineKey = null, string? projectId = null, Action<JsonElement>? answered = null)
    {
        var requestId = $"n{Interlocked.Increment(ref _requests)}";
        TaskCompletionSource<JsonElement> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _asked[requestId] = (answer, answered);
        JsonObject request = new() { ["type"] = type, ["requestId"] = requestId, ["payload"] = payload };
        if (machineKey is not null)
        {
            (request["machineKey"], request["sessionId"]) = (machineKey, projectId);
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_ended.Token);
        limit.CancelAfter(Patience);
        try
        {
            await _socket.SendAsync(JsonSerializer.SerializeToUtf8Bytes(request), WebSocketMessageType.Text, endOfMessage: true, limit.Token);
            return await answer.Task.WaitAsync(limit.Token);
        }
        catch (Exception ex) when (ex is WebSocketException or OperationCanceledException or ObjectDisposedException)
        {
            throw new LinkLostException(ex.Message);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await _reading;
        _socket.Dispose();
        _ended.Dispose();
    }

    private async Task ReadAllAsync()
    {
        try
        {
            var buffer = new byte[64 * 1024];
            using MemoryStream message = new();
            while (true)
            {
                var part = await _socket.ReceiveAsync(buffer.AsMemory(), _ended.Token);
                if (part.MessageType == WebSocketMessageType.Close)
                {
                    break;
                }

                message.Write(buffer, 0, part.Count);
                if (part.EndOfMessage)
                {
                    Hear(JsonDocument.Parse(message.ToArray()).RootElement);
                    message.SetLength(0);
                }
            }
        }
        catch (Exception ex) when (ex is WebSocketException or OperationCanceledException)
        {
            // Whoever waits for an answer hears of it below.
        }

        await _ended.CancelAsync();
    }

    private void Hear(JsonElement message)
    {
        var type = message.GetProperty("type").GetString()!;
        if (!message.TryGetProperty("requestId", out var requestId) || !_asked.TryRemove(requestId.GetString()!, out var asked))
        {
            _heard(message);
        }
        else if (type == "error")
        {
            var error = message.GetProperty("error");
            asked.Answer.TrySetException(new RefusedException(error.GetProperty("code").GetString()!, error.GetProperty("message").GetString()!));
        }
        else
        {
            var payload = message.TryGetProperty("payload", out var given) ? given : default;
            asked.Answered?.Invoke(payload);
            asked.Answer.TrySetResult(payload);
        }
    }
}
