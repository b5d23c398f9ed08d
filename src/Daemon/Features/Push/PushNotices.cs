using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using PocketCoder.Daemon.Features.Agent;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Push;

/// <summary>What the notices need of the daemon around them.</summary>
/// <param name="Devices">The ids of the devices that may act for the user now, by the relay's word.</param>
/// <param name="Project">Name and directory of a project; null when it is not registered any more.</param>
internal sealed record PushSurroundings(
    PushStore Store, PushSender Sender, AgentStore Agents, string MachineKey, TimeProvider Time, ILogger Logger,
    Func<CancellationToken, Task<IReadOnlySet<string>>> Devices, Func<string, (string Name, string Path)?> Project);

/// <summary>
/// Decides which device is told what, and sends it: to each device one after the other, so that a slow push service delays no other, and a withdrawal never
/// overtakes what it withdraws.
/// </summary>
internal sealed partial class PushNotices(PushSurroundings world) : IAsyncDisposable
{
    private const int MaxWaitingForDevice = 64;
    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromSeconds(3);

    /// <summary>A turn that ended longer ago is no news.</summary>
    private static readonly TimeSpan NewsFor = TimeSpan.FromHours(1);

    /// <summary>What is told later than this may have been answered meanwhile.</summary>
    private static readonly TimeSpan Late = TimeSpan.FromMinutes(1);

    private readonly CancellationTokenSource _stopping = new();
    private readonly Channel<Func<Task>> _work = Channel.CreateUnbounded<Func<Task>>(new UnboundedChannelOptions { SingleReader = true });
    private readonly ConcurrentDictionary<Uri, Line> _lines = new();

    /// <summary>Open prompts, and the devices that were told of them.</summary>
    private readonly Dictionary<string, HashSet<Uri>> _told = new(StringComparer.Ordinal);
    private Task _working = Task.CompletedTask;

    public void Start() => _working = Task.Run(WorkAsync);

    /// <summary>Takes note; what is to be sent is sent by and by.</summary>
    public void Tell(AgentNotice notice)
    {
        var at = world.Time.GetUtcNow();
        _work.Writer.TryWrite(() => notice switch
        {
            PromptOpened opened => OpenedAsync(opened, at),
            PromptClosed closed => ClosedAsync(closed.PromptId),
            TurnOver over => OverAsync(over, at),
            _ => Task.CompletedTask,
        });
    }

    public async Task<PushOutcome> TestAsync(PushSubscription subscription, CancellationToken cancellationToken)
    {
        if ((await world.Devices(cancellationToken)).Contains(subscription.DeviceId))
        {
            return await SendAsync(subscription, PushText.Test(world.MachineKey), cancellationToken);
        }

        await world.Store.ForgetAsync(subscription.Endpoint);
        return PushOutcome.Gone;
    }

