using PocketCoder.Daemon;
using PocketCoder.Daemon.Relay;

namespace PocketCoder.Cli;

/// <summary>Which relay: GATEWAY_URL, else the one that this machine logged in at, else the public one.</summary>
internal static class Gateway
{
    public const string Default = "wss://gateway.pocketcoder.dev";

    /// <exception cref="CommandException">GATEWAY_URL is no address.</exception>
    public static Uri Resolve(DaemonPaths paths) => Chosen() ?? RelayLogin.GatewayOf(paths) ?? new Uri(Default);

    /// <summary>What GATEWAY_URL says; null when it says nothing.</summary>
    /// <exception cref="CommandException">It is no address.</exception>
    public static Uri? Chosen() => Environment.GetEnvironmentVariable("GATEWAY_URL") is not { Length: > 0 } text
        ? null
        : Parse(text) ?? throw new CommandException("GATEWAY_URL must be an address like wss://relay.example.org.", ExitCode.Usage);

    /// <summary>The relay and the code of a pairing link; no relay when it is a bare code.</summary>
    public static (Uri? Gateway, string Code) ParseLink(string text)
    {
        const string mark = "#pair=";
        var at = text.LastIndexOf(mark, StringComparison.Ordinal);
        return at < 0 ? (null, text.Trim()) : (Parse(text[..at].Trim()), text[(at + mark.Length)..].Trim());
    }

    // Its own path is kept: a relay may live below one.
    private static Uri? Parse(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "ws" or "wss" or "http" or "https" && uri.Host.Length > 0 && uri.UserInfo.Length == 0 ? uri : null;
}
