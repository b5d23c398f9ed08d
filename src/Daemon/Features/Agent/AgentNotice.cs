using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Agent;

/// <summary>Something that concerns a person who may be looking at no screen; told after it is on disk.</summary>
internal abstract record AgentNotice
{
    public required SessionRecord Session { get; init; }
}

/// <summary>The agent waits for an answer.</summary>
internal sealed record PromptOpened(AgentPrompt Prompt) : AgentNotice;

/// <summary>It waits no longer, whoever answered.</summary>
internal sealed record PromptClosed(string PromptId) : AgentNotice;

/// <summary>A turn has ended that nobody cancelled, and nothing waits to go on.</summary>
internal sealed record TurnOver(AgentDone Done, SessionProblem? Problem) : AgentNotice;
