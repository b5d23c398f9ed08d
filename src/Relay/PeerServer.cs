using System.Collections.Concurrent;
using System.Net.WebSockets;
using Microsoft.Extensions.Logging;
using PocketCoder.Protocol;
using PocketCoder.Protocol.Messaging;

namespace PocketCoder.Relay;

/// <summary>The life of one socket: greeting, registration within 10 s, messages, the token's end, the close.</summary>
internal sealed partial class PeerServer(Registrar registrar, Switchboard switchboard, TimeProvider time, ILogger<PeerServer> logger)
{
    private static readonly TimeSpan ExpiryNotice = TimeSpan.FromMinutes(1);
    private readonly ConcurrentDictionary<string, int> _unregistered = new(StringComparer.Ordinal);

    public async Task ServeAsync(WebSocket webSocket, string remoteAddress)
    {
        using Peer peer = new(new MessageSocket(webSocket), remoteAddress);
        var sending = peer.SendAllAsync();
        var counted = _unregistered.AddOrUpdate(remoteAddress, 1, (_, count) => count + 1);
        await using var deadline = time.CreateTimer(_ => CloseUnregistered(peer), null, Limits.Registration, Timeout.InfiniteTimeSpan);
        ITimer expiry = null!;
        expiry = time.CreateTimer(_ => TokenEnds(peer, expiry), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        await using var _ = expiry;
        try
        {
            if (counted > Limits.UnregisteredSocketsPerAddress)
            {
                peer.Close(CloseCode.Flooding, Refusals.TooManySockets.Message);
            }
            else
            {
                peer.Send(Envelope.Of(new Connected(Wire.Version, registrar.Mode)));
                await ReadAllAsync(peer, expiry);
                peer.Close((int)WebSocketCloseStatus.NormalClosure, "");
            }
        }
        catch (ProtocolViolationException violation)
        {
            peer.Close(violation.CloseCode, violation.Message);
        }
        catch (Exception ex) when (ex is WebSocketException or OperationCanceledException or IOException)
        {
            LogLost(remoteAddress);
            peer.Abort();
        }
        catch (Exception ex)
        {
            LogFailed(ex);
            peer.Close((int)WebSocketCloseStatus.InternalServerError, "");
        }
        finally
        {
            if (peer.Registration is null)
            {
                Registered(remoteAddress);
            }

            await switchboard.LeftAsync(peer);
            await DrainAsync(peer);
            await sending;
        }
    }

    private async Task ReadAllAsync(Peer peer, ITimer expiry)
    {
        MessageBudget budget = new(time);
        while (await peer.Socket.ReadAsync(peer.Registration is null ? Limits.UnregisteredMessageBytes : Wire.MaxMessageBytes, peer.Aborted) is { } bytes)
        {
            if (peer.IsClosing)
            {
                continue;
            }

            // Not for machines: what they send is bounded by what was asked of them, and bringing a client up to date takes thousands of events.
            if (peer.Registration is not DaemonRegistration && !budget.Take())
            {
                throw new ProtocolViolationException(CloseCode.Flooding, "too many messages");
            }

            // The parsed envelope points into the buffer; whatever leaves this turn of the loop is copied by Peer.Send.
            await HandleAsync(peer, MessageSocket.Parse(bytes), expiry);
            peer.Socket.Shrink();
        }
    }

    private async Task HandleAsync(Peer peer, Envelope message, ITimer expiry)
    {
        var before = peer.Registration;
        var answered = await registrar.TryAnswerAsync(peer, message);
        if (peer.Registration is { } registered && registered != before)
        {
            if (before is null)
            {
                Registered(peer.RemoteAddress);
            }

            expiry.Change(Positive(registered.ExpiresAt - time.GetUtcNow() - ExpiryNotice), Timeout.InfiniteTimeSpan);
        }

        switch (answered, peer.Registration)
        {
            case (true, _):
                break;
            case (false, ClientRegistration client):
                switchboard.FromClient(peer, client, message);
                break;
            case (false, DaemonRegistration daemon):
                switchboard.FromDaemon(daemon, message);
                break;
            default:
                peer.Send(Envelope.OfError(Refusals.Unregistered, message.RequestId));
                throw new ProtocolViolationException(CloseCode.NotAuthenticated, "not registered");
        }
    }

    // Fires a minute before the token's end and at its end; a new registration sets it anew.
    private void TokenEnds(Peer peer, ITimer expiry)
    {
        if (peer.Registration is not { } registration)
        {
            return;
        }

        var left = registration.ExpiresAt - time.GetUtcNow();
        if (left <= TimeSpan.Zero)
        {
            peer.Close(CloseCode.NotAuthenticated, "the access token has ended");
            return;
        }

        peer.Send(Envelope.Of(new TokenExpiring(registration.ExpiresAt.ToUnixTimeSeconds())));
        expiry.Change(left, Timeout.InfiniteTimeSpan);
    }

    private static void CloseUnregistered(Peer peer)
    {
        if (peer.Registration is null)
        {
            peer.Close(CloseCode.RegistrationTimeout, "no registration within 10 seconds");
        }
    }

    // After our own close frame the other side's is awaited, so that it gets to read what was sent last.
    private static async Task DrainAsync(Peer peer)
    {
        try
        {
            while (peer.Socket.WebSocket.State is WebSocketState.Open or WebSocketState.CloseSent
                && await peer.Socket.ReadAsync(Wire.MaxMessageBytes, peer.Aborted) is not null)
            {
            }
        }
        catch (Exception ex) when (ex is WebSocketException or OperationCanceledException or ProtocolViolationException or IOException)
        {
            peer.Abort();
        }
    }

    private void Registered(string remoteAddress)
    {
        if (_unregistered.AddOrUpdate(remoteAddress, 0, (_, count) => count - 1) <= 0)
        {
            _unregistered.TryRemove(new(remoteAddress, 0));
        }
    }

    private static TimeSpan Positive(TimeSpan span) => span > TimeSpan.Zero ? span : TimeSpan.Zero;

    [LoggerMessage(Level = LogLevel.Debug, Message = "Connection from {Address} lost")]
    private partial void LogLost(string address);

    [LoggerMessage(Level = LogLevel.Error, Message = "A connection failed")]
    private partial void LogFailed(Exception exception);
}
