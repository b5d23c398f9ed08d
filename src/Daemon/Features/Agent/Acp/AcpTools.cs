using System.Text.Json;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Agent.Acp;

/// <summary>
/// The tool calls that are not done yet. ACP tells a call piece by piece and an event is final, so a call becomes one as soon as what it is about to do is known,
/// or when something else is said first.
/// </summary>
internal sealed class AcpTools(string cwd)
{
    private readonly Dictionary<string, Call> _open = new(StringComparer.Ordinal);

    /// <summary>Takes what a <c>tool_call</c>, a <c>tool_call_update</c> or a permission request says about a call. Null: the call is over, or has no id.</summary>
    /// <param name="begins">False for an update, which says nothing about a call that is over.</param>
    /// <param name="tell">The call becomes an event, whatever is known.</param>
    public AcpToolCall? Note(JsonElement update, bool begins, bool tell, List<AgentSignal> signals)
    {
        if (update.Text("toolCallId") is not { } id || (!_open.ContainsKey(id) && !begins))
        {
            return null;
        }

        if (!_open.TryGetValue(id, out var call))
        {
            _open.Add(id, call = new Call(new AcpToolCall(id)));
        }

        call.Known = call.Known.With(update);
        var status = update.Text("status");
        if (tell || call.Known.IsTelling || status is "in_progress" or "completed" or "failed")
        {
            Tell(call, signals);
        }

        if (status is "completed" or "failed")
        {
            _open.Remove(id);
            var result = Cut.Content(AcpToolCall.Result(update), out var cut);
            signals.Add(new Happened(new AgentToolResult(id, result, status == "failed", cut) { AgentSessionId = "", ParentToolUseId = call.Known.Parent }));
        }

        return call.Known;
    }

    public void TellAll(List<AgentSignal> signals)
    {
        foreach (var call in _open.Values)
        {
            Tell(call, signals);
        }
    }

    /// <summary>The turn is over, and with it what it began.</summary>
    public void Close(List<AgentSignal> signals)
    {
        TellAll(signals);
        foreach (var call in _open.Values)
        {
            signals.Add(new Happened(new AgentToolResult(call.Known.Id, "The turn ended before this did.", IsError: true) { AgentSessionId = "", ParentToolUseId = call.Known.Parent }));
        }

        _open.Clear();
    }

    private void Tell(Call call, List<AgentSignal> signals)
    {
        if (!call.Told)
        {
            call.Told = true;
            signals.Add(new Happened(call.Known.ToEvent(cwd)));
        }
    }

    private sealed class Call(AcpToolCall known)
    {
        public AcpToolCall Known { get; set; } = known;

        public bool Told { get; set; }
    }
}
