namespace PocketCoder.Protocol.Messaging;

/// <summary>Puts a message on the way to the other side.</summary>
public delegate ValueTask SendMessage(Envelope message, CancellationToken cancellationToken);

/// <summary>Who asked, about what, and how to answer.</summary>
public sealed class RequestContext(Envelope request, SendMessage send)
{
    /// <summary>The client that asked, by the relay's word.</summary>
    public string? ClientId => request.ClientId;

    /// <summary>The id that everything about this request carries; unique on the connection of its client.</summary>
    public string? RequestId => request.RequestId;

    /// <summary>The envelope's <c>sessionId</c>: a project.</summary>
    public string? ProjectId => request.SessionId;

    internal bool Answered { get; private set; }

    /// <summary>Sends the one terminal answer. A handler that goes on with events afterwards calls it itself; the router does so for the others.</summary>
    public ValueTask ReplyAsync<TResponse>(TResponse response, CancellationToken cancellationToken)
        where TResponse : IMessage
    {
        if (Answered)
        {
            throw new InvalidOperationException($"{request.Type} was answered already.");
        }

        Answered = true;
        return send(response is IBulkMessage<TResponse> bulk ? Large(bulk, response) : Envelope.Of(response, request.RequestId, request.SessionId, request.ClientId), cancellationToken);
    }

    private Envelope Large<TResponse>(IBulkMessage<TResponse> bulk, TResponse response)
        where TResponse : IMessage
    {
        if (request.ReadsBinary)
        {
            return Envelope.Of(bulk.WithoutBulk(), request.RequestId, request.SessionId, request.ClientId) with { Bulk = bulk.Bulk, Owner = bulk };
        }

        using (bulk)
        {
            // Text of a program has an escape in every eighth character at most, as a rule.
            return Envelope.OfLarge(response, bulk.Bulk.Length + (bulk.Bulk.Length / 8) + 1024, request.RequestId, request.SessionId, request.ClientId);
        }
    }

    /// <summary>Sends something on the way to the answer, under the same request id.</summary>
    public ValueTask SendAsync<TEvent>(TEvent message, CancellationToken cancellationToken)
        where TEvent : IEvent =>
        send(Envelope.Of(message, request.RequestId, request.SessionId, request.ClientId), cancellationToken);
}
