using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Files.Watching;

/// <summary>Numbers an event, puts the number on disk and sends it.</summary>
internal delegate Task PublishChanges(IReadOnlyList<FsChange> changes, bool truncated, CancellationToken cancellationToken);

/// <summary>
/// The changes of one project on their way to its clients. Whatever watches tells it here, from any thread and without waiting; events leave one at a
/// time, when the project is quiet. While one is being sent, what happens meanwhile gathers in the next.
/// </summary>
internal sealed partial class ChangeFeed : IAsyncDisposable
{
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(250);

    /// <summary>A file that is written all the time must not hold back everything else.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly ChangeSet _changes = new();
    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
    private readonly CancellationTokenSource _stopping = new();
    private readonly PublishChanges _publish;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Task _sending;
    private volatile State _state;
    private bool _pending, _announcing;
    private long _first, _last;

    public ChangeFeed(PublishChanges publish, TimeProvider time, ILogger logger)
    {
        (_publish, _time, _logger) = (publish, time, logger);
        _sending = SendAllAsync(_stopping.Token);
    }

    private enum State
    {
        Idle,

        /// <summary>Everything is watched; the clients are yet to be told to list again.</summary>
        Beginning,
        Running,
    }

    /// <summary>From now on every change leads to an event.</summary>
    public bool Running => _state == State.Running;

    /// <summary>The next event says no more than "list again": finding out paths is not worth the while.</summary>
    public bool Truncated => _changes.Truncated;

    public void Appeared(string path, bool isDirectory, bool existed)
    {
        lock (_gate)
        {
            _changes.Appeared(path, isDirectory, existed);
            Touch();
        }
    }

    public void Vanished(string path, bool wasDirectory)
    {
        lock (_gate)
        {
            _changes.Vanished(path, wasDirectory);
            Touch();
        }
    }

    /// <summary>Something changed that cannot be named.</summary>
    public void Truncate()
    {
        lock (_gate)
        {
            _changes.Truncated = true;
            Touch();
        }
    }

    /// <summary>The watch begins, or begins anew after it lost something. What changed before is unknown, so clients are told at once to list again.</summary>
    public void Begin()
    {
        lock (_gate)
        {
            (_state, _announcing) = (_state == State.Running ? State.Running : State.Beginning, false);
            _changes.Truncated = true;
            Touch();
            _first = 0;
        }
    }

    /// <summary>Nothing is watched any more.</summary>
    public void End()
    {
        lock (_gate)
        {
            if (_state == State.Running)
            {
                _changes.Truncated = true;
                Touch();
            }

            (_state, _announcing) = (State.Idle, false);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
    }

    private void Touch()
    {
        _last = _time.GetTimestamp();
        if (!_pending)
        {
            (_pending, _first) = (true, _last);
            _signal.Writer.TryWrite(true);
        }
    }

    private async Task SendAllAsync(CancellationToken cancellationToken)
    {
        await foreach (var _ in _signal.Reader.ReadAllAsync(cancellationToken))
        {
            for (TimeSpan wait; (wait = UntilDue()) > TimeSpan.Zero;)
            {
                await Task.Delay(wait, _time, cancellationToken);
            }

            var (changes, truncated) = Take();
            try
            {
                await _publish(changes, truncated, cancellationToken);
                Announced();
            }
            catch (Exception ex) when (!cancellationToken.IsCancellationRequested)
            {
                // A full disk, mostly. The changes are lost, which the next event says.
                LogNotPublished(ex);
                await Task.Delay(LongestWait, _time, cancellationToken);
                Truncate();
            }
        }
    }

    private TimeSpan UntilDue()
    {
        lock (_gate)
        {
            var (quiet, longest) = (Quiet - _time.GetElapsedTime(_last), LongestWait - _time.GetElapsedTime(_first));
            return TimeSpan.FromMilliseconds(Math.Ceiling((quiet < longest ? quiet : longest).TotalMilliseconds));
        }
    }

    private (IReadOnlyList<FsChange> Changes, bool Truncated) Take()
    {
        lock (_gate)
        {
            (_pending, _announcing) = (false, _state == State.Beginning);
            return _changes.Take();
        }
    }

    private void Announced()
    {
        lock (_gate)
        {
            (_state, _announcing) = (_announcing ? State.Running : _state, false);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "An fs_changed could not be sent")]
    private partial void LogNotPublished(Exception exception);
}
