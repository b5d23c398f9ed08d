using PocketCoder.Protocol;
using PocketCoder.Protocol.Messaging;

namespace PocketCoder.Daemon.Features.Agent;

/// <summary>The clients that follow one session on their present connection.</summary>
internal sealed class AgentAudience(string agentSessionId, string projectId, SendMessage send)
{
    private readonly HashSet<string> _clients = new(StringComparer.Ordinal);

    public void Attach(string clientId) => _clients.Add(clientId);

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
    public ValueTask AnnounceAsync(AgentSessionState state, string title, int openPrompts, long lastSeq) => send(
        Envelope.Of(new AgentSessionChanged(agentSessionId, state, title, openPrompts, lastSeq), sessionId: projectId), CancellationToken.None);

    public static byte[] ToJson(AgentEvent happened) => Envelope.Serialize(happened);
}
