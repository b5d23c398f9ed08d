using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using PocketCoder.Nemesis.History;

namespace PocketCoder.Nemesis.Workload;

/// <summary>A client that comes when all is over and knows nothing.</summary>
internal sealed class FreshClient(Surroundings world)
{
    /// <summary>Stops what still runs, until nothing does or the patience ends; how the sessions are then.</summary>
    public async Task<IReadOnlyDictionary<string, SessionRest>> SettleAsync(TimeSpan patience)
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                await using var link = await ConnectAsync((_, _) => { });
                while (true)
                {
                    var sessions = await ListAsync(link);
                    var busy = sessions.Where(s => s.Value is not { State: "idle", Queued: 0 }).Select(s => s.Key).ToList();
                    if (busy.Count == 0 || watch.Elapsed > patience)
                    {
                        return sessions;
                    }

                    foreach (var session in busy)
                    {
                        await AskAsync(link, "agent_cancel", new JsonObject { ["agentSessionId"] = session });
                    }

                    await Task.Delay(100);
                }
            }
            catch (Exception ex) when (ex is RefusedException or LinkLostException && watch.Elapsed < patience)
            {
                await Task.Delay(100);
            }
        }
    }

    /// <summary>The whole log of a session; nothing when there is none.</summary>
    public async Task<IReadOnlyList<LoggedEvent>> ReadAsync(string session)
    {
        List<LoggedEvent> log = [];
        await using var link = await ConnectAsync((_, message) =>
        {
            if (message.GetProperty("type").GetString() == "agent_event" && LoggedEvent.Of(message.GetProperty("payload")) is { } logged)
            {
                log.Add(logged);
            }
        });
        try
        {
            await AskAsync(link, "agent_session_attach", new JsonObject { ["agentSessionId"] = session, ["afterSeq"] = 0 });
        }
        catch (RefusedException refused) when (refused.Code == "NOT_FOUND")
        {
            // What was acknowledged of it will be missed.
        }

        return log;
    }

    private async Task<Link> ConnectAsync(Action<Link, JsonElement> heard)
    {
        var link = await Link.ConnectAsync(world.Relay, heard);
        try
        {
            await link.AskAsync("client_register", new JsonObject { ["token"] = world.AccessToken });
            return link;
        }
        catch
        {
            await link.DisposeAsync();
            throw;
        }
    }

    private async Task<IReadOnlyDictionary<string, SessionRest>> ListAsync(Link link)
    {
        Dictionary<string, SessionRest> all = [];
        for (string? before = null; ;)
        {
            var page = (await AskAsync(link, "agent_sessions_list", before is null ? [] : new JsonObject { ["before"] = before })).GetProperty("sessions");
            foreach (var entry in page.EnumerateArray())
            {
                before = entry.GetProperty("agentSessionId").GetString()!;
                all[before] = new SessionRest(
                    entry.GetProperty("state").GetString()!, entry.GetProperty("queued").GetInt32(),
                    entry.TryGetProperty("openPrompts", out var open) ? open.GetInt32() : 0);
            }

            if (page.GetArrayLength() < 200)
            {
                return all;
            }
        }
    }

    private Task<JsonElement> AskAsync(Link link, string type, JsonObject payload) => link.AskAsync(type, payload, world.MachineKey, world.ProjectId);
}
