using System.Text;

namespace PocketCoder.Nemesis.History;

/// <summary>One thing that a client did or heard, or that was done to the system. <c>Number</c> gives the order in which they happened.</summary>
internal abstract record Entry
{
    public int Number { get; init; }

    public double Seconds { get; init; }

    /// <summary>The session it is about; null when it is about none, or about all.</summary>
    public virtual string? About => null;

    // An entry reads as what is its own.
    protected virtual bool PrintMembers(StringBuilder builder) => false;
}

/// <summary>A message left, once more when it was sent before. Without a session it begins one.</summary>
internal sealed record Sent(int Client, int Connection, string MessageId, string? Session, string Text, bool Steer = false) : Entry
{
    public override string? About => Session;
}

/// <summary>The daemon's answer to a message: from here on it must not be lost. <c>Begins</c>: it began the session, of which its client has missed nothing.</summary>
internal sealed record Acknowledged(int Client, int Connection, string MessageId, string Session, bool Begins = false) : Entry
{
    public override string? About => Session;
}

/// <summary>An answer that was an error.</summary>
internal sealed record Refused(int Client, string Request, string? Session, string Code, string Message) : Entry
{
    public override string? About => Session;
}

/// <summary>A client asks for all that comes after its cursor.</summary>
internal sealed record AttachAsked(int Client, int Connection, string Session, long After, int? Limit = null) : Entry
{
    public override string? About => Session;
}

/// <summary>What was asked for has come; without <c>More</c> the client follows the session from here on.</summary>
internal sealed record AttachAnswered(int Client, int Connection, string Session, long LastSeq, string Epoch, bool More = false, bool Resync = false) : Entry
{
    public override string? About => Session;
}

/// <summary>The machine went or came: whoever followed anything on this connection has to attach anew.</summary>
internal sealed record MachineChanged(int Client, int Connection) : Entry;

internal sealed record Saw(int Client, int Connection, LoggedEvent Event) : Entry
{
    public override string? About => Event.Session;
}

/// <summary>The daemon took this client's answer to a prompt.</summary>
internal sealed record PromptAnswered(int Client, string Session, string PromptId, bool Allow) : Entry
{
    public override string? About => Session;
}

/// <summary>Something was done to the system.</summary>
internal sealed record Fault(string Kind, string Detail = "") : Entry;
