using System.Text;
using System.Threading.Channels;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using PocketCoder.Daemon.Features.Agent.Terminal;
using PocketCoder.Protocol;
using PocketCoder.Protocol.Messaging;

namespace PocketCoder.Daemon.Features.Agent;

/// <summary>Sends the answer to a request; what the request causes is sent after it.</summary>
internal delegate ValueTask Reply<TResponse>(TResponse response);

/// <summary>What a session needs of the world around it.</summary>
internal sealed record AgentSurroundings(AgentStore Store, AgentPrograms Programs, AgentSlots Slots, SendMessage Send, TimeProvider Time, TimeSpan WarmFor, ILogger Logger, Terminals Terminals)
{
    /// <summary>Hears of what concerns somebody who looks at no screen; must not wait for anything.</summary>
    public Action<AgentNotice> Notice { get; init; } = _ => { };
}

/// <summary>
/// One conversation with an agent. Everything that changes it (messages, answers, what the agent says, a stop) goes through one inbox and is
/// done one at a time, so its events have one order. An event is on disk before anybody is told; a message is on disk before it is acknowledged,
/// and is marked as given before the agent sees it: after a crash it counts as interrupted and is never run again by itself.
/// </summary>
internal sealed partial class AgentSession : IAsyncDisposable
{
    private const int MaxWaiting = 50;
    private const int ReplayChunk = 500;

    // Far below the largest message, which an event has to fit into at each replay.
    private const int MaxEventBytes = 6 * 1024 * 1024;
    private static readonly TimeSpan InterruptGrace = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan InputPatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ReportGrace = TimeSpan.FromSeconds(3);

    private readonly AgentSurroundings _world;
    private readonly AgentAudience _audience;
    private readonly Channel<Func<Task>> _inbox = Channel.CreateUnbounded<Func<Task>>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Task _working;
    private readonly Queue<StoredMessage> _waiting = new();
    private readonly Dictionary<string, PromptAsked> _prompts = new(StringComparer.Ordinal);
    private readonly StringBuilder _partial = new();

    private SessionRecord _record;
    private IAgentTransport? _agent;
    private Turn? _turn;
    private string _partialMessage = "";
    private int _background;
    private bool _reportDue, _ended;
    private Slot? _slot;
    private ITimer? _cooling;

    public AgentSession(SessionRecord record, AgentSurroundings world)
    {
        (_record, _world) = (record, world);
        _audience = new AgentAudience(record.AgentSessionId, record.ProjectId, world.Send);
        _working = Task.Run(WorkAsync);
    }

    public string Id => _record.AgentSessionId;

    public string ProjectId => _record.ProjectId;

    public string Agent => _record.Agent;

    public bool HasAgent => _agent is not null;

    /// <summary>The session as a list shows it.</summary>
    public AgentSessionEntry Describe() => Describe(_record, State, _waiting.Count, _prompts.Count) with { Background = _background > 0 ? _background : null };

    public static AgentSessionEntry Describe(SessionRecord record, AgentSessionState state, int waiting, int openPrompts) => new(
        record.AgentSessionId, record.Title, record.StartedAt, record.LastActivityAt, record.MessageCount, state, waiting, record.Model,
        openPrompts > 0 ? openPrompts : null, record.Agent, record.Origin);

    private AgentSessionState State =>
        _prompts.Count > 0 ? AgentSessionState.Waiting : _turn is not null ? AgentSessionState.Running : AgentSessionState.Idle;