    public async ValueTask DisposeAsync()
    {
        _work.Writer.TryComplete();
        await _stopping.CancelAsync();
        await _working.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.WhenAll(_lines.Values.Select(line => line.Sending)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
    }

    private async Task WorkAsync()
    {
        await foreach (var work in _work.Reader.ReadAllAsync(_stopping.Token))
        {
            try
            {
                await work();
            }
            catch (Exception ex) when (!_stopping.IsCancellationRequested)
            {
                LogNotTold(world.Logger, ex);
            }
        }
    }

    private async Task OpenedAsync(PromptOpened opened, DateTimeOffset at)
    {
        _told.TryAdd(opened.Prompt.PromptId, []);
        var welcome = await WelcomeAsync(wishes => wishes.NeedsYou);
        if (world.Time.GetUtcNow() - at > Late && world.Agents.OpenPrompts().All(open => open.Prompt.PromptId != opened.Prompt.PromptId))
        {
            return;
        }

        foreach (var subscription in welcome)
        {
            AskOrWait(subscription.Endpoint, opened);
        }
    }

    /// <summary>Now; or when its quiet hours are over, if it is still open then.</summary>
    private void AskOrWait(Uri endpoint, PromptOpened opened)
    {
        if (!_told.TryGetValue(opened.Prompt.PromptId, out var told)
            || world.Store.All().FirstOrDefault(s => s.Endpoint == endpoint) is not { Wishes.NeedsYou: true } subscription)
        {
            return;
        }

        if (QuietTime.Left(subscription.Wishes.Quiet, world.Time.GetUtcNow()) is var quiet && quiet > TimeSpan.Zero)
        {
            _ = Task.Delay(quiet, world.Time, _stopping.Token).ContinueWith(
                _ => _work.Writer.TryWrite(async () =>
                {
                    // Who was taken off the list meanwhile is not told after the night either.
                    if ((await WelcomeAsync(wishes => wishes.NeedsYou)).Any(s => s.Endpoint == endpoint))
                    {
                        AskOrWait(endpoint, opened);
                    }
                }),
                _stopping.Token, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
            return;
        }

        told.Add(endpoint);
        Post(subscription, PushText.Asks(opened, world.MachineKey, world.Project(opened.Session.ProjectId), Open()));
    }

    private async Task ClosedAsync(string promptId)
    {
        // Of before a restart nobody knows who was told.
        var told = _told.Remove(promptId, out var endpoints) ? endpoints : null;
        if (told is { Count: 0 })
        {
            return;
        }

        foreach (var subscription in await WelcomeAsync(wishes => wishes.NeedsYou))
        {
            if (told is null || told.Contains(subscription.Endpoint))
            {
                Post(subscription, PushText.Withdrawn(promptId, world.MachineKey, Open()));
            }
        }
    }

    private async Task OverAsync(TurnOver over, DateTimeOffset at)
    {
        var failed = over.Problem is not null;
        foreach (var subscription in await WelcomeAsync(wishes => failed ? wishes.Failed : wishes.Finished))
        {
            if (world.Time.GetUtcNow() - at <= NewsFor && QuietTime.Left(subscription.Wishes.Quiet, world.Time.GetUtcNow()) == TimeSpan.Zero)
            {
                Post(subscription, PushText.Over(over, world.MachineKey, world.Project(over.Session.ProjectId), Open()));
            }
        }
    }

    /// <summary>The subscriptions that want this and whose devices are still welcome; what belongs to a revoked device is forgotten.</summary>
    private async Task<IReadOnlyList<PushSubscription>> WelcomeAsync(Func<PushWishes, bool> wants)
    {
        if (world.Store.All() is not { Count: > 0 } all || !all.Any(s => wants(s.Wishes)))
        {
            return [];
        }

        var devices = await DevicesAsync();
        foreach (var subscription in all.Where(s => !devices.Contains(s.DeviceId)))
        {
            await world.Store.ForgetAsync(subscription.Endpoint);
        }

        return [.. all.Where(s => devices.Contains(s.DeviceId) && wants(s.Wishes))];
    }

    // Without the relay nobody can say who is still welcome, and nobody could answer: so nothing is told until it is back, however long that is.
    private async Task<IReadOnlySet<string>> DevicesAsync()
    {
        while (true)
        {
            try
            {
                return await world.Devices(_stopping.Token);
            }
            catch (Exception ex) when (ex is RequestException { Code: ErrorCode.MachineOffline or ErrorCode.RelayTimeout or ErrorCode.RateLimited } or TimeoutException or OperationCanceledException
                && !_stopping.IsCancellationRequested)
            {
                LogNobodyKnown(world.Logger);
            }

            await Task.Delay(AskAgainAfter, world.Time, _stopping.Token);
        }
    }

    private int Open() => world.Agents.CountOpen() is var (prompts, problems) ? prompts + problems : 0;

    private void Post(PushSubscription subscription, PushNotice notice) =>
        _lines.GetOrAdd(subscription.Endpoint, _ => new Line(work => SendAsync(work.To, work.Notice, _stopping.Token), _stopping.Token)).Post(subscription, notice);

    private async Task<PushOutcome> SendAsync(PushSubscription subscription, PushNotice notice, CancellationToken cancellationToken)
    {
        var outcome = await world.Sender.SendAsync(subscription, notice, cancellationToken);
        if (outcome is PushOutcome.Gone)
        {
            await world.Store.ForgetAsync(subscription.Endpoint);
            _lines.TryRemove(subscription.Endpoint, out _);
        }

        if (outcome is not PushOutcome.Sent)
        {
            LogNotSent(world.Logger, subscription.Endpoint.Host, outcome);
        }

        return outcome;
    }

    /// <summary>What is on its way to one device, in its order.</summary>
    private sealed class Line
    {
        private readonly Channel<(PushSubscription To, PushNotice Notice)> _waiting = Channel.CreateBounded<(PushSubscription, PushNotice)>(
            new BoundedChannelOptions(MaxWaitingForDevice) { SingleReader = true, FullMode = BoundedChannelFullMode.DropOldest });

        public Line(Func<(PushSubscription To, PushNotice Notice), Task<PushOutcome>> send, CancellationToken stopping) => Sending = Task.Run(async () =>
        {
            await foreach (var next in _waiting.Reader.ReadAllAsync(stopping))
            {
                if (await send(next) is PushOutcome.Gone)
                {
                    return;
                }
            }
        }, stopping);

        public Task Sending { get; }

        public void Post(PushSubscription to, PushNotice notice) => _waiting.Writer.TryWrite((to, notice));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A notification could not be sent by {Host}: {Outcome}")]
    private static partial void LogNotSent(ILogger logger, string host, PushOutcome outcome);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A notification was not sent")]
    private static partial void LogNotTold(ILogger logger, Exception exception);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Notifications wait for the relay, which knows which devices are still paired")]
    private static partial void LogNobodyKnown(ILogger logger);
}
