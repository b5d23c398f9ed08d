using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Relay;

/// <summary>Trades a one-time code for tokens and keeps them in auth.json.</summary>
public static class RelayLogin
{
    /// <exception cref="RequestException">The relay refused the code.</exception>
    public static async Task ExchangeAsync(Uri gateway, string code, DaemonPaths paths, CancellationToken cancellationToken)
    {
        paths.Create();
        using var socket = await new RelayDialer(gateway).ConnectAsync(cancellationToken);
        using var lifetime = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        RelayLink link = new(socket, lifetime.Token);
        var sending = link.SendAllAsync();
        var reading = ReadAsync();
        var tokens = await link.AskAsync<AuthExchangeRequest, AuthExchangeResponse>(new AuthExchangeRequest(code), cancellationToken);
        new TokenStore(paths.Auth).Save(tokens.AccessToken, tokens.RefreshToken, tokens.ExpiresAt, tokens.UserId);
        await lifetime.CancelAsync();
        await Task.WhenAll(sending, reading).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        async Task ReadAsync()
        {
            await foreach (var message in socket.ReadAllAsync(lifetime.Token))
            {
                link.TryComplete(message);
            }
        }
    }
}
