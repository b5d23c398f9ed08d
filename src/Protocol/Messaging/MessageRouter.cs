using System.Text.Json;

namespace PocketCoder.Protocol.Messaging;

/// <summary>
/// Takes one request to its handler and answers it exactly once. The only place where an exception becomes an error on the wire.
/// </summary>
public sealed class MessageRouter(MessageRoutes routes, TimeProvider time, Action<string, Exception> onUnexpected)
{
    public async Task DispatchAsync(Envelope request, SendMessage send, CancellationToken cancellationToken)
    {
        RequestContext context = new(request, send);
        try
        {
            if (routes.Find(request.Type) is not { } handler)
            {
                throw new RequestException(ErrorCode.InvalidRequest, $"This version does not know the message type \"{Printable(request.Type)}\".");
            }

            await WithProgressAsync(handler(request, context, cancellationToken), context, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The connection is gone or the daemon is stopping; there is nobody left to answer.
        }
        catch (Exception ex)
        {
            if (!context.Answered)
            {
                await send(Envelope.OfError(ToErrorInfo(request.Type, ex), request.RequestId, request.ClientId), cancellationToken);
            }
            else
            {
                onUnexpected(request.Type, ex);
            }
        }
    }

    // The relay gives up on a request after 15 silent seconds.
    private async Task WithProgressAsync(Task work, RequestContext context, CancellationToken cancellationToken)
    {
        while (!work.IsCompleted)
        {
            using var interval = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var tick = Task.Delay(Wire.ProgressInterval, time, interval.Token);
            if (await Task.WhenAny(work, tick) == tick && !context.Answered && !cancellationToken.IsCancellationRequested)
            {
                await context.SendAsync(new Progress(), cancellationToken);
            }

            await interval.CancelAsync();
            if (cancellationToken.IsCancellationRequested)
            {
                break;
            }
        }

        await work;
    }

    private ErrorInfo ToErrorInfo(string type, Exception exception)
    {
        switch (exception)
        {
            case RequestException refused:
                if (refused.InnerException is not null)
                {
                    // The machine's fault, not the request's.
                    onUnexpected(type, refused);
                }

                return refused.ToErrorInfo();
            case JsonException malformed:
                return new ErrorInfo(ErrorCode.InvalidRequest, Explain(type, malformed));
            default:
                onUnexpected(type, exception);
                return new ErrorInfo(ErrorCode.UnknownError, "Something went wrong on the machine. Its log has the details: pocketcoder logs");
        }
    }

    // System.Text.Json names .NET types in its messages; the path of the offending member is what helps a person.
    private static string Explain(string type, JsonException malformed) => malformed.Path is { Length: > 1 } path
        ? $"The payload of {Printable(type)} is not valid at {Printable(path)}."
        : $"The payload of {Printable(type)} is not valid: a field is missing or has the wrong type.";

    private static string Printable(string text) =>
        string.Concat(text.Where(c => !char.IsControl(c)).Take(80));
}
