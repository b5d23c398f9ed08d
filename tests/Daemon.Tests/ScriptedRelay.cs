using System.Collections.Concurrent;
using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace PocketCoder.Daemon.Tests;

/// <summary>A relay whose every word the test says itself, and that keeps what it hears.</summary>
internal sealed class ScriptedRelay : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly CancellationTokenSource _ended = new();
    private readonly TaskCompletionSource _firstGone = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile WebSocket? _socket;

    private ScriptedRelay(WebApplication app) => _app = app;

    /// <summary>Ends with the first socket.</summary>
    public Task FirstGone => _firstGone.Task;

    public Uri Url { get; private set; } = null!;

    public ConcurrentQueue<JsonObject> Heard { get; } = new();

    /// <summary>What it answers, without the request's id; null: nothing. Pings are answered by themselves.</summary>
    public Func<JsonObject, Task<JsonObject?>> Answer { get; set; } = _ => Task.FromResult<JsonObject?>(null);

    public static JsonObject Refusal => new() { ["type"] = "error", ["error"] = new JsonObject { ["code"] = "UNAUTHORIZED", ["message"] = "No." } };

    public static JsonObject Registered => new() { ["type"] = "daemon_register_response", ["payload"] = new JsonObject { ["user_id"] = "user" } };

    public static async Task<ScriptedRelay> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddLogging();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        ScriptedRelay relay = new(app);
        app.UseWebSockets();
        app.Run(relay.ServeAsync);
        await app.StartAsync();
        relay.Url = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        return relay;
    }

    public string Text => string.Join('\n', Heard.Select(message => message.ToJsonString()));

    /// <summary>On the newest socket.</summary>
    public Task SayAsync(JsonObject message) => SayAsync(_socket!, message);

    /// <summary>Ends the newest socket without a word.</summary>
    public void Drop() => _socket!.Abort();

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await _app.StopAsync();
        await _app.DisposeAsync();
        _ended.Dispose();
    }

    private async Task ServeAsync(HttpContext context)
    {
        using var socket = _socket = await context.WebSockets.AcceptWebSocketAsync("pocketcoder.v1");
        try
        {
            await SayAsync(socket, new JsonObject { ["type"] = "connected", ["payload"] = new JsonObject { ["protocolVersion"] = 1, ["authMode"] = "embedded" } });
            var buffer = new byte[64 * 1024];
            while (await socket.ReceiveAsync(buffer, _ended.Token) is { MessageType: WebSocketMessageType.Text } received)
            {
                var message = JsonNode.Parse(buffer.AsSpan(0, received.Count))!.AsObject();
                Heard.Enqueue(message);
                var answer = (string?)message["type"] == "ping" ? new JsonObject { ["type"] = "pong" } : await Answer(message);
                if (answer is not null)
                {
                    answer["requestId"] = (string?)message["requestId"];
                    await SayAsync(socket, answer);
                }
            }
        }
        catch (Exception ex) when (ex is WebSocketException or OperationCanceledException)
        {
            // The daemon has gone, or the test is over.
        }
        finally
        {
            _firstGone.TrySetResult();
        }
    }

    private Task SayAsync(WebSocket socket, JsonObject message) =>
        socket.SendAsync(Encoding.UTF8.GetBytes(message.ToJsonString()), WebSocketMessageType.Text, endOfMessage: true, _ended.Token);
}
