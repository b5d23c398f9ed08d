namespace PocketCoder.Relay.Identity;

/// <summary>The address of the client, with what came of its sign-in.</summary>
internal static class SignInAnswer
{
    public static Uri WithCode(SignInFlow flow, string code) => With(flow, $"code={Uri.EscapeDataString(code)}");

    /// <summary>Only the codes of RFC 6749 go on; what else a provider says is its own.</summary>
    public static Uri WithError(SignInFlow flow, string? error) =>
        With(flow, $"error={(error is "access_denied" or "temporarily_unavailable" or "server_error" ? error : "access_denied")}");

    private static Uri With(SignInFlow flow, string answer) => new($"{flow.RedirectUri}?{answer}&state={Uri.EscapeDataString(flow.State)}");
}
