namespace PocketCoder.Nemesis.Checks;

/// <summary>What the bridge promises, by what is wrong when it does not keep it.</summary>
internal enum Rule
{
    /// <summary>A client saw an event that is in no log.</summary>
    EventLost,

    /// <summary>A client saw another event under this number.</summary>
    EventReplaced,

    /// <summary>A client that followed the session was not sent an event, or was told that it has all before it had.</summary>
    EventMissed,

    /// <summary>A client got an event more often than it asked for it.</summary>
    EventDoubled,

    /// <summary>The numbers of a log do not grow by one.</summary>
    NumbersBroken,

    /// <summary>A message was acknowledged and is not in the log.</summary>
    MessageLost,

    /// <summary>A message is in the logs twice.</summary>
    MessageDoubled,

    /// <summary>An agent ran a message twice.</summary>
    RunTwice,

    /// <summary>An agent ran a message that is in no log.</summary>
    RunUnlogged,

    /// <summary>Messages stand in another order than they were sent or run.</summary>
    OrderBroken,

    /// <summary>A message has no <c>done</c>.</summary>
    NotEnded,

    /// <summary>A message has more than one <c>done</c>, or a <c>done</c> has no message.</summary>
    EndedTwice,

    /// <summary>What the agent answered is not there, not once, or not in its turn.</summary>
    AnswerWrong,

    /// <summary>A prompt was not closed exactly once, or not as it was answered.</summary>
    PromptWrong,

    /// <summary>Something is still open though nothing happens any more.</summary>
    NotIdle,

    /// <summary>Something no fault explains.</summary>
    Unexplained,
}

/// <summary>A promise that was not kept. <c>Entry</c> is the number of the entry that shows it, when one does.</summary>
internal sealed record Violation(Rule Rule, string Sentence, string? Session = null, int? Entry = null);
