using System.Collections.Concurrent;
using PocketCoder.Daemon.Features.Git;
using PocketCoder.Daemon.Features.Projects;
using PocketCoder.Protocol;
using PocketCoder.Protocol.Messaging;

namespace PocketCoder.Daemon.Features.Files.Search;

/// <summary>Searches that run, and how they are ended.</summary>
internal sealed class SearchFeature(ProjectStore projects, GitFiles git) : IFeature
{
    private const int MaxRunning = 4;
    private const int MaxQueryLength = 1000;
    private const int DefaultLimit = 1000, MaxLimit = 10_000;

    private readonly ConcurrentDictionary<(string? ClientId, string? RequestId), CancellationTokenSource> _running = new();

    public void Map(MessageRoutes routes)
    {
        routes.Map<FsSearchRequest, FsSearchResponse>(SearchAsync);
        routes.Map<FsSearchCancelRequest, FsSearchCancelResponse>(CancelAsync);
    }

    /// <summary>Nobody is left to see the matches. Null: all clients.</summary>
    public void ClientGone(string? clientId)
    {
        foreach (var (key, search) in _running)
        {
            if (clientId is null || key.ClientId == clientId)
            {
                TryCancel(search);
            }
        }
    }

    private async Task<FsSearchResponse> SearchAsync(FsSearchRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        var project = projects.Require(context.ProjectId);
        if (string.IsNullOrWhiteSpace(request.Query) || request.Query.Length > MaxQueryLength || request.Query.AsSpan().ContainsAny('\0', '\n', '\r'))
        {
            throw new RequestException(ErrorCode.InvalidRequest, $"Say what to look for: one line of at most {MaxQueryLength} characters.");
        }

        var limit = request.Limit ?? DefaultLimit;
        if (limit is < 1 or > MaxLimit)
        {
            throw new RequestException(ErrorCode.InvalidRequest, $"limit goes from 1 to {MaxLimit}.");
        }

        using var cancelled = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var key = (context.ClientId, context.RequestId);
        if (_running.Count >= MaxRunning)
        {
            throw new RequestException(ErrorCode.DaemonBusy, $"{MaxRunning} searches run already. End one, or wait.");
        }

        if (!_running.TryAdd(key, cancelled))
        {
            throw new RequestException(ErrorCode.InvalidRequest, "A search with this requestId runs already.");
        }

        try
        {
            // Off the thread that reads the socket: a disk can be slow.
            return await Task.Run(async () =>
            {
                using var tree = ProjectTree.Open(project.Path);
                return await new FileSearch(tree, new SearchCandidates(tree, git, project), request, limit).RunAsync(matches => context.SendAsync(matches, cancellationToken), cancelled.Token);
            }, cancellationToken);
        }
        finally
        {
            _running.TryRemove(key, out _);
        }
    }

    private Task<FsSearchCancelResponse> CancelAsync(FsSearchCancelRequest request, RequestContext context, CancellationToken cancellationToken) =>
        _running.TryGetValue((context.ClientId, request.RequestId), out var search) && TryCancel(search)
            ? Task.FromResult(new FsSearchCancelResponse(true))
            : throw new RequestException(ErrorCode.NotFound, "There is no such search; it may be over.");

    private static bool TryCancel(CancellationTokenSource search)
    {
        try
        {
            search.Cancel();
            return true;
        }
        catch (ObjectDisposedException)
        {
            // It ended at this very moment.
            return false;
        }
    }
}
