using System.Collections.Concurrent;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Git;

/// <summary>One change at a time in a repository, so that two phones do not fight for its index.lock. Work waits in the order in which it came.</summary>
internal sealed class RepositoryLanes
{
    private const int MaxWaiting = 20;
    private readonly ConcurrentDictionary<string, Lane> _lanes = new(StringComparer.Ordinal);

    /// <summary>Waits for the turn; disposing the result ends it. <c>DAEMON_BUSY</c> when 20 wait already.</summary>
    public Task<IDisposable> EnterAsync(string repository, CancellationToken cancellationToken) =>
        _lanes.GetOrAdd(repository, _ => new Lane()).EnterAsync(cancellationToken);

    private sealed class Lane : IDisposable
    {
        private readonly SemaphoreSlim _free = new(1);
        private int _waiting;

        public async Task<IDisposable> EnterAsync(CancellationToken cancellationToken)
        {
            try
            {
                if (Interlocked.Increment(ref _waiting) > MaxWaiting)
                {
                    throw new RequestException(ErrorCode.DaemonBusy, "Too many changes to this repository wait already. Try again when they are done.");
                }

                await _free.WaitAsync(cancellationToken);
                return this;
            }
            finally
            {
                Interlocked.Decrement(ref _waiting);
            }
        }

        /// <summary>Ends the turn. The lane itself stays for the next.</summary>
        public void Dispose() => _free.Release();
    }
}
