using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Unicode;
using Microsoft.Extensions.Logging;
using PocketCoder.Protocol;
using PocketCoder.Protocol.Messaging;
using PocketCoder.Relay.Routing;
using PocketCoder.Relay.Sockets;

namespace PocketCoder.Relay;

/// <summary>The life of one socket: greeting, registration within 10 s, messages, the token's end, the close.</summary>
internal sealed partial class PeerSession(
    Peer peer, Registrar registrar, Switchboard switchboard, RelayCounters counters, RelayOptions options, ILogger logger, Action registered)
{
    private static readonly TimeSpan ExpiryNotice = TimeSpan.FromMinutes(1);

    // A message of this size is not looked through on the thread that all other sockets wait for.
    private const int LongWork = 256 * 1024;

    // Shared by all: nobody looks at what is in it.
    private static readonly byte[] Dropped = new byte[16 * 1024];

    private readonly FrameReader _reader = new();
    private readonly Batch _batch = new();
    private readonly Budget _frames = new(options.Time, options.Rates.MessagesPerSecond, options.Rates.MessageBurst);
    private ITimer? _timer;
    private int _messages, _bytes, _inRow;
    private bool _otherSideClosed;

    public async Task RunAsync()
    {
        try
        {
            _timer = options.Time.CreateTimer(static self => ((PeerSession)self!).TimeIsUp(), this, Limits.Registration, Timeout.InfiniteTimeSpan);
            if (!peer.IsClosing)
            {
                peer.Send(Envelope.Of(new Connected(Wire.Version, registrar.Mode)));
            }

            await ReadAllAsync();
            peer.Close((int)WebSocketCloseStatus.NormalClosure, "");
        }
        catch (ProtocolViolationException violation)
        {
            peer.Close(violation.CloseCode, violation.Message);
        }
        catch (Exception ex) when (IsLoss(ex))
        {
            LogLost(peer.RemoteAddress);
            peer.Abort();
        }
        catch (Exception ex)
        {
            LogFailed(ex);
            peer.Close((int)WebSocketCloseStatus.InternalServerError, "");
        }
        finally
        {
            _batch.Flush();
            await _timer!.DisposeAsync();
        }
    }

    /// <summary>Sees the close through. What still comes is read and dropped: unread bytes would make the network drop our last words.</summary>
    public async Task EndAsync()
    {
        _reader.Discard();
        await peer.SentAsync();
        try
        {
            while (!_otherSideClosed && await peer.Connection.Stream.ReadAsync(Dropped) > 0)
            {
            }
        }
        catch (Exception ex) when (IsLoss(ex))
        {
            // Then there is nothing more to drop.
        }

        peer.Dispose();
    }

    private async Task ReadAllAsync()
    {
        var stream = peer.Connection.Stream;
        while (!_otherSideClosed)
        {
            if (_reader.HoldsNothing)
            {
                // An idle socket waits without a buffer.
#pragma warning disable CA2022 // Nothing is read here.
                await stream.ReadAsync(Memory<byte>.Empty);
#pragma warning restore CA2022
            }

            var count = await stream.ReadAsync(_reader.Room());
            if (count == 0)
            {
                _otherSideClosed = true;
                throw new IOException("The connection ended without a close.");
            }

            _reader.Add(count);
            (peer.HeardAt, peer.PingedAt) = (options.HeartbeatTime.GetTimestamp(), 0);
            var wholeBefore = _messages;
            while (_reader.TryRead(peer.Registration is null ? Limits.UnregisteredMessageBytes : Wire.MaxMessageBytes, out var received))
            {
                if (received.Bytes.Length > LongWork)
                {
                    _batch.Flush();
                    await Task.Yield();
                }

                if (!Take(received))
                {
                    // What a machine asks of the relay itself was asked by nobody else.
                    if (peer.Registration is DaemonRegistration && !_frames.TryTake(1))
                    {
                        throw TooMany();
                    }

                    _batch.Flush();
                    await AnswerAsync(received.Bytes);
                }
            }

            _batch.Flush();
            _reader.Rest();
            NoteProgress(count, isNew: wholeBefore != _messages);
            counters.Forwarded(_messages - wholeBefore, _bytes);
            _bytes = 0;
            if (peer.Tenant?.Bytes.Take(count) is { Ticks: > 0 } debt)
            {
                // Not reading is how a sender is slowed without losing anything.
                await Task.Delay(debt, options.Time);
            }

            if ((_inRow += count) >= LongWork)
            {
                // Who sends faster than we read must not keep the thread that all other sockets wait for.
                _inRow = 0;
                await Task.Yield();
            }
        }
    }

    /// <summary>Deals with a frame, all but what the relay itself has to answer.</summary>
    private bool Take(in Received received)
    {
        if (received.Kind == Opcode.Close)
        {
            _otherSideClosed = true;
            return true;
        }

        if (peer.IsClosing || _otherSideClosed)
        {
            return true;
        }

        // Not for whole messages of machines: they are bounded by what was asked of them, and bringing a client up to date takes thousands of events.
        var isFree = received.IsWhole && received.Kind <= Opcode.Binary && peer.Registration is DaemonRegistration;
        if (!isFree && !_frames.TryTake(1))
        {
            throw TooMany();
        }

        if (received.Kind == Opcode.Ping)
        {
            peer.Control(Opcode.Pong, received.Bytes.Span);
        }

        return received.Kind > Opcode.Binary || !received.IsWhole || TryForward(received.Kind, received.Bytes.Span);
    }

    private bool TryForward(Opcode kind, ReadOnlySpan<byte> bytes)
    {
        _messages++;
        if (peer.Registration is null)
        {
            return kind == Opcode.Text ? false : throw NoMessage();
        }

        RoutedMessage message;
        try
        {
            if (kind == Opcode.Text && !Utf8.IsValid(bytes))
            {
                throw new ProtocolViolationException((int)WebSocketCloseStatus.InvalidPayloadData, "A message is UTF-8.");
            }

            message = kind == Opcode.Text ? RoutedMessage.Read(bytes) : RoutedMessage.ReadBinary(bytes);
        }
        catch (Exception ex) when (ex is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: half a surrogate pair.
            throw NoMessage();
        }

        if (Registrar.IsForRelay(message.Type.Value))
        {
            return message.IsBinary ? throw NoMessage() : false;
        }

        if (Registrar.IsFromRelay(message.Type.Value))
        {
            // Who takes it for the relay's word would act on it.
            counters.Refused(ErrorCode.InvalidRequest);
            if (peer.Registration is ClientRegistration)
            {
                peer.Send(Envelope.OfError(Refusals.RelaysOwn, message.RequestId.IsSet ? message.RequestId.Text : null));
            }

            return true;
        }

        _bytes += bytes.Length;
        switch (peer.Registration)
        {
            case ClientRegistration client:
                switchboard.FromClient(peer, client, message, _batch);
                break;
            case DaemonRegistration daemon:
                switchboard.FromDaemon(peer, daemon, message, _batch);
                break;
        }

        return true;
    }

    private async Task AnswerAsync(ReadOnlyMemory<byte> bytes)
    {
        // Signatures are checked and the database is asked: not on the thread that all other sockets wait for.
        await Task.Yield();
        if (!Utf8.IsValid(bytes.Span))
        {
            throw new ProtocolViolationException((int)WebSocketCloseStatus.InvalidPayloadData, "A message is UTF-8.");
        }

        var message = MessageSocket.Parse(bytes);
        var before = peer.Registration;
        var answered = await registrar.TryAnswerAsync(peer, message);
        if (peer.Registration is { } registration && registration != before)
        {
            if (before is null)
            {
                registered();
            }

            var left = registration.ExpiresAt - options.Time.GetUtcNow() - ExpiryNotice;
            _timer!.Change(left > TimeSpan.Zero ? left : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        }

        if (answered)
        {
            return;
        }

        var refusal = peer.Registration is null ? Refusals.Unregistered : Refusals.WrongRole;
        counters.Refused(refusal.Code);
        peer.Send(Envelope.OfError(refusal, message.RequestId));
        if (peer.Registration is null)
        {
            throw new ProtocolViolationException(CloseCode.NotAuthenticated, "not registered");
        }
    }

    // Fires when the time to register is over; after that a minute before the token's end and at its end. A new registration sets it anew.
    private void TimeIsUp()
    {
        if (peer.Registration is not { } registration)
        {
            peer.Close(CloseCode.RegistrationTimeout, "no registration within 10 seconds");
            return;
        }

        var left = registration.ExpiresAt - options.Time.GetUtcNow();
        if (left <= TimeSpan.Zero)
        {
            peer.Close(CloseCode.NotAuthenticated, "the access token has ended");
            return;
        }

        // First: who hears that it ends may count on it.
        _timer?.Change(left, Timeout.InfiniteTimeSpan);
        peer.Send(Envelope.Of(new TokenExpiring(registration.ExpiresAt.ToUnixTimeSeconds())));
    }

    private void NoteProgress(int count, bool isNew)
    {
        if (!_reader.IsMidMessage)
        {
            peer.BegunAt = 0;
        }
        else if (peer.BegunAt == 0 || isNew)
        {
            (peer.BegunBytes, peer.BegunAt) = (count, peer.HeardAt);
        }
        else
        {
            peer.BegunBytes += count;
        }
    }

    private static bool IsLoss(Exception ex) => ex is IOException or SocketException or ObjectDisposedException or OperationCanceledException;

    private static ProtocolViolationException TooMany() => new(CloseCode.Flooding, "too many messages");

    private static ProtocolViolationException NoMessage() => new(CloseCode.ProtocolError, "A message is one JSON object with a type.");

    [LoggerMessage(Level = LogLevel.Debug, Message = "Connection from {Address} lost")]
    private partial void LogLost(string address);

    [LoggerMessage(Level = LogLevel.Error, Message = "A connection failed")]
    private partial void LogFailed(Exception exception);
}
