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
    private static readonly TimeSpan GreetingPatience = TimeSpan.FromSeconds(15);

    /// <summary>Trades a one-time code for tokens and keeps them in auth.json.</summary>
    /// <exception cref="RequestException">The relay refused the code.</exception>
    /// <exception cref="WebSocketException">The relay cannot be reached.</exception>
    public static async Task ExchangeAsync(Uri gateway, string code, DaemonPaths paths, CancellationToken cancellationToken)
    {
        paths.Create();
        var tokens = await OnceAsync(gateway, (link, _) => link.AskAsync<AuthExchangeRequest, AuthExchangeResponse>(new AuthExchangeRequest(code), cancellationToken), cancellationToken);
        await KeepAsync(paths, tokens, gateway, cancellationToken);
    }

    /// <summary>Trades the code of a sign-in for tokens and keeps them, once the relay has taken the new token for who it says it is.</summary>
    /// <exception cref="RequestException">The relay refused the code, or its own token.</exception>
    /// <exception cref="WebSocketException">The relay cannot be reached.</exception>
    public static async Task ExchangeAsync(Uri gateway, AuthExchangeRequest request, DaemonPaths paths, CancellationToken cancellationToken)
    {
        paths.Create();
        var tokens = await OnceAsync(gateway, async (link, _) =>
        {
            var fresh = await link.AskAsync<AuthExchangeRequest, AuthExchangeResponse>(request, cancellationToken);
            var known = await link.AskAsync<ClientRegisterRequest, ClientRegisterResponse>(
                new ClientRegisterRequest(fresh.AccessToken, new DeviceInfo(Environment.MachineName)), cancellationToken);
            return known.UserId == fresh.UserId ? fresh : throw new RequestException(ErrorCode.Unauthorized, "The relay gave a token of somebody else. Do not use this relay.");
        }, cancellationToken);
        await KeepAsync(paths, tokens, gateway, cancellationToken);
    }

    /// <summary>How the relay knows its users.</summary>
    /// <exception cref="WebSocketException">The relay cannot be reached.</exception>
    public static async Task<AuthMode> ModeOfAsync(Uri gateway, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(GreetingPatience);
        return await OnceAsync(gateway, async (_, greeted) => (await greeted).AuthMode, patience.Token);
    }

    /// <summary>Deletes the tokens, then tells the relay when it can be reached.</summary>
    public static async Task<LogoutOutcome> LogOutAsync(DaemonPaths paths, Uri gateway, CancellationToken cancellationToken)
    {
        if (TokenStore.Peek(paths.Auth)?.RefreshToken is null)
        {
            return LogoutOutcome.WasNotLoggedIn;
        }

        TokenStore store = new(paths.Auth);
        StoredTokens? stored;
        using (await store.LockAsync(cancellationToken))
        {
            stored = store.LogOut();
        }

        return stored?.RefreshToken is not { } refreshToken ? LogoutOutcome.WasNotLoggedIn
            : await RevokeAsync(gateway, refreshToken, cancellationToken) ? LogoutOutcome.Done
            : LogoutOutcome.RelayNotTold;
    }

    /// <summary>False when the relay could not be told.</summary>
    internal static async Task<bool> RevokeAsync(Uri gateway, string refreshToken, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(LogoutPatience);
        try
        {
            await OnceAsync(gateway, (link, _) => link.AskAsync<TokenRevokeRequest, TokenRevokeResponse>(new TokenRevokeRequest(refreshToken), patience.Token), patience.Token);
            return true;
        }
        catch (Exception ex) when (ex is WebSocketException or RequestException or TimeoutException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>The relay that this machine is logged in at; null when it is at none.</summary>
    public static Uri? GatewayOf(DaemonPaths paths) => TokenStore.Peek(paths.Auth)?.Gateway;

    /// <summary>The relay that this machine is logged in at, when that is another than this one.</summary>
    public static Uri? OtherThan(Uri gateway, DaemonPaths paths) =>
        TokenStore.Peek(paths.Auth) is { RefreshToken: not null, Gateway: { } other } && !RelayDialer.IsSameRelay(gateway, other) ? other : null;

    public static bool IsLoggedIn(DaemonPaths paths) => TokenStore.Peek(paths.Auth)?.RefreshToken is not null;

    private static async Task KeepAsync(DaemonPaths paths, AuthExchangeResponse tokens, Uri gateway, CancellationToken cancellationToken)
    {
        TokenStore store = new(paths.Auth);
        using (await store.LockAsync(cancellationToken))
        {
            store.LogIn(tokens, gateway);
        }
    }

    private static async Task<T> OnceAsync<T>(Uri gateway, Func<RelayLink, Task<Connected>, Task<T>> talk, CancellationToken cancellationToken)
    {
        using var socket = await new RelayDialer(gateway).ConnectAsync(cancellationToken);
        using var lifetime = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        RelayLink link = new(socket, TimeProvider.System, lifetime);
        TaskCompletionSource<Connected> greeted = new(TaskCreationOptions.RunContinuationsAsynchronously);
        var sending = link.SendAllAsync();
        var reading = ReadAsync();
        try
        {
            return await talk(link, greeted.Task);
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
                    if (!link.TryComplete(message) && message.Type == Connected.Type)
                    {
                        greeted.TrySetResult(message.Read<Connected>());
                    }
                }
            }
            finally
            {
                // Nobody answers any more: whoever waits is not to wait for long.
                link.Abandon();
                greeted.TrySetException(new WebSocketException("The relay said nothing."));
            }
        }
    }
}
