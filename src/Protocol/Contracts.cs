namespace PocketCoder.Protocol;

/// <summary>Anything that can be the payload of an <see cref="Envelope"/>; the type knows its own wire name.</summary>
public interface IMessage
{
    static abstract string Type { get; }
}

/// <summary>A message that asks for exactly one <typeparamref name="TResponse"/> (or one error).</summary>
public interface IRequest<TResponse> : IMessage
    where TResponse : IMessage;

/// <summary>A request that may be made again under its <c>key</c>, a UUID of the client's, when its answer was lost: it is carried out once and answered the same.</summary>
public interface IKeyed
{
    string? Key { get; }
}

/// <summary>A message that is told, not asked: nobody answers it.</summary>
public interface IEvent : IMessage;

/// <summary>The facts of the wire that both ends must agree on.</summary>
public static class Wire
{
    public const int Version = 1;
    public const string Subprotocol = "pocketcoder.v1";

    /// <summary>Largest message in bytes; a larger one closes the connection with 1009.</summary>
    public const int MaxMessageBytes = 16 * 1024 * 1024;

    /// <summary>Deepest nesting of JSON that is read.</summary>
    public const int MaxDepth = 64;

    /// <summary>A request without any sign of life for this long is answered <c>RELAY_TIMEOUT</c>.</summary>
    public static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(15);

    /// <summary>How often a daemon says <c>progress</c> while a request is in work.</summary>
    public static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(5);

    /// <summary>In <c>features</c> of a registration: this peer reads the binary form.</summary>
    public const string BinaryFeature = "binary";

    public const string Error = "error";
    public const string Ping = "ping";
    public const string Pong = "pong";

    /// <summary>Does a message of this type end the request whose <c>requestId</c> it carries?</summary>
    public static bool IsTerminal(string type) =>
        type is Error or "command_exit" || type.EndsWith("_response", StringComparison.Ordinal);

    /// <summary>The same for a type as it stands on the wire.</summary>
    public static bool IsTerminal(ReadOnlySpan<byte> type) =>
        type.EndsWith("_response"u8) || type.SequenceEqual("error"u8) || type.SequenceEqual("command_exit"u8);
}

/// <summary>WebSocket close codes of section 1 of the protocol.</summary>
public static class CloseCode
{
    public const int GoingAway = 1001;
    public const int TooBig = 1009;
    public const int ProtocolError = 4400;
    public const int NotAuthenticated = 4401;
    public const int RegistrationTimeout = 4408;
    public const int Replaced = 4409;
    public const int Flooding = 4429;
}
