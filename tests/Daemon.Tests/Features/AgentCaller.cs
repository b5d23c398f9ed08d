using System.Text.Json.Nodes;
using PocketCoder.TestSupport;

namespace PocketCoder.Daemon.Tests.Features;

/// <summary>A client that talks with agents.</summary>
internal sealed class AgentCaller(TestSystem system, TestClient client)
{
    public TestClient Client => client;

    public List<JsonObject> Events => EventsOf(client);

    public Task<string> BeginAsync(string prompt, string? messageId = null) => system.BeginAsync(client, prompt, messageId);

    public async Task<JsonObject> MessageAsync(string session, string content, string? messageId = null, bool? steer = null)
    {
        JsonObject payload = new() { ["agentSessionId"] = session, ["messageId"] = messageId ?? Guid.NewGuid().ToString(), ["content"] = content };
        if (steer is not null)
        {
            payload["steer"] = steer;
        }

        return await AskAsync("agent_message", payload);
    }

    public Task<JsonObject> CancelAsync(string session, bool background = false) =>
        AskAsync("agent_cancel", background ? new JsonObject { ["agentSessionId"] = session, ["background"] = true } : new JsonObject { ["agentSessionId"] = session });

    public Task<JsonObject> AnswerAsync(string session, JsonObject prompt, string decision, JsonObject? more = null)
    {
        JsonObject payload = new() { ["agentSessionId"] = session, ["promptId"] = (string)prompt["promptId"]!, ["decision"] = decision };
        foreach (var (name, value) in more ?? [])
        {
            payload[name] = value?.DeepClone();
        }

        return AskAsync("agent_prompt_response", payload);
    }

    public async Task<JsonObject> AttachAsync(string session, long afterSeq, int? limit = null, string? epoch = null, int? last = null)
    {
        JsonObject payload = new() { ["agentSessionId"] = session, ["afterSeq"] = afterSeq };
        if (limit is not null)
        {
            payload["limit"] = limit;
        }

        if (epoch is not null)
        {
            payload["epoch"] = epoch;
        }

        if (last is not null)
        {
            payload["last"] = last;
        }

        return (await AskAsync("agent_session_attach", payload))["payload"]!.AsObject();
    }

    public async Task<JsonObject> EntryAsync(string session) =>
        (await AskAsync("agent_sessions_list", new JsonObject()))["payload"]!["sessions"]!.AsArray().Single(s => (string?)s!["agentSessionId"] == session)!.AsObject();

    public Task<JsonObject> AskAsync(string type, JsonNode payload) => system.AskAsync(client, type, payload);

    /// <summary>The session's events, as a client that comes anew gets them.</summary>
    public async Task<List<JsonObject>> HistoryAsync(string session, long afterSeq = 0)
    {
        await using var reader = await system.ClientAsync();
        await new AgentCaller(system, reader).AttachAsync(session, afterSeq);
        return EventsOf(reader);
    }

    public static List<JsonObject> EventsOf(TestClient client) =>
        [.. client.Seen.Where(m => (string?)m["type"] == "agent_event").Select(m => m["payload"]!.AsObject())];

    public static string? Type(JsonObject happened) => (string?)happened["type"];
}
