using System.Text.Json;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Agent.Claude;

/// <summary>
/// Claude's list of what is to be done, put together from the tools by which it keeps it: <c>TaskCreate</c> and <c>TaskUpdate</c> with the ids in their results,
/// in older versions <c>TodoWrite</c> with the whole list.
/// </summary>
internal sealed class ClaudeTodo(IReadOnlyList<TodoItem> before)
{
    private const int MaxItems = 200;
    private readonly List<TodoItem> _items = [.. before];
    private readonly Dictionary<string, JsonElement> _asked = new(StringComparer.Ordinal);

    /// <summary>The list after this call, when it is known at once.</summary>
    public AgentTodo? Called(JsonElement block)
    {
        switch (block.Text("name"))
        {
            case "TodoWrite":
                _items.Clear();
                _items.AddRange(block.Get("input").Get("todos").Items().Take(MaxItems)
                    .Select((todo, index) => new TodoItem((index + 1).ToString(System.Globalization.CultureInfo.InvariantCulture), todo.Text("content") ?? "", State(todo.Text("status")) ?? TodoState.Pending)));
                return Now();
            case "TaskCreate" or "TaskUpdate" when block.Text("id") is { } id && block.Get("input") is { } input:
                _asked[id] = input.Clone();
                return null;
            default:
                return null;
        }
    }

    /// <summary>The list after the result of a call.</summary>
    public AgentTodo? Answered(JsonElement block, JsonElement? structured)
    {
        if (block.Text("tool_use_id") is not { } call || !_asked.Remove(call, out var input) || block.Flag("is_error"))
        {
            return null;
        }

        return structured.Get("task").Text("id") is { } created ? Create(created, input) : input.Text("taskId") is { } id ? Update(id, input) : null;
    }

    private AgentTodo? Create(string id, JsonElement input)
    {
        if (_items.Count >= MaxItems || _items.Exists(item => item.Id == id))
        {
            return null;
        }

        _items.Add(new TodoItem(id, Cut.Text(input.Text("subject") ?? "", out _), TodoState.Pending));
        return Now();
    }

    private AgentTodo? Update(string id, JsonElement input)
    {
        var index = _items.FindIndex(item => item.Id == id);
        if (index < 0)
        {
            return null;
        }

        if (input.Text("status") == "deleted")
        {
            _items.RemoveAt(index);
        }
        else
        {
            var item = _items[index];
            _items[index] = item with { Content = input.Text("subject") ?? item.Content, State = State(input.Text("status")) ?? item.State };
        }

        return Now();
    }

    private AgentTodo Now() => new([.. _items]) { AgentSessionId = "" };

    private static TodoState? State(string? status) => status switch
    {
        "pending" => TodoState.Pending,
        "in_progress" => TodoState.InProgress,
        "completed" => TodoState.Completed,
        _ => null,
    };
}
