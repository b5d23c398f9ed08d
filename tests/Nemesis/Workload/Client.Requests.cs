using System.Text.Json;
using System.Text.Json.Nodes;
using PocketCoder.Nemesis.History;

namespace PocketCoder.Nemesis.Workload;

// What a client asks of the daemon, and how it takes the answers.
internal sealed partial class Client
{
    /// <summary>True when it is acknowledged, false when it was refused for good.</summary>
    private async Task<bool> SendAsync(Link link, Message message)
    {
        if (message.Session is { } session && !await FollowAsync(link, session))
        {
            return false;
        }

        JsonObject payload = new() { ["messageId"] = message.Id, ["content"] = message.Text };
        if (message.Session is not null)
        {
            payload["agentSessionId"] = message.Session;
        }

        if (message.Steer)
        {
            payload["steer"] = true;
        }

        // Of a session that it began only now a client has seen all; of one that began with an earlier try it may have missed something.
        var begins = message is { Session: null, WasSent: false };
        message.WasSent = true;
        Record(new Sent(number, link.Number, message.Id, message.Session, message.Text, message.Steer));
        return await AskAsync(link, message.Session is null ? "agent_session_new" : "agent_message", message.Session, payload, answer =>
        {
            lock (_lock)
            {
                var where = message.Session ?? answer.GetProperty("agentSessionId").GetString()!;
                Record(new Acknowledged(number, link.Number, message.Id, where, begins));
                Of(where).Follows |= begins;
                world.Begun(where);
            }
        });
    }

    /// <summary>Catches up with a session and follows it; false when it does not exist.</summary>
    private async Task<bool> FollowAsync(Link link, string session)
    {
        lock (_lock)
        {
            if (Of(session).Follows)
            {
                return true;
            }
        }

        return await AttachAsync(link, session, fromStart: false, limit: null);
    }

    private async Task<bool> AttachAsync(Link link, string session, bool fromStart, int? limit)
    {
        for (var more = true; more; fromStart = false)
        {
            JsonObject payload = new() { ["agentSessionId"] = session };
            lock (_lock)
            {
                var followed = Of(session);
                followed.Follows = false;
                if (fromStart)
                {
                    followed.Forget();
                }

                payload["afterSeq"] = followed.Cursor;
                if (limit is not null)
                {
                    payload["limit"] = limit;
                }

                if (followed.Epoch.Length > 0)
                {
                    payload["epoch"] = followed.Epoch;
                }

                Record(new AttachAsked(number, link.Number, session, followed.Cursor, limit));
            }

            var attached = await AskAsync(link, "agent_session_attach", session, payload, answer =>
            {
                lock (_lock)
                {
                    more = IsTrue(answer, "more");
                    var resync = IsTrue(answer, "resync");
                    var epoch = answer.TryGetProperty("epoch", out var name) ? name.GetString()! : "";
                    Record(new AttachAnswered(number, link.Number, session, answer.GetProperty("lastSeq").GetInt64(), epoch, more, resync));
                    var followed = Of(session);
                    (followed.Epoch, followed.Follows) = (epoch, !more && !resync);
                    if (resync)
                    {
                        more = true;
                        followed.Forget();
                    }
                }
            });
            if (!attached)
            {
                return false;
            }
        }

        return true;
    }

    private async Task AnswerAsync(Link link, string session, string promptId)
    {
        var allow = _random.Next(2) == 0;
        JsonObject payload = new() { ["agentSessionId"] = session, ["promptId"] = promptId, ["decision"] = allow ? "allow" : "deny" };
        await AskAsync(link, "agent_prompt_response", session, payload, _ => Record(new PromptAnswered(number, session, promptId, allow)));
        lock (_lock)
        {
            Of(session).ForgetPrompt(promptId);
        }
    }

    /// <summary>False when it was refused for good, which is recorded.</summary>
    private async Task<bool> AskAsync(Link link, string type, string? session, JsonObject payload, Action<JsonElement>? answered = null)
    {
        try
        {
            await link.AskAsync(type, payload, world.MachineKey, world.ProjectId, answered);
            return true;
        }
        catch (RefusedException refused)
        {
            Record(new Refused(number, type, session, refused.Code, refused.Sentence));
            switch (refused.Code)
            {
                case "MACHINE_OFFLINE":
                    throw;
                case "RELAY_TIMEOUT":
                    throw new LinkLostException(refused.Code);
                default:
                    return false;
            }
        }
    }

    private static bool IsTrue(JsonElement payload, string name) => payload.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;
}
