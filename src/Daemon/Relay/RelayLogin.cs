using System.Net.WebSockets;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Relay;

/// <summary>What became of a logout.</summary>
public enum LogoutOutcome
{
    WasNotLoggedIn,
    Done,

    /// <summary>The tokens are gone from this machine, but the relay could not be told to refuse them.</summary>
    RelayNotTold,
}

/// <summary>Logs this machine in at a relay and out again while no daemon runs; each on a socket of its own.</summary>
public static class RelayLogin
{
    private static readonly TimeSpan LogoutPatience = TimeSpan.FromSeconds(5);

    /// <summary>Trades a one-time code for tokens and keeps them in auth.json.</summary>
    /// <exception cref="RequestException">The relay refused the code.</exception>
    /// <exception cref="WebSocketException">The relay cannot be reached.</exception>
    public static async Task ExchangeAsync(Uri gateway, string code, DaemonPaths paths, CancellationToken cancellationToken)
    {
        paths.Create();
        var tokens = await AskOnceAsync<AuthExchangeRequest, AuthExchangeResponse>(gateway, new AuthExchangeRequest(code), cancellationToken);
        new TokenStore(paths.Auth).LogIn(tokens, gateway);
    }

    /// <summary>Deletes the tokens, then tells the relay when it can be reached.</summary>
    public static async Task<LogoutOutcome> LogOutAsync(DaemonPaths paths, Uri gateway, CancellationToken cancellationToken)
    {
        if (TokenStore.Peek(paths.Auth)?.RefreshToken is not { } refreshToken)
        {
            return LogoutOutcome.WasNotLoggedIn;
        }

        new TokenStore(paths.Auth).LogOut();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(LogoutPatience);
        try
        {
            await AskOnceAsync<TokenRevokeRequest, TokenRevokeResponse>(gateway, new TokenRevokeRequest(refreshToken), patience.Token);
            return LogoutOutcome.Done;
        }
        catch (Exception ex) when (ex is WebSocketException or RequestException or TimeoutException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return LogoutOutcome.RelayNotTold;
        }
    }

    /// <summary>The relay that this machine is logged in at; null when it is at none.</summary>
    public static Uri? GatewayOf(DaemonPaths paths) => TokenStore.Peek(paths.Auth)?.Gateway;

    public static bool IsLoggedIn(DaemonPaths paths) => TokenStore.Peek(paths.Auth)?.RefreshToken is not null;

    private static async Task<TResponse> AskOnceAsync<TRequest, TResponse>(Uri gateway, TRequest request, CancellationToken cancellationToken)
        where TRequest : IRequest<TResponse>
        where TResponse : IMessage
    {
        using var socket = await new RelayDialer(gateway).ConnectAsync(cancellationToken);
        using var lifetime = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        RelayLink link = new(socket, TimeProvider.System, lifetime);
        var sending = link.SendAllAsync();
        var reading = ReadAsync();
        try
        {
            return await link.AskAsync<TRequest, TResponse>(request, cancellationToken);
        }
        finally
        {
            await lifetime.CancelAsync();
            await Task.WhenAll(sending, reading).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        async Task ReadAsync()
        {
            try
            {
                await foreach (var message in socket.ReadAllAsync(lifetime.Token))
                {
                    link.TryComplete(message);
                }
            }
            finally
            {
                // Nobody answers any more: whoever waits is not to wait for long.
                link.Abandon();
            }
        }
    }
}
