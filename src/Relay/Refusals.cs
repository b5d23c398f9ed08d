using PocketCoder.Protocol;

namespace PocketCoder.Relay;

/// <summary>The relay's own refusals, each worded in one place so that two causes cannot be told apart by accident.</summary>
internal static class Refusals
{
    public static readonly ErrorInfo Offline = new(ErrorCode.MachineOffline, "The machine is not connected. Start PocketCoder on it: pocketcoder start");

    /// <summary>For what was passed on to it before: it may have been done.</summary>
    public static readonly ErrorInfo Gone = new(ErrorCode.MachineOffline, "The machine went away before it answered.", new ErrorDetails { Reason = "gone" });

    /// <summary>The same for a machine that does not exist and for one that belongs to somebody else.</summary>
    public static readonly ErrorInfo NotFound = new(ErrorCode.NotFound, "There is no such machine.");

    /// <summary>The same for a device that does not exist, was revoked, or belongs to somebody else.</summary>
    public static readonly ErrorInfo NoDevice = new(ErrorCode.NotFound, "There is no such device.");

    public static readonly ErrorInfo NoMachine = new(ErrorCode.InvalidRequest, "A request to a machine needs machineKey and requestId.");

    public static readonly ErrorInfo DuplicateRequest = new(ErrorCode.InvalidRequest, "This requestId is in use already.");

    public static readonly ErrorInfo TooManyInFlight = new(ErrorCode.RateLimited, $"At most {RelayRates.Default.RequestsInFlight} requests may be in work at once. Wait for some answers.");

    public static readonly ErrorInfo TooManySockets = new(ErrorCode.RateLimited, "Too many connections. Close some and try again.");

    public static readonly ErrorInfo TooManyAttempts = new(ErrorCode.RateLimited, "Too many attempts. Wait a minute and try again.");

    public static readonly ErrorInfo Unregistered = new(ErrorCode.Unauthorized, "Register first: daemon_register or client_register.");

    /// <summary>One for every failure to prove who one is, so that nobody learns from it which one it was.</summary>
    public static readonly ErrorInfo Identity = new(ErrorCode.Unauthorized, "That did not work. Pair this device again (pocketcoder pair prints a new link), or sign in again.");

    /// <summary>Not a verdict: whoever gets it keeps what it has and comes again.</summary>
    public static readonly ErrorInfo SignInUnavailable = new(ErrorCode.RelayTimeout, "The relay's sign-in service does not answer. Try again in a moment.");

    /// <summary>Not a verdict either.</summary>
    public static readonly ErrorInfo StoreUnavailable = new(ErrorCode.RelayTimeout, "The relay cannot look that up at the moment. Try again in a few seconds.");

    public static readonly ErrorInfo NodesApart = new(ErrorCode.RelayTimeout, "The machine is connected to another node of the relay, which cannot be reached at the moment. Try again in a few seconds.");

    public static readonly ErrorInfo NoPairingCodes = new(ErrorCode.InvalidRequest, "This relay takes no pairing codes. Open its address on the device and sign in there.");

    public static readonly ErrorInfo WrongRole = new(ErrorCode.Unauthorized, "This connection may not do that.");

    public static readonly ErrorInfo Timeout = new(ErrorCode.RelayTimeout, "The machine did not answer within 15 seconds. Try again; if it stays so, look at it with: pocketcoder status");

    public static readonly ErrorInfo RelaysOwn = new(ErrorCode.InvalidRequest, "Only the relay says this.");

    public static readonly ErrorInfo NoBinary = new(ErrorCode.InvalidRequest, "This machine does not read binary messages. Send the content as text.");

    public static readonly ErrorInfo NoBinaryAnswer = new(ErrorCode.InvalidRequest, "The answer is a binary message, and this client did not say that it reads those.");

    public static RequestException ToException(this ErrorInfo refusal) => new(refusal.Code, refusal.Message);
}
