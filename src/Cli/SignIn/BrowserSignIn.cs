using PocketCoder.Daemon.Relay;
using PocketCoder.Protocol;
using PocketCoder.Relay.Identity;

namespace PocketCoder.Cli.SignIn;

/// <summary>Signs this machine in with a browser: code flow with PKCE, by way of the relay.</summary>
internal static class BrowserSignIn
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <exception cref="CommandException">It was refused, or nobody came back.</exception>
    public static async Task RunAsync(CliContext cli, Uri gateway, bool open, TimeProvider time, CancellationToken cancellationToken)
    {
        var (state, verifier) = (Secrets.Random256(), Secrets.Random256());
        await using var listener = await SignInListener.StartAsync(state, cancellationToken);
        var page = PageOf(gateway, listener.RedirectUri, state, verifier);
        await cli.Out.WriteLineAsync($"{(open && Browser.TryOpen(page) ? "Sign in with the browser. If none opened, open this on this machine:" : "Open this in a browser on this machine:")}\n\n  {page}\n");
        await cli.Out.FlushAsync(cancellationToken);
        try
        {
            var code = await listener.Answer.WaitAsync(Patience, time, cancellationToken)
                ?? throw new CommandException("The sign-in was refused: somebody said no, or this account may not use the relay. Whoever runs the relay can say who may.");
            await RelayLogin.ExchangeAsync(gateway, new AuthExchangeRequest(code, verifier, listener.RedirectUri.AbsoluteUri), cli.Paths, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw new CommandException("Nobody came back from signing in within five minutes. Begin again: pocketcoder login");
        }
    }

    private static Uri PageOf(Uri gateway, Uri redirectUri, string state, string verifier)
    {
        var path = gateway.AbsolutePath.EndsWith("/ws", StringComparison.Ordinal) ? gateway.AbsolutePath[..^2] : gateway.AbsolutePath;
        return new UriBuilder(gateway)
        {
            Scheme = gateway.Scheme is "wss" or "https" ? "https" : "http",
            Path = $"{path.TrimEnd('/')}/auth/authorize",
            Query = $"redirect_uri={Uri.EscapeDataString(redirectUri.AbsoluteUri)}&state={state}&code_challenge={Secrets.ChallengeOf(verifier)}&code_challenge_method=S256",
        }.Uri;
    }
}
