using System.Text;
using PocketCoder.Daemon.Features.Projects;
using PocketCoder.Protocol;
using PocketCoder.Protocol.Messaging;

namespace PocketCoder.Daemon.Features.Agent;

internal sealed class AgentFeature(AgentSessions sessions, AgentStore store, ProjectStore projects, AgentPrograms programs) : IFeature
{
    private const int MaxPromptBytes = 256 * 1024;
    private const int MaxImages = 5;
    private const int MaxImageBytes = 5 * 1024 * 1024;
    private const int MaxListed = 200;
    private const int MaxEvents = 500;

    public void Map(MessageRoutes routes)
    {
        routes.MapReplying<AgentSessionNewRequest, AgentSessionNewResponse>(NewAsync);
        routes.MapReplying<AgentMessageRequest, AgentMessageResponse>(MessageAsync);
        routes.Map<AgentSessionsListRequest, AgentSessionsListResponse>(ListAsync);
        routes.MapReplying<AgentSessionAttachRequest, AgentSessionAttachResponse>(AttachAsync);
        routes.Map<AgentEventsRequest, AgentEventsResponse>(EventsAsync);
        routes.MapReplying<AgentCancelRequest, AgentCancelResponse>(CancelAsync);
        routes.Map<AgentSetModeRequest, AgentSetModeResponse>(SetModeAsync);
        routes.MapReplying<AgentPromptResponseRequest, AgentPromptResponseResponse>(AnswerAsync);
        routes.Map<AgentProblemDismissRequest, AgentProblemDismissResponse>(DismissAsync);
    }

    private async Task NewAsync(AgentSessionNewRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        var project = projects.Require(context.ProjectId);
        var message = Validated(request.MessageId, request.Content, request.Images, request.Model, request.PermissionMode, steer: false);
        var program = programs.Require(request.Agent);
        var known = store.FindMessage(message.MessageId);
        if (known is null)
        {
            await program.RequireAsync(cancellationToken);
        }

        var session = known is not null
            ? sessions.Require(known.AgentSessionId, project)
            : sessions.Begin(project, program.Name, message);
        await session.AcceptAsync(message, context.ClientId, begins: true, _ => context.ReplyAsync(new AgentSessionNewResponse(session.Id), cancellationToken));
        await projects.OpenedAsync(project.ProjectId);
    }

    private async Task MessageAsync(AgentMessageRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        var session = Require(request.AgentSessionId, context);
        var message = Validated(request.MessageId, request.Content, request.Images, request.Model, request.PermissionMode, request.Steer == true);
        if (store.FindMessage(message.MessageId) is null)
        {
            await programs.Require(session.Agent).RequireAsync(cancellationToken);
        }

        await session.AcceptAsync(message, context.ClientId, begins: false, response => context.ReplyAsync(response, cancellationToken));
    }

    private async Task<AgentSessionsListResponse> ListAsync(AgentSessionsListRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        var project = projects.Require(context.ProjectId);
        return new AgentSessionsListResponse(await sessions.ListAsync(project, Math.Clamp(request.Limit ?? MaxListed, 1, MaxListed), request.Before));
    }

    private Task AttachAsync(AgentSessionAttachRequest request, RequestContext context, CancellationToken cancellationToken) =>
        request is { AfterSeq: < 0 } or { Limit: < 1 } or { Last: < 1 }
            ? throw new RequestException(ErrorCode.InvalidRequest, "afterSeq cannot be negative, and limit and last are 1 at least.")
            : Require(request.AgentSessionId, context).AttachAsync(Client(context), request, response => context.ReplyAsync(response, cancellationToken));

    private Task<AgentEventsResponse> EventsAsync(AgentEventsRequest request, RequestContext context, CancellationToken cancellationToken) =>
        Require(request.AgentSessionId, context).BeforeAsync(Math.Max(0, request.BeforeSeq), Math.Clamp(request.Limit ?? MaxEvents, 1, MaxEvents));

    private Task CancelAsync(AgentCancelRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        var session = Require(request.AgentSessionId, context);
        Reply<AgentCancelResponse> reply = response => context.ReplyAsync(response, cancellationToken);
        return request.Background == true ? session.StopTasksAsync(reply) : session.CancelAsync(reply);
    }

    private Task<AgentSetModeResponse> SetModeAsync(AgentSetModeRequest request, RequestContext context, CancellationToken cancellationToken) =>
        Require(request.AgentSessionId, context).SetModeAsync(request.PermissionMode, ValidModel(request.Model));

    private Task AnswerAsync(AgentPromptResponseRequest request, RequestContext context, CancellationToken cancellationToken) =>
        Require(request.AgentSessionId, context).AnswerAsync(request, context.ClientId, response => context.ReplyAsync(response, cancellationToken));

    private async Task<AgentProblemDismissResponse> DismissAsync(AgentProblemDismissRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        await Require(request.AgentSessionId, context).DismissProblemAsync();
        return new AgentProblemDismissResponse();
    }

    private AgentSession Require(string agentSessionId, RequestContext context) =>
        sessions.Require(agentSessionId, projects.Require(context.ProjectId));

    private static string Client(RequestContext context) =>
        context.ClientId ?? throw new RequestException(ErrorCode.InvalidRequest, "Only a client can attach.");

    private static StoredMessage Validated(string messageId, string content, IReadOnlyList<ImageData>? images, string? model, PermissionMode? mode, bool steer)
    {
        if (!Guid.TryParse(messageId, out _))
        {
            throw new RequestException(ErrorCode.InvalidRequest, "messageId must be a UUID.");
        }

        if (string.IsNullOrWhiteSpace(content) && images is not { Count: > 0 })
        {
            throw new RequestException(ErrorCode.InvalidRequest, "The message is empty.");
        }

        if (Encoding.UTF8.GetByteCount(content) > MaxPromptBytes)
        {
            throw new RequestException(ErrorCode.InvalidRequest, "The message is longer than 256 KB. Put the text into a file and name the file.");
        }

        if (images is { Count: > MaxImages })
        {
            throw new RequestException(ErrorCode.InvalidRequest, $"At most {MaxImages} images go with one message.");
        }

        foreach (var image in images ?? [])
        {
            var bytes = new byte[(image.Data.Length * 3L / 4) + 3];
            if (!Convert.TryFromBase64String(image.Data, bytes, out var length) || length is 0 or > MaxImageBytes || !ImageType.Fits(image.MediaType, bytes.AsSpan(0, length)))
            {
                throw new RequestException(ErrorCode.InvalidRequest, "An image must be PNG, JPEG, GIF or WebP as its type says, in base64, of at most 5 MB.");
            }
        }

        return new StoredMessage(messageId, content, images ?? [], ValidModel(model), mode, steer);
    }

    // It becomes an argument of the agent's command line.
    private static string? ValidModel(string? model) =>
        model is null || (model.Length is > 0 and <= 100 && !model.StartsWith('-') && model.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_' or ':' or '/' or '[' or ']' or '@'))
            ? model
            : throw new RequestException(ErrorCode.InvalidRequest, "This is not the name of a model.");
}
