namespace PocketCoder.Daemon.Features.Agent.Terminal;

internal enum TranscriptLineKind
{
    /// <summary>Nothing to be shown, but a link between others.</summary>
    Other,

    /// <summary>What a person asked.</summary>
    Prompt,

    /// <summary>A command that Claude Code carried out by itself.</summary>
    Command,

    /// <summary>The person stopped the turn.</summary>
    Interruption,
    ToolResult,

    /// <summary>Work in the background came to its end.</summary>
    TaskEnd,
    Assistant,

    /// <summary>The conversation was compacted.</summary>
    Boundary,

    /// <summary>The end of a turn, with its duration.</summary>
    TurnEnd,
}

/// <summary>A line of the conversation: whose child it is, and where it lies in the file.</summary>
/// <param name="Message">Tells the API message that the agent's lines are blocks of; 0 for others.</param>
/// <param name="ByProgram">Written by a Claude Code that a program drove, not a person at a terminal.</param>
internal readonly record struct TranscriptLine(Guid Id, Guid? Parent, long Offset, int Length, TranscriptLineKind Kind, int Message, bool ByProgram);