    /// <summary>Accepts a message: kept, answered, then run when its turn comes. The same id again gets the same answer and nothing runs.</summary>
    /// <param name="begins">The message began the session: a client that asks again has seen nothing of it yet, and gets all.</param>
    public Task AcceptAsync(StoredMessage message, string? clientId, bool begins, Reply<AgentMessageResponse> reply) => DoAsync(async () =>
    {
        if (_world.Store.FindMessage(message.MessageId) is { } known)
        {
            if (known.AgentSessionId != Id)
            {
                throw new RequestException(ErrorCode.InvalidRequest, "This messageId belongs to another session.");
            }

            await TellAsync(() => reply(known.Answer));
            if (begins && clientId is not null && !_audience.Has(clientId))
            {
                await ReplayAsync(clientId, afterSeq: 0, int.MaxValue);
                await ReplayOpenAsync(clientId, afterSeq: 0);
            }

            Attach(clientId);
            await RunNextAsync();
            return;
        }

        if (_ended)
        {
            throw IsEnding();
        }

        await BeforeMessageAsync();
        if (message.Steer && _turn is { Message: not null, CancelRequested: false } turn && _agent is { CanSteer: true } agent)
        {
            await SteerAsync(agent, turn, message, clientId, reply);
            return;
        }

        if (_waiting.Count >= MaxWaiting)
        {
            throw new RequestException(ErrorCode.DaemonBusy, $"{MaxWaiting} messages wait already. Try again when one is done.");
        }

        var queued = _turn is not null || _waiting.Count > 0 || (_agent is null && !_world.Slots.HasRoom);
        var position = queued ? _waiting.Count + 1 : 0;
        _record = _record with { MessageCount = _record.MessageCount + 1 };
        var saved = await SaveAsync(
            [new AgentUser(message.Content, message.MessageId, ToEventImages(message.Images), queued ? true : null) { AgentSessionId = Id }],
            connection => AgentStore.AddMessage(connection, Id, message, position));
        _waiting.Enqueue(message);
        await TellAsync(() => reply(new AgentMessageResponse(queued, position)));
        Attach(clientId);
        await PublishAsync(saved);
        await AnnounceAsync();
        await RunNextAsync();
    });

    /// <summary>A person has seen why the last turn failed.</summary>
    public Task DismissProblemAsync() => DoAsync(async () =>
    {
        await SaveAsync([], connection => AgentStore.SetProblem(connection, Id, null));
        await AnnounceAsync();
    });

    public void Detach(string? clientId) => Post(() =>
    {
        if (clientId is null)
        {
            _audience.DetachAll();
        }
        else
        {
            _audience.Detach(clientId);
        }

        return Task.CompletedTask;
    });

    /// <summary>Ends what the agent runs beside its turns. False when there is nothing.</summary>
    public Task StopTasksAsync(Reply<AgentCancelResponse> reply) => DoAsync(async () =>
    {
        var agent = _background > 0 ? _agent : null;
        await TellAsync(() => reply(new AgentCancelResponse(agent is not null)));
        if (agent is not null)
        {
            // Not awaited: their ends arrive like everything else that it says.
            _ = agent.StopTasksAsync(CancellationToken.None);
        }
    });

    /// <summary>Stops the running turn. False when none runs.</summary>
    public Task CancelAsync(Reply<AgentCancelResponse> reply) => DoAsync(async () =>
    {
        await TellAsync(() => reply(new AgentCancelResponse(_turn is not null)));
        if (_turn is { CancelRequested: false } turn)
        {
            turn.CancelRequested = true;
            if (_agent is { } agent)
            {
                _ = InterruptAsync(agent, turn);
            }
        }
    });

    /// <summary>Answers an open prompt, once: whoever comes later is told that it does not exist.</summary>
    public Task AnswerAsync(AgentPromptResponseRequest answer, string? clientId, Reply<AgentPromptResponseResponse> reply) => DoAsync(async () =>
    {
        if (!_prompts.TryGetValue(answer.PromptId, out var prompt) || _agent is not { } agent)
        {
            throw new RequestException(ErrorCode.NotFound, "This question is not open any more.");
        }

        var suggestions = answer.Suggestions ?? [];
        if (suggestions.Any(index => index < 0 || index >= (prompt.Prompt.Suggestions?.Count ?? 0)) || suggestions.Distinct().Count() != suggestions.Count)
        {
            throw new RequestException(ErrorCode.InvalidRequest, "suggestions must be indexes of the prompt's suggestions, each once.");
        }

        var allow = answer.Decision == PromptDecision.Allow;
        var saved = await ClosePromptAsync(prompt, allow ? PromptOutcome.Allowed : PromptOutcome.Denied, clientId);
        await TellAsync(() => reply(new AgentPromptResponseResponse(true)));
        await PublishAsync(saved);
        await AnnounceAsync();
        try
        {
            await agent.AnswerAsync(
                prompt, new PromptAnswer(allow, suggestions, answer.Message, answer.UpdatedInput, answer.Answers, answer.Interrupt == true), Patience());
        }
        catch (Exception ex)
        {
            // The agent would wait for ever. Its end closes the turn.
            LogNotGiven(ex, Id);
            _ = agent.StopAsync(force: true);
        }
    });

