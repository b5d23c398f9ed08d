using System.Text.Json;
using System.Threading.Channels;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Agent;

/// <summary>
/// How an agent is driven: the seam between a session and the program behind it. Claude Code's own protocol is one implementation;
/// how it may be driven is its maker's decision, and other agents speak other protocols.
/// </summary>
internal interface IAgentTransport : IAsyncDisposable
{
    /// <summary>What the agent says, in order. Ends, after <see cref="AgentExited"/>, when it is gone.</summary>
    ChannelReader<AgentSignal> Signals { get; }

    /// <summary>The process to look for after a crash of the daemon.</summary>
    int ProcessId { get; }

    /// <summary>A message can be sent into a running turn, too.</summary>
    bool CanSteer { get; }

    /// <summary>Begins a turn, or goes into the one that runs.</summary>
    Task SendAsync(UserInput input, CancellationToken cancellationToken);

    /// <summary>Asks the agent to stop the turn; its end arrives as <see cref="TurnEnded"/>.</summary>
    Task InterruptAsync(CancellationToken cancellationToken);

    /// <summary>Asks the agent to end what it runs beside its turns; the ends arrive as events.</summary>
    Task StopTasksAsync(CancellationToken cancellationToken);

    /// <summary>Answers a prompt that the agent asked.</summary>
    Task AnswerAsync(PromptAsked prompt, PromptAnswer answer, CancellationToken cancellationToken);

    /// <summary>Null when the agent took the mode, else its reason in a sentence.</summary>
    Task<string?> SetModeAsync(PermissionMode mode, CancellationToken cancellationToken);

    /// <summary>Null when the agent took the model, else its reason in a sentence.</summary>
    Task<string?> SetModelAsync(string model, CancellationToken cancellationToken);

    /// <summary>Ends the agent and everything it began. Without <paramref name="force"/> it may finish what it says.</summary>
    Task StopAsync(bool force);
}

/// <summary>What a session tells its transport at the start.</summary>
/// <param name="ForkOf">What is not resumed begins as a copy of this one.</param>
/// <param name="Name">What a person finds the session by in the agent's own lists.</param>
internal sealed record AgentStart(string AgentId, bool Resume, string Cwd, string? Model, PermissionMode Mode, string? ForkOf = null, string? Name = null)
{
    /// <summary>The agent's list as it was when its last process ended.</summary>
    public IReadOnlyList<TodoItem> Todo { get; init; } = [];
}

internal sealed record UserInput(string MessageId, string Content, IReadOnlyList<ImageData> Images);

internal sealed record PromptAnswer(bool Allow, IReadOnlyList<int> Suggestions, string? Message, JsonElement? UpdatedInput, IReadOnlyDictionary<string, string>? Answers, bool Interrupt);

/// <summary>Something an agent said, in no agent's own words.</summary>
internal abstract record AgentSignal;

/// <summary>An event to keep and to pass on; the session gives it its id, number and time.</summary>
internal sealed record Happened(AgentEvent Event) : AgentSignal;

/// <summary>More of a text in the making.</summary>
internal sealed record TextGrew(string MessageId, string Delta) : AgentSignal;

/// <summary>The agent waits for an answer to <paramref name="RequestId"/>; <paramref name="Raw"/> is its own request.</summary>
internal sealed record PromptAsked(string RequestId, AgentPrompt Prompt, JsonElement Raw) : AgentSignal;

internal sealed record PromptWithdrawn(string RequestId) : AgentSignal;

/// <summary>The end of a turn. Cost is the session's total so far.</summary>
internal sealed record TurnEnded(bool IsError, bool Aborted, string? Result, decimal? TotalCostUsd, AgentUsage? Usage, int? Turns) : AgentSignal
{
    /// <summary>The messages that went into it, where the agent says so.</summary>
    public IReadOnlyList<string>? MessageIds { get; init; }

    /// <summary>Nobody asked: work in the background ended, and the agent spoke of it.</summary>
    public bool Unasked { get; init; }

    /// <summary>The agent has no record of the session any more.</summary>
    public bool Forgotten { get; init; }

    public long? ContextTokens { get; init; }

    public long? ContextWindow { get; init; }
}

/// <summary>How many tasks run on beside and between the turns.</summary>
internal sealed record BackgroundChanged(int Tasks) : AgentSignal;

/// <summary>The agent speaks under this id from now on.</summary>
internal sealed record AgentIdChanged(string AgentId) : AgentSignal;

internal sealed record TitleChanged(string Title) : AgentSignal;

internal sealed record ModeChanged(string PermissionMode) : AgentSignal;

/// <summary>The agent is gone; <paramref name="Reason"/> is what it said last on stderr.</summary>
internal sealed record AgentExited(int ExitCode, string Reason) : AgentSignal
{
    /// <summary>It was to begin a session under an id that the agent has a record of already.</summary>
    public bool IdTaken { get; init; }
}
