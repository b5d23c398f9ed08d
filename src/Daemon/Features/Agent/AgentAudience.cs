using System.Text.Json;
using PocketCoder.Protocol;
using PocketCoder.Protocol.Messaging;

namespace PocketCoder.Daemon.Features.Agent;

/// <summary>The clients that follow one session on their present connection.</summary>
internal sealed class AgentAudience(string agentSessionId, string projectId, SendMessage send)
{
    private readonly HashSet<string> _clients = new(StringComparer.Ordinal);

    public void Attach(string clientId) => _clients.Add(clientId);

    public bool Has(string clientId) => _clients.Contains(clientId);

    public bool IsEmpty => _clients.Count == 0;

    public void Detach(string clientId) => _clients.Remove(clientId);

    public void DetachAll() => _clients.Clear();

    /// <summary>An event, as its JSON, to everybody attached.</summary>
    public async Task PublishAsync(ReadOnlyMemory<byte> json)
    {
        foreach (var clientId in _clients)
        {
            await SendToAsync(clientId, json);
        }
    }

    public ValueTask SendToAsync(string clientId, ReadOnlyMemory<byte> json) => send(
        new Envelope { Type = AgentEvent.Type, SessionId = projectId, ClientId = clientId, Payload = json }, CancellationToken.None);

    /// <summary>The state of the session to every client of the user.</summary>
    public ValueTask AnnounceAsync(AgentSessionState state, string title, int openPrompts, long lastSeq, (int Prompts, int Problems) machine, int background, bool? inTerminal) => send(
        Envelope.Of(new AgentSessionChanged(agentSessionId, state, title, openPrompts, lastSeq, machine.Prompts, inTerminal, background > 0 ? background : null, machine.Problems > 0 ? machine.Problems : null), sessionId: projectId), CancellationToken.None);

    public static byte[] ToJson(AgentEvent happened) => Envelope.Serialize(happened);

    /// <summary>The event's JSON; one that is larger than the limit is told as what it was, without what it held.</summary>
    public static byte[] ToJson(AgentEvent happened, int maxBytes)
    {
        var json = ToJson(happened);
        return json.Length <= maxBytes ? json : ToJson(happened switch
        {
            AgentPrompt prompt => prompt with { Input = JsonElement.Parse("{}"), Plan = null, Questions = null, Suggestions = null, Reason = "The request is too large to be shown." },
            AgentToolUse tool => tool with { Input = JsonElement.Parse("{}"), Truncated = true },
            AgentFileEdit edit => edit with { Edits = [], Truncated = true },
            AgentUser user => user with { Images = null },
            _ => new AgentError("too_large", "Something the agent said was too large to be kept.") { AgentSessionId = happened.AgentSessionId, Seq = happened.Seq, At = happened.At },
        });
    }
}
