using Microsoft.Extensions.Logging;

namespace PocketCoder.Daemon;

/// <summary>Removes what is kept for some time only: at the start, and every six hours from then on.</summary>
internal sealed partial class Housekeeping(TimeProvider time, ILogger<Housekeeping> logger, params IReadOnlyList<Func<Task>> tasks) : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromHours(6);

    private readonly CancellationTokenSource _stopping = new();
    private Task _running = Task.CompletedTask;

    /// <summary>Ends after the first round.</summary>
    public async Task StartAsync()
    {
        // The clock starts before the work, so that a slow disk does not move it.
        PeriodicTimer timer = new(Interval, time);
        await CleanAsync();
        _running = RunAsync(timer);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
    }

    private async Task RunAsync(PeriodicTimer timer)
    {
        using (timer)
        {
            while (await timer.WaitForNextTickAsync(_stopping.Token))
            {
                await CleanAsync();
            }
        }
    }

    private async Task CleanAsync()
    {
        foreach (var task in tasks)
        {
            try
            {
                await task();
            }
            catch (Exception ex)
            {
                LogNotCleaned(ex);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "What is too old could not be removed")]
    private partial void LogNotCleaned(Exception exception);
}
