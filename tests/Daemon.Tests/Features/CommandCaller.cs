using System.Text.Json.Nodes;
using PocketCoder.TestSupport;

namespace PocketCoder.Daemon.Tests.Features;

/// <summary>A client that runs commands in one project, several at a time.</summary>
internal sealed class CommandCaller(TestClient client, string machineKey, string projectId)
{
    private static int _requests;

    public TestClient Client => client;

    /// <summary>Sends a request without waiting; its id.</summary>
    public async Task<string> SendAsync(string type, JsonNode payload)
    {
        var requestId = $"c{Interlocked.Increment(ref _requests)}";
        await client.SendAsync(new JsonObject
        {
            ["type"] = type, ["requestId"] = requestId, ["machineKey"] = machineKey, ["sessionId"] = projectId, ["payload"] = payload,
        });
        return requestId;
    }

    public Task<string> ExecAsync(string command, int? timeoutMs = null) => SendAsync("command_exec", timeoutMs is null
        ? new JsonObject { ["command"] = command }
        : new JsonObject { ["command"] = command, ["timeoutMs"] = timeoutMs });

    /// <summary>The command's runId, once it runs.</summary>
    public async Task<string> StartedAsync(string requestId)
    {
        var message = await MessageAsync(m => IsAbout(m, requestId) && (string?)m["type"] is "command_started" or "error");
        return (string?)message["payload"]?["runId"] ?? throw new InvalidOperationException(message.ToJsonString());
    }

    /// <summary>The one message that ends a request.</summary>
    public Task<JsonObject> EndAsync(string requestId) => MessageAsync(m => IsAbout(m, requestId) && IsTerminal(m));

    public async Task<JsonObject> RunAsync(string command, int? timeoutMs = null) => await EndAsync(await ExecAsync(command, timeoutMs));

    public async Task<JsonObject> AskAsync(string type, JsonNode payload) => await EndAsync(await SendAsync(type, payload));

    public Task<JsonObject> CancelAsync(string requestId) => AskAsync("command_cancel", new JsonObject { ["requestId"] = requestId });

    public async Task<IReadOnlyList<JsonObject>> HistoryAsync(JsonObject? page = null) =>
        [.. (await AskAsync("command_history", page ?? []))["payload"]!["runs"]!.AsArray().Select(r => r!.AsObject())];

    public Task PrintedAsync(string requestId, string text) => MessageAsync(m => IsAbout(m, requestId) && Printed(requestId).Contains(text, StringComparison.Ordinal));

    /// <summary>What came so far, of both streams or of one.</summary>
    public string Printed(string requestId, string? stream = null) => string.Concat(Chunks(requestId)
        .Select(o => stream is null ? (string?)o["stdoutChunk"] ?? (string?)o["stderrChunk"] : (string?)o[stream]));

    public IEnumerable<JsonObject> Chunks(string requestId) => client.Seen
        .Where(m => IsAbout(m, requestId) && (string?)m["type"] == "command_output").Select(m => m["payload"]!.AsObject());

    public int Terminals(string requestId) => client.Seen.Count(m => IsAbout(m, requestId) && IsTerminal(m));

    private async Task<JsonObject> MessageAsync(Func<JsonObject, bool> fits) => client.Seen.FirstOrDefault(fits) ?? await client.UntilAsync(fits);

    private static bool IsAbout(JsonObject message, string requestId) => (string?)message["requestId"] == requestId;

    private static bool IsTerminal(JsonObject message) =>
        (string?)message["type"] is { } type && (type is "error" or "command_exit" || type.EndsWith("_response", StringComparison.Ordinal));
}
