using System.Text.Json;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Agent.Claude;

/// <summary>
/// Sub-agents and commands that Claude Code runs beside the conversation. <c>background_tasks_changed</c> holds all that run, so nothing is counted by hand.
/// </summary>
internal sealed class ClaudeTasks
{
    private readonly Dictionary<string, AgentTask> _running = new(StringComparer.Ordinal);

    /// <summary>The ids of all that run in the background, for any thread.</summary>
    public IReadOnlyList<string> Background { get; private set; } = [];

    /// <summary>False when the line is none about tasks.</summary>
    public bool TryMap(string subtype, JsonElement line, List<AgentSignal> signals)
    {
        switch (subtype)
        {
            case "task_started":
                Started(line, signals);
                return true;
            case "task_notification" or "task_updated":
                Ended(line, signals);
                return true;
            case "background_tasks_changed":
                Background = [.. line.Items("tasks").Select(task => task.Text("task_id") ?? "")];
                signals.Add(new BackgroundChanged(Background.Count));
                return true;
            case "task_progress":
                return true;
            default:
                return false;
        }
    }

    private void Started(JsonElement line, List<AgentSignal> signals)
    {
        if (line.Text("task_id") is not { } id)
        {
            return;
        }

        var kind = line.Text("task_type") == "local_agent" ? TaskKind.Agent : TaskKind.Command;
        AgentTask task = new(id, kind, TaskState.Running, Cut.Text(line.Text("description") ?? "", out _), line.Text("tool_use_id")) { AgentSessionId = "" };
        _running[id] = task;
        signals.Add(new Happened(task));
    }

    // The notification comes after the update and has the summary; it may not come at all.
    private void Ended(JsonElement line, List<AgentSignal> signals)
    {
        var state = (line.Text("status") ?? line.Get("patch").Text("status")) switch
        {
            "completed" => TaskState.Completed,
            "failed" => TaskState.Failed,
            "stopped" or "killed" => TaskState.Stopped,
            _ => TaskState.Running,
        };
        if (state == TaskState.Running || line.Text("task_id") is not { } id || !_running.TryGetValue(id, out var task))
        {
            return;
        }

        var summary = line.Text("summary") is { Length: > 0 } text ? Cut.Content(text, out _) : null;
        if (task.State != TaskState.Running && summary is null)
        {
            return;
        }

        var ended = task with { State = state, Summary = summary };
        if (summary is null)
        {
            _running[id] = ended;
        }
        else
        {
            _running.Remove(id);
        }

        signals.Add(new Happened(ended));
    }
}
