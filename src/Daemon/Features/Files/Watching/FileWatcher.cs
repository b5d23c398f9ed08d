using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using PocketCoder.Daemon.Features.Projects;
using PocketCoder.Protocol;
using PocketCoder.Protocol.Messaging;

namespace PocketCoder.Daemon.Features.Files.Watching;

/// <summary>Tells the clients what changes in the projects. An event's <c>seq</c> is on disk before it is sent; without a link it is sent to nobody.</summary>
internal sealed class FileWatcher : IAsyncDisposable
{
    /// <summary>What to do on the machine when the system has too few.</summary>
    public const string MoreWatches = "sudo sysctl fs.inotify.max_user_watches=1048576", MoreInstances = "sudo sysctl fs.inotify.max_user_instances=1024";

    private const int NamesInWarning = 3;

    private readonly ConcurrentDictionary<string, WatchedProject> _watched = new(StringComparer.Ordinal);
    private readonly Lock _adding = new();
    private readonly ProjectStore _projects;
    private readonly SendMessage _send;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    public FileWatcher(ProjectStore projects, SendMessage send, TimeProvider time, ILogger<FileWatcher> logger)
    {
        (_projects, _send, _time, _logger) = (projects, send, time, logger);
        Trees = OperatingSystem.IsLinux() ? new InotifyWatcher(time, logger) : new SystemWatcher(time);
    }

    internal ITreeWatcher Trees { get; }

    /// <summary>Returns at once; the project's tree is walked beside everything else.</summary>
    public void Add(Project project)
    {
        lock (_adding)
        {
            if (!_watched.ContainsKey(project.ProjectId))
            {
                ChangeFeed feed = new((changes, truncated, ct) => PublishAsync(project.ProjectId, changes, truncated, ct), _time, _logger);
                Trees.Watch(_watched[project.ProjectId] = new WatchedProject(project, feed));
            }
        }
    }

    public async Task RemoveAsync(string projectId)
    {
        if (_watched.TryRemove(projectId, out var watched))
        {
            Trees.Forget(watched);
            await watched.Feed.DisposeAsync();
        }
    }

    public bool IsRunning(string projectId) => _watched.TryGetValue(projectId, out var watched) && watched.Feed.Running;

    /// <summary>Sentences about what is not watched as it should be, and what to do about it.</summary>
    public IEnumerable<string> Warnings() => _watched.Values
        .Where(w => w.Problem != WatchProblem.None)
        .GroupBy(w => w.Problem, (problem, group) => Warning(problem, [.. group.Select(w => w.Name).Order(StringComparer.Ordinal)]))
        .Order(StringComparer.Ordinal);

    public async ValueTask DisposeAsync()
    {
        await Trees.DisposeAsync();
        await Task.WhenAll(_watched.Values.Select(w => w.Feed.DisposeAsync().AsTask()));
    }

    private async Task PublishAsync(string projectId, IReadOnlyList<FsChange> changes, bool truncated, CancellationToken cancellationToken)
    {
        if (await _projects.NextFsSeqAsync(projectId) is { } seq)
        {
            await _send(Envelope.Of(new FsChanged(seq, changes, truncated ? true : null), sessionId: projectId), cancellationToken);
        }
    }

    private static string Warning(WatchProblem problem, string[] names)
    {
        var who = string.Join(", ", names.Take(NamesInWarning)) + (names.Length > NamesInWarning ? $" and {names.Length - NamesInWarning} more" : "");
        return problem switch
        {
            WatchProblem.DirectoryGone => $"{who}: the directory is gone. If it moved, register it again: pocketcoder add PATH",
            WatchProblem.NoMoreInstances =>
                $"{who}: the system has no inotify instance left, so changes are looked for every few seconds instead. Allow more: {MoreInstances}",
            _ => $"{who}: the system has no inotify watches left, so changes are looked for every few seconds instead. Allow more: {MoreWatches}",
        };
    }
}
