using System.Text;
using PocketCoder.Daemon.Features.Projects;
using PocketCoder.Protocol;
using PocketCoder.Protocol.Messaging;

namespace PocketCoder.Daemon.Features.Commands;

internal sealed class CommandsFeature(CommandRuns runs, CommandStore store, ProjectStore projects) : IFeature
{
    private const int DefaultPage = 50;
    private const int MaxPage = 100;
    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan MaxTimeout = TimeSpan.FromMinutes(30);

    public void Map(MessageRoutes routes)
    {
        routes.MapReplying<CommandExecRequest, CommandExit>(ExecAsync);
        routes.MapReplying<CommandAttachRequest, CommandExit>(AttachAsync);
        routes.MapReplying<CommandCancelRequest, CommandCancelResponse>(CancelAsync);
        routes.Map<CommandHistoryRequest, CommandHistoryResponse>(HistoryAsync);
    }

    private Task ExecAsync(CommandExecRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        var project = projects.Require(context.ProjectId);
        Check(request);
        var timeout = request.TimeoutMs is { } ms ? TimeSpan.FromMilliseconds(ms) : DefaultTimeout;
        return FollowAsync(runs.Start(new CommandOrder(project.ProjectId, context.ClientId, context.RequestId, request.Command, timeout), project.Path), context, cancellationToken);
    }

    private Task AttachAsync(CommandAttachRequest request, RequestContext context, CancellationToken cancellationToken) =>
        FollowAsync(runs.Require(context.ProjectId, run => run.Id == request.RunId), context, cancellationToken);

    private static async Task FollowAsync(CommandRun run, RequestContext context, CancellationToken cancellationToken)
    {
        await run.Recorded.WaitAsync(cancellationToken);
        await context.SendAsync(new CommandStarted(run.Id), cancellationToken);
        await foreach (var output in run.FollowAsync(cancellationToken))
        {
            await context.SendAsync(output, cancellationToken);
        }

        await context.ReplyAsync(run.Exit(), cancellationToken);
    }

    private async Task CancelAsync(CommandCancelRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        if (request is not ({ RequestId: not null, RunId: null } or { RequestId: null, RunId: not null }))
        {
            throw new RequestException(ErrorCode.InvalidRequest, "Say which command: either its requestId or its runId.");
        }

        var run = runs.Require(context.ProjectId, run => request.RunId is { } id
            ? run.Id == id
            : run.Order.RequestId == request.RequestId && run.Order.ClientId == context.ClientId);
        if (!run.TryStop(CommandState.Cancelled))
        {
            throw new RequestException(ErrorCode.NotFound, "The command has ended already, or is being ended.");
        }

        try
        {
            await context.ReplyAsync(new CommandCancelResponse(Cancelled: true), cancellationToken);
        }
        finally
        {
            await run.StopAsync();
        }
    }

    private Task<CommandHistoryResponse> HistoryAsync(CommandHistoryRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        var project = projects.Require(context.ProjectId);
        return request.Limit is < 1 or > MaxPage
            ? throw new RequestException(ErrorCode.InvalidRequest, $"limit is 1 to {MaxPage}.")
            : Task.FromResult(new CommandHistoryResponse(store.List(project.ProjectId, request.Limit ?? DefaultPage, request.Before)));
    }

    private static void Check(CommandExecRequest request)
    {
        if (string.IsNullOrWhiteSpace(request.Command))
        {
            throw new RequestException(ErrorCode.InvalidRequest, "The command is empty.");
        }

        // The system would cut it there without a word.
        if (request.Command.Contains('\0', StringComparison.Ordinal))
        {
            throw new RequestException(ErrorCode.InvalidRequest, "A command cannot hold a NUL character.");
        }

        if (Encoding.UTF8.GetByteCount(request.Command) > UserShell.MaxCommandBytes)
        {
            throw new RequestException(ErrorCode.InvalidRequest, "A command may have 131,071 bytes. Put more into a script in the project and run that.");
        }

        if (request.TimeoutMs is { } ms && (ms < 1 || ms > MaxTimeout.TotalMilliseconds))
        {
            throw new RequestException(ErrorCode.InvalidRequest, $"timeoutMs is 1 to {MaxTimeout.TotalMilliseconds:0}.");
        }
    }
}
