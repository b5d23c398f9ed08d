using System.Text.Json.Nodes;

namespace PocketCoder.Nemesis.Workload;

// What a client takes it into its head to do next.
internal sealed partial class Client
{
    private const int MaxOpen = 5;

    private async Task OperateAsync(Link link)
    {
        var busy = world.BusySessions();
        if (busy.Count == 0 || (world.NeedsSession && _random.Next(4) == 0) || _random.Next(100) == 0)
        {
            Post(null, "begin", "say");
            return;
        }

        var session = busy[_random.Next(busy.Count)];
        if (!await FollowAsync(link, session))
        {
            return;
        }

        (string? prompt, int open) = Look(session);
        if (prompt is not null && _random.Next(3) != 0)
        {
            world.Count("answer");
            await AnswerAsync(link, session, prompt);
        }
        else if (open >= MaxOpen)
        {
            await CancelAsync(link, session);
        }
        else
        {
            await OperateAsync(link, session);
        }
    }

    private async Task OperateAsync(Link link, string session)
    {
        switch (_random.Next(100))
        {
            case < 38:
                Post(session, "say", "say");
                break;
            case < 52:
                Post(session, "stream", $"stream {_random.Next(2, 12)}");
                break;
            case < 62:
                Post(session, "ask", "ask-permission");
                break;
            case < 65:
                Post(session, "wait", "wait");
                break;
            case < 67:
                Post(session, "die", "die");
                break;
            case < 72:
                Post(session, "steer", "say", steer: true);
                break;
            case < 82 when _acknowledged.Count > 0:
                // As one whose answer was lost would.
                world.Count("send again");
                await SendAsync(link, _acknowledged[_random.Next(_acknowledged.Count)]);
                break;
            case < 87:
                world.Count("attach from the start");
                await AttachAsync(link, session, fromStart: true, limit: null);
                break;
            case < 90:
                world.Count("attach by cursor");
                await AttachAsync(link, session, fromStart: false, limit: null);
                break;
            case < 94:
                world.Count("attach in chunks");
                await AttachAsync(link, session, fromStart: true, limit: _random.Next(1, 40));
                break;
            case < 97:
                world.Count("list");
                await AskAsync(link, "agent_sessions_list", null, []);
                break;
            default:
                await CancelAsync(link, session);
                break;
        }
    }

    private async Task CancelAsync(Link link, string session)
    {
        world.Count("cancel");
        await AskAsync(link, "agent_cancel", session, new JsonObject { ["agentSessionId"] = session });
    }

    // It is sent next. The text names the message, so that the agent's answer does.
    private void Post(string? session, string operation, string verb, bool steer = false)
    {
        world.Count(operation);
        var bytes = new byte[16];
        _random.NextBytes(bytes);
        var id = new Guid(bytes).ToString();
        _unacknowledged.Enqueue(new Message(id, session, $"{verb} {id}", steer));
    }

    private (string? OpenPrompt, int OpenMessages) Look(string session)
    {
        lock (_lock)
        {
            var followed = Of(session);
            return (followed.OpenPrompt, followed.Open);
        }
    }
}
