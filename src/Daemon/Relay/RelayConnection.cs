using System.Net.WebSockets;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using PocketCoder.Protocol;
using PocketCoder.Protocol.Messaging;

namespace PocketCoder.Daemon.Relay;

/// <summary>Opens a socket to the relay; the test seam.</summary>
internal delegate Task<MessageSocket> ConnectToRelay(CancellationToken cancellationToken);

/// <summary>Gets tokens without a person, where that is possible: the relay of <c>pocketcoder up</c> is in the same process.</summary>
internal delegate Task<AuthExchangeResponse> EnrolAtRelay(CancellationToken cancellationToken);

/// <summary>What a daemon says of itself when it registers.</summary>
internal delegate Task<(MachineInfo Machine, IReadOnlyList<RegisteredProject> Projects, Capabilities Capabilities)> DescribeMachine(CancellationToken cancellationToken);

/// <summary>
/// Keeps this machine registered at the relay: connect, refresh the token, register, serve; when the link breaks, again with growing,
/// random delays. Requests are dispatched as they arrive; answers and events leave in the order in which they were queued.
/// </summary>
internal sealed partial class RelayConnection(
    ConnectToRelay connect, TokenStore tokens, EnrolAtRelay? enrol, DescribeMachine describe, TimeProvider time, ILogger<RelayConnection> logger) : IAsyncDisposable
{
    private static readonly TimeSpan ConnectPatience = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan GoodbyePatience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan HeartbeatInterval = TimeSpan.FromSeconds(25);
    private static readonly TimeSpan ProbePatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RefreshAhead = TimeSpan.FromMinutes(2);

    private static readonly ErrorInfo Stopping = new(ErrorCode.MachineOffline, "PocketCoder is being stopped on the machine.");

    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _firstRegistration = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SemaphoreSlim _tokensInUse = new(1);
    private volatile TaskCompletionSource _hurry = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private RelayLink? _link;
    private volatile string? _shown;
    private volatile bool _closedToRequests;
    private int _failures;
    private CancellationTokenSource? _attempt;
    private Task _running = Task.CompletedTask;

    /// <summary>Handles a request and sends its answer.</summary>
    public required Func<Envelope, SendMessage, CancellationToken, Task> Dispatch { get; init; }

    /// <summary>A client's socket is gone; null: all of them, because ours is.</summary>
    public required Func<string?, Task> ClientGone { get; init; }

    public DateTimeOffset? LastConnectedAt { get; private set; }

    public DateTimeOffset? LastHeartbeatAt { get; private set; }

    /// <summary>How long the last round trip took.</summary>
    public TimeSpan? RoundTrip { get; private set; }

    /// <summary>False without tokens, and after the relay refused them: somebody has to log in.</summary>
    public bool LoggedIn { get; private set; } = true;

    /// <summary>Registered, and a round trip succeeded within the last minute.</summary>
    public bool Connected => _link is not null && LastHeartbeatAt is { } heartbeat && time.GetUtcNow() - heartbeat < TimeSpan.FromSeconds(60);

    public Task FirstRegistration => _firstRegistration.Task;

    public void Start() => _running = Task.Run(RunAsync);

    /// <summary>Sends a message when connected; otherwise it is dropped, for whoever needs it asks again by cursor.</summary>
    public async ValueTask SendAsync(Envelope message, CancellationToken cancellationToken)
    {
        if (_link is not { } link)
        {
            return;
        }

        try
        {
            await link.SendAsync(message, cancellationToken);
        }
        catch (ChannelClosedException)
        {
            // The link broke a moment ago.
        }
    }

    /// <summary>Registers anew with what is true now; an attempt that waits is made at once.</summary>
    public async Task ReRegisterAsync(CancellationToken cancellationToken)
    {
        LoggedIn = CanLogIn;
        if (_link is not { } link)
        {
            _hurry.TrySetResult();
            return;
        }

        try
        {
            await RegisterAsync(link, cancellationToken);
        }
        catch (RequestException refused) when (refused.Code == ErrorCode.Unauthorized)
        {
            // Another account logged in on this machine; its tokens are for a connection of their own.
            link.Abandon();
            _hurry.TrySetResult();
        }
    }

    /// <summary>The machine has another network, or has one again: it is tried at once, and a link that does not answer over it soon is given up.</summary>
    public async Task NetworkChangedAsync()
    {
        Volatile.Write(ref _failures, 0);
        if (_link is { } link)
        {
            try
            {
                await link.PingAsync(_stopping.Token, ProbePatience);
                return;
            }
            catch (Exception ex) when (ex is TimeoutException or RequestException or OperationCanceledException)
            {
                link.Abandon();
            }
        }
        else if (_attempt is { } attempt)
        {
            // It was begun over the old network.
            RelayLink.GiveUp(attempt);
        }

        _hurry.TrySetResult();
    }

    /// <summary>Asks the relay itself.</summary>
    public Task<TResponse> AskAsync<TRequest, TResponse>(TRequest request, CancellationToken cancellationToken)
        where TRequest : IRequest<TResponse>
        where TResponse : IMessage => _link is { } link
            ? link.AskAsync<TRequest, TResponse>(request, cancellationToken)
            : throw new RequestException(ErrorCode.MachineOffline, "The relay is not connected. Look at: pocketcoder status");

    /// <summary>Forgets the tokens and stays away from the relay until somebody logs in. False when the relay could not be told.</summary>
    public async Task<bool> LogOutAsync(CancellationToken cancellationToken)
    {
        // Not while they are being exchanged for the next ones, which would bring them back.
        await _tokensInUse.WaitAsync(cancellationToken);
        try
        {
            using var alone = await tokens.LockAsync(cancellationToken);
            var stored = tokens.LogOut();
            LoggedIn = false;
            if (stored?.RefreshToken is not { } refreshToken)
            {
                return true;
            }

            if (tokens.IsOfAnotherRelay(stored))
            {
                _link?.Abandon();
                return await RelayLogin.RevokeAsync(stored.Gateway!, refreshToken, cancellationToken);
            }

            return _link is { } link && await RevokeAsync(link, refreshToken, cancellationToken);
        }
        finally
        {
            _tokensInUse.Release();
        }
    }

    /// <summary>From now on requests are refused; the daemon stops.</summary>
    public void RefuseRequests() => _closedToRequests = true;

    public async ValueTask DisposeAsync()
    {
        if (_link is { } link)
        {
            // What is in work is answered first: the command that was just ended still has to say so. Then a round trip, after which that is with the relay.
            await link.AnsweredAsync().WaitAsync(GoodbyePatience).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            using CancellationTokenSource patience = new(GoodbyePatience);
            await link.PingAsync(patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await _stopping.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
        _tokensInUse.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            if (!CanLogIn)
            {
                // Nothing to show at the relay's door, so no knocking.
                LoggedIn = false;
                await WaitAsync(Timeout.InfiniteTimeSpan);
                continue;
            }

            try
            {
                using var patience = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
                patience.CancelAfter(ConnectPatience);
                _attempt = patience;
                using var socket = await connect(patience.Token);
                if (await ServeAsync(socket, () => _failures = 0))
                {
                    _failures = 0;
                }
            }
            catch (Exception ex) when (!_stopping.IsCancellationRequested)
            {
                LogConnectionLost(ex is WebSocketException or OperationCanceledException or TimeoutException or RequestException ? ex.Message : ex.ToString());
            }
            catch (OperationCanceledException)
            {
                return;
            }

            await WaitAsync(ReconnectDelay.For(Interlocked.Increment(ref _failures) - 1, Random.Shared.NextDouble()));
        }
    }

    private bool CanLogIn => enrol is not null || tokens.Load() is { RefreshToken: not null } or { AccessToken: not null };

    private static async Task<bool> RevokeAsync(RelayLink link, string refreshToken, CancellationToken cancellationToken)
    {
        try
        {
            await link.AskAsync<TokenRevokeRequest, TokenRevokeResponse>(new TokenRevokeRequest(refreshToken), cancellationToken);
            return true;
        }
        catch (Exception ex) when (ex is RequestException or TimeoutException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return false;
        }
        finally
        {
            link.Abandon();
        }
    }

    private async Task WaitAsync(TimeSpan delay)
    {
        using var delaying = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        await Task.WhenAny(_hurry.Task, Task.Delay(delay, time, delaying.Token));
        await delaying.CancelAsync();
        if (_hurry.Task.IsCompleted)
        {
            // Who signals the old one meanwhile loses nothing: the attempt comes after this.
            _hurry = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>Until the socket ends. True when the relay said that it goes away and wants us back at once.</summary>
    private async Task<bool> ServeAsync(MessageSocket socket, Action onRegistered)
    {
        using var lifetime = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        _attempt = lifetime;
        RelayLink link = new(socket, time, lifetime);
        var sending = link.SendAllAsync();
        var registering = RegisterAndBeatAsync(link, onRegistered, lifetime);
        try
        {
            await foreach (var message in socket.ReadAllAsync(lifetime.Token))
            {
                if (link.TryComplete(message))
                {
                    continue;
                }

                // Not awaited: the next message may be the one that cancels this one. What runs on answers into the link, or into nothing.
                link.Answering(ReceiveAsync(link, message, lifetime.Token));
            }
        }
        catch (ProtocolViolationException violation)
        {
            LogConnectionLost(violation.Message);
        }
        catch (OperationCanceledException) when (!_stopping.IsCancellationRequested)
        {
            LogConnectionLost("it was given up");
        }
        finally
        {
            await ForgetAsync(link);
            if (_stopping.IsCancellationRequested && socket.WebSocket.State == WebSocketState.Open)
            {
                using CancellationTokenSource patience = new(TimeSpan.FromSeconds(2));
                await socket.WebSocket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "stopping", patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            await lifetime.CancelAsync();
            await Task.WhenAll(sending, registering, link.AnsweredAsync()).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

            // Again: the answer to the registration may have been the last message, and was looked at after the link had ended.
            await ForgetAsync(link);
        }

        return (int?)socket.WebSocket.CloseStatus == CloseCode.GoingAway;
    }

    /// <summary>Does not throw: what is left of the link must end all the same.</summary>
    private async Task ForgetAsync(RelayLink link)
    {
        if (Interlocked.CompareExchange(ref _link, null, link) != link)
        {
            return;
        }

        try
        {
            await ClientGone(null);
        }
        catch (Exception ex)
        {
            LogClientsNotForgotten(ex);
        }
    }

    private async Task ReceiveAsync(RelayLink link, Envelope message, CancellationToken cancellationToken)
    {
        if (message.Type == ClientDisconnected.Type)
        {
            await ClientGone(message.Read<ClientDisconnected>().ClientId);
        }
        else if (message.Type == TokenExpiring.Type)
        {
            await RefreshAsync(link, _shown, cancellationToken);
            await RegisterAsync(link, cancellationToken);
        }
        else if (message.RequestId is not null && message.Type is not (Wire.Error or Wire.Pong))
        {
            if (_closedToRequests)
            {
                await link.SendAsync(Envelope.OfError(Stopping, message.RequestId, message.ClientId), cancellationToken);
                return;
            }

            await link.Ready.Task.WaitAsync(cancellationToken);
            await Dispatch(message, link.SendAsync, cancellationToken);
        }
    }

    private async Task RegisterAndBeatAsync(RelayLink link, Action onRegistered, CancellationTokenSource lifetime)
    {
        try
        {
            await AuthenticateAsync(link, lifetime.Token);
            _link = link;
            if (!CanLogIn)
            {
                // Logged out while the relay answered: who did it saw no link to give up, or sees this one.
                LoggedIn = false;
                return;
            }

            onRegistered();
            link.Ready.TrySetResult();
            LastConnectedAt = LastHeartbeatAt = time.GetUtcNow();
            _firstRegistration.TrySetResult();
            LogConnected();
            while (true)
            {
                var sent = time.GetTimestamp();
                await link.PingAsync(lifetime.Token);
                (LastHeartbeatAt, RoundTrip) = (time.GetUtcNow(), time.GetElapsedTime(sent));
                await Task.Delay(HeartbeatInterval, time, lifetime.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The link ended.
        }
        catch (Exception ex)
        {
            LogConnectionLost(ex.Message);
        }
        finally
        {
            await lifetime.CancelAsync();
        }
    }

    private async Task AuthenticateAsync(RelayLink link, CancellationToken cancellationToken)
    {
        try
        {
            var old = EndsSoon(tokens.Load());
            if (old)
            {
                await RefreshAsync(link, _shown, cancellationToken);
            }

            try
            {
                await RegisterAsync(link, cancellationToken);
            }
            catch (RequestException refused) when (refused.Code == ErrorCode.Unauthorized && !old)
            {
                // Clocks differ, or the relay signs with other keys now. Only a refresh that is refused says that we are no longer known.
                await RefreshAsync(link, _shown, cancellationToken);
                await RegisterAsync(link, cancellationToken);
            }
        }
        catch (RequestException refused) when (refused.Code == ErrorCode.Unauthorized)
        {
            // The relay does not know us (any more): its state was lost, or we were revoked.
            await EnrolAsync(cancellationToken);
            await RegisterAsync(link, cancellationToken);
        }
    }

    private bool EndsSoon(StoredTokens stored) =>
        stored.AccessToken is null || DateTimeOffset.FromUnixTimeSeconds(stored.ExpiresAt ?? 0) - time.GetUtcNow() < RefreshAhead;

    /// <param name="worn">The access token that has served: a login meanwhile has put newer ones there, which are not ours to spend.</param>
    private async Task RefreshAsync(RelayLink link, string? worn, CancellationToken cancellationToken)
    {
        await _tokensInUse.WaitAsync(cancellationToken);
        try
        {
            using var alone = await tokens.LockAsync(cancellationToken);
            var stored = tokens.Load();
            if (stored.AccessToken == worn || EndsSoon(stored))
            {
                await RefreshAsync(link, stored, cancellationToken);
            }
        }
        finally
        {
            _tokensInUse.Release();
        }
    }

    private async Task RefreshAsync(RelayLink link, StoredTokens stored, CancellationToken cancellationToken)
    {
        if (stored.RefreshToken is not { } refreshToken)
        {
            await EnrolAsync(cancellationToken);
            return;
        }

        var fresh = await link.AskAsync<TokenRefreshRequest, TokenRefreshResponse>(new TokenRefreshRequest(refreshToken, tokens.BeginRefresh()), cancellationToken);
        tokens.Save(fresh.AccessToken, fresh.RefreshToken, fresh.ExpiresAt, fresh.UserId);
    }

    private async Task EnrolAsync(CancellationToken cancellationToken)
    {
        if (enrol is null)
        {
            LoggedIn = false;
            throw new RequestException(ErrorCode.Unauthorized, "This machine is not logged in at the relay.");
        }

        var fresh = await enrol(cancellationToken);
        tokens.Save(fresh.AccessToken, fresh.RefreshToken, fresh.ExpiresAt, fresh.UserId);
    }

    private async Task RegisterAsync(RelayLink link, CancellationToken cancellationToken)
    {
        var stored = tokens.Load();
        _shown = stored.AccessToken;
        var (machine, projects, capabilities) = await describe(cancellationToken);
        await link.AskAsync<DaemonRegisterRequest, DaemonRegisterResponse>(
            new DaemonRegisterRequest(stored.MachineKey, stored.AccessToken ?? "", machine, projects, capabilities), cancellationToken);
        LoggedIn = true;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Connected to the relay")]
    private partial void LogConnected();

    [LoggerMessage(Level = LogLevel.Warning, Message = "No connection to the relay: {Reason}")]
    private partial void LogConnectionLost(string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "The link to the relay ended, and not everything that was for its clients did")]
    private partial void LogClientsNotForgotten(Exception exception);
}
