using System.Runtime.Versioning;

namespace PocketCoder.Daemon.Features.Files.Watching;

/// <summary>
/// Looks at a project again and again, for when the system has no watches left. It takes a twentieth of its time at most. What it finds is told on the thread
/// of the watcher, so that nothing of it comes after the project is watched again; when the directory is gone, it ends and says so.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class Poller : IDisposable
{
    private const int Rest = 20;
    private static readonly TimeSpan ShortestRest = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _stopping = new();
    private readonly WatchedProject _project;
    private readonly Action<Action> _post;
    private readonly Action _gone;
    private readonly SemaphoreSlim _turn;
    private readonly TimeProvider _time;

    /// <param name="turn">Taken by who walks: one project at a time.</param>
    public Poller(WatchedProject project, Action<Action> post, Action gone, SemaphoreSlim turn, TimeProvider time)
    {
        (_project, _post, _gone, _turn, _time) = (project, post, gone, turn, time);
        _ = RunAsync(_stopping.Token);
    }

    // Not disposed: the loop may be about to use it, and it holds nothing but memory.
    public void Dispose() => _stopping.Cancel();

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        TreeSnapshot? last = null;
        while (true)
        {
            await _turn.WaitAsync(cancellationToken);
            var started = _time.GetTimestamp();
            TreeSnapshot? now;
            try
            {
                now = await Task.Run(() => TreeSnapshot.Take(_project.Path), cancellationToken);
            }
            finally
            {
                _turn.Release();
            }

            var before = last;
            cancellationToken.ThrowIfCancellationRequested();
            _post(() =>
            {
                if (!cancellationToken.IsCancellationRequested)
                {
                    Tell(before, now);
                }
            });
            if (now is null)
            {
                return;
            }

            last = now;
            var rest = _time.GetElapsedTime(started) * Rest;
            await Task.Delay(rest > ShortestRest ? rest : ShortestRest, _time, cancellationToken);
        }
    }

    private void Tell(TreeSnapshot? before, TreeSnapshot? now)
    {
        if (now is null)
        {
            _gone();
        }
        else if (before is null)
        {
            _project.Feed.Begin();
        }
        else
        {
            now.TellChanges(before, _project.Feed);
        }
    }
}
