using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Threading.Channels;
using PocketCoder.Protocol;
using PocketCoder.Protocol.Messaging;

namespace PocketCoder.Daemon.Relay;

/// <summary>One live socket to the relay: a bounded queue with one writer, our own requests that wait for answers, and those of others that are in work.</summary>
internal sealed class RelayLink(MessageSocket socket, TimeProvider time, CancellationTokenSource lifetime)
{
    private static readonly TimeSpan AnswerPatience = TimeSpan.FromSeconds(15);

    // Taken at once: the source is disposed with the link, and somebody may still be about to ask.
    private readonly CancellationToken _ended = lifetime.Token;

    // Wait: a slow relay slows those who produce, it does not grow the memory.
    private readonly Channel<Envelope> _outgoing = Channel.CreateBounded<Envelope>(new BoundedChannelOptions(1024) { SingleReader = true });
    private readonly ConcurrentDictionary<string, TaskCompletionSource<Envelope>> _asked = new(StringComparer.Ordinal);
    private readonly List<Task> _answering = [];

    /// <summary>Ends when this daemon is registered and events have a way out; requests wait for it.</summary>
    public TaskCompletionSource Ready { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Gives the link up, as if it had broken.</summary>
    public void Abandon() => GiveUp(lifetime);

    /// <summary>Ends what has this lifetime, if it has not ended already.</summary>
    public static void GiveUp(CancellationTokenSource lifetime)
    {
        try
        {
            lifetime.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It has ended already.
        }
    }

    public ValueTask SendAsync(Envelope message, CancellationToken cancellationToken) => _outgoing.Writer.WriteAsync(Bounded(message), cancellationToken);

    // The relay closes the whole connection over one message that is too large.
    private static Envelope Bounded(Envelope message) => message.BodyLength <= Wire.MaxMessageBytes - 4096
        ? message
        : Envelope.OfError(new ErrorInfo(ErrorCode.FileTooLarge, "The answer is too large to be sent. Ask for a part of it."), message.RequestId, message.ClientId);

    /// <summary>Asks the relay itself. An error becomes a <see cref="RequestException"/>.</summary>
    public async Task<TResponse> AskAsync<TRequest, TResponse>(TRequest request, CancellationToken cancellationToken)
        where TRequest : IRequest<TResponse>
        where TResponse : IMessage
    {
        var answer = await AskAsync(Envelope.Of(request, requestId: $"d_{Guid.NewGuid():N}"), cancellationToken);
        if (answer.Type == Wire.Error)
        {
            var error = answer.ReadError();
            throw new RequestException(error.Code, error.Message, error.Details);
        }

        return answer.Read<TResponse>();
    }

    /// <summary>Notes that a request of somebody else is in work.</summary>
    public void Answering(Task work)
    {
        lock (_answering)
        {
            _answering.RemoveAll(task => task.IsCompleted);
            _answering.Add(work);
        }
    }

    /// <summary>Ends when each request that is in work now has been dealt with. Fails when one did.</summary>
    public Task AnsweredAsync()
    {
        lock (_answering)
        {
            return Task.WhenAll(_answering);
        }
    }

    /// <summary>A round trip through the relay; throws when it takes too long.</summary>
    public Task PingAsync(CancellationToken cancellationToken, TimeSpan? patience = null) =>
        AskAsync(new Envelope { Type = Wire.Ping, RequestId = $"d_{Guid.NewGuid():N}" }, cancellationToken, patience);

    /// <summary>True when the message was the answer to a request of ours.</summary>
    public bool TryComplete(Envelope message) =>
        message.RequestId is { } id && message.ClientId is null && _asked.TryRemove(id, out var asked) && asked.TrySetResult(message);

    /// <summary>The only writer of the socket.</summary>
    public async Task SendAllAsync()
    {
        try
        {
            await foreach (var message in _outgoing.Reader.ReadAllAsync(_ended))
            {
                await socket.SendAsync(message, _ended);
            }
        }
        catch (Exception ex) when (ex is WebSocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The reader finds out and reconnects.
        }
        finally
        {
            _outgoing.Writer.TryComplete();
        }
    }

    private async Task<Envelope> AskAsync(Envelope request, CancellationToken cancellationToken, TimeSpan? patience = null)
    {
        TaskCompletionSource<Envelope> answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _asked[request.RequestId!] = answered;
        Sending sending = new();
        try
        {
            await SendAsync(request with { Owner = sending }, cancellationToken);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _ended);
            await SentAsync(sending.Done, patience ?? AnswerPatience, limit.Token);
            return await answered.Task.WaitAsync(patience ?? AnswerPatience, time, limit.Token);
        }
        catch (OperationCanceledException) when (answered.Task.IsCompletedSuccessfully)
        {
            // The answer was the last thing that the relay said on this link.
            return await answered.Task;
        }
        catch (ChannelClosedException)
        {
            throw new RequestException(ErrorCode.MachineOffline, "The link to the relay broke a moment ago. Try again when it is back: pocketcoder status");
        }
        finally
        {
            _asked.TryRemove(request.RequestId!, out _);
        }
    }

    // What waits before it may be large and the line slow: as long as the other side takes it, it is there.
    private async Task SentAsync(Task sent, TimeSpan patience, CancellationToken cancellationToken)
    {
        for (var frames = socket.FramesSent; ; frames = socket.FramesSent)
        {
            try
            {
                await sent.WaitAsync(patience, time, cancellationToken);
                return;
            }
            catch (TimeoutException) when (socket.FramesSent != frames)
            {
            }
        }
    }

    /// <summary>Done when the message that it belongs to has been sent.</summary>
    private sealed class Sending : IDisposable
    {
        private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Done => _done.Task;

        public void Dispose() => _done.TrySetResult();
    }
}
