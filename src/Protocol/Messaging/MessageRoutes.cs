namespace PocketCoder.Protocol.Messaging;

/// <summary>Which handler answers which message type.</summary>
public sealed class MessageRoutes
{
    internal delegate Task Handler(Envelope request, RequestContext context, CancellationToken cancellationToken);

    private readonly Dictionary<string, Handler> _routes = new(StringComparer.Ordinal);

    public MessageRoutes(IEnumerable<IFeature> features)
    {
        foreach (var feature in features)
        {
            feature.Map(this);
        }
    }

    /// <summary>The handler returns the answer.</summary>
    public void Map<TRequest, TResponse>(Func<TRequest, RequestContext, CancellationToken, Task<TResponse>> handler)
        where TRequest : IRequest<TResponse>
        where TResponse : IMessage =>
        MapReplying<TRequest, TResponse>(async (request, context, cancellationToken) =>
            await context.ReplyAsync(await handler(request, context, cancellationToken), cancellationToken));

    /// <summary>The handler calls <see cref="RequestContext.ReplyAsync"/> itself, because events follow its answer.</summary>
    public void MapReplying<TRequest, TResponse>(Func<TRequest, RequestContext, CancellationToken, Task> handler)
        where TRequest : IRequest<TResponse>
        where TResponse : IMessage
    {
        // Resolved here, not per message, so that a type missing from its JSON context fails at start-up.
        var requestJson = ProtocolJson.For<TRequest>();
        _ = ProtocolJson.For<TResponse>();
        _routes.Add(TRequest.Type, (request, context, cancellationToken) =>
            handler(request.Read(requestJson), context, cancellationToken));
    }

    internal Handler? Find(string type) => _routes.GetValueOrDefault(type);
}