    // What was accepted goes on, whether or not the one who asked still hears of it.
    private static async Task TellAsync(Func<ValueTask> reply)
    {
        try
        {
            await reply();
        }
        catch (Exception ex) when (ex is ChannelClosedException or OperationCanceledException or System.Net.WebSockets.WebSocketException)
        {
        }
    }

    /// <summary>Changes mode and model, of a running turn too.</summary>
    public async Task<AgentSetModeResponse> SetModeAsync(PermissionMode? mode, string? model)
    {
        // The agent's answer is awaited outside the inbox, which meanwhile takes what else the agent says.
        var asked = _agent;
        if (asked is { } agent)
        {
            Require(mode is { } wanted ? await agent.SetModeAsync(wanted, Patience()) : null);
            Require(model is not null ? await agent.SetModelAsync(model, Patience()) : null);
        }

        AgentSetModeResponse response = null!;
        await DoAsync(async () =>
        {
            // It was starting while the other one, or none, was asked.
            if (_agent is { } started && !ReferenceEquals(started, asked))
            {
                Require(mode is { } wanted ? await started.SetModeAsync(wanted, Patience()) : null);
                Require(model is not null ? await started.SetModelAsync(model, Patience()) : null);
            }

            _record = _record with { Model = model ?? _record.Model };
            await KeepModeAsync(mode ?? _record.Mode);
            response = new AgentSetModeResponse(_record.Mode, _record.Model);
        });
        return response;
    }

    private static void Require(string? reason)
    {
        if (reason is not null)
        {
            throw new RequestException(ErrorCode.InvalidRequest, $"The agent did not take this setting: {reason}");
        }
    }

    private void Notice(AgentNotice notice) => _world.Notice(notice);

    private async Task WorkAsync()
    {
        await foreach (var work in _inbox.Reader.ReadAllAsync())
        {
            await work();
        }
    }

    /// <summary>Runs work in the inbox that nobody waits for.</summary>
    private void Post(Func<Task> work) => _ = DoAsync(() => GuardAsync(work));

    private void PostAfter(TimeSpan delay, Func<Task> work) =>
        _ = Task.Delay(delay, _world.Time).ContinueWith(_ => Post(work), TaskScheduler.Default);

    /// <summary>Runs work in the inbox; its exception is the caller's.</summary>
    private Task DoAsync(Func<Task> work)
    {
        TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        var accepted = _inbox.Writer.TryWrite(async () =>
        {
            try
            {
                await work();
                done.TrySetResult();
            }
            catch (Exception ex)
            {
                done.TrySetException(ex);
            }
        });
        return accepted ? done.Task : Task.FromException(IsEnding());
    }

    private void Attach(string? clientId)
    {
        if (clientId is not null)
        {
            _audience.Attach(clientId);
            KeepLooking();
        }
    }

    private static RequestException IsEnding() => new(ErrorCode.DaemonBusy, "The session is being ended, with the daemon or because its project was removed.");

    private static CancellationToken Patience() => new CancellationTokenSource(InputPatience).Token;

    private static List<AgentImage>? ToEventImages(IReadOnlyList<ImageData> images)
    {
        const int previewLength = 256 * 1024;
        return images.Count == 0 ? null : [.. images.Select(i => new AgentImage(i.MediaType, (long)i.Data.Length * 3 / 4, i.Data.Length <= previewLength ? i.Data : null))];
    }
}
