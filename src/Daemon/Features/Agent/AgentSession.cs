using System.Text;
using System.Threading.Channels;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using PocketCoder.Protocol;
using PocketCoder.Protocol.Messaging;

namespace PocketCoder.Daemon.Features.Agent;

/// <summary>Sends the answer to a request; what the request causes is sent after it.</summary>
internal delegate ValueTask Reply<TResponse>(TResponse response);

/// <summary>What a session needs of the world around it.</summary>
internal sealed record AgentSurroundings(AgentStore Store, StartAgent Start, SendMessage Send, TimeProvider Time, TimeSpan WarmFor, ILogger Logger);

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
    private ITimer? _cooling;

    private sealed class Turn(StoredMessage? message, long startedAt)
    {
        public StoredMessage? Message => message;

        public long StartedAt => startedAt;

        public bool CancelRequested { get; set; }

        public bool BegunTwice { get; set; }
    }

    public AgentSession(SessionRecord record, AgentSurroundings world)
    {
        (_record, _world) = (record, world);
        _audience = new AgentAudience(record.AgentSessionId, record.ProjectId, world.Send);
        _working = Task.Run(WorkAsync);
    }

    public string Id => _record.AgentSessionId;

    public string ProjectId => _record.ProjectId;

    public bool HasAgent => _agent is not null;

    /// <summary>The session as a list shows it.</summary>
    public AgentSessionEntry Describe() => Describe(_record, State, _waiting.Count, _prompts.Count);

    public static AgentSessionEntry Describe(SessionRecord record, AgentSessionState state, int waiting, int openPrompts) => new(
        record.AgentSessionId, record.Title, record.StartedAt, record.LastActivityAt, record.MessageCount, state, waiting, record.Model,
        openPrompts > 0 ? openPrompts : null);

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

            await TellAsync(() => reply(new AgentMessageResponse(known.Position > 0, known.Position)));
            if (begins && clientId is not null && !_audience.Has(clientId))
            {
                await ReplayAsync(clientId, afterSeq: 0);
            }

            Attach(clientId);
            await RunNextAsync();
            return;
        }

        if (_waiting.Count >= MaxWaiting)
        {
            throw new RequestException(ErrorCode.DaemonBusy, $"{MaxWaiting} messages wait already. Try again when one is done.");
        }

        var queued = _turn is not null || _waiting.Count > 0;
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

    /// <summary>Sends what the client missed, answers, then goes on live.</summary>
    public Task AttachAsync(string clientId, long afterSeq, Reply<AgentSessionAttachResponse> reply) => DoAsync(async () =>
    {
        await ReplayAsync(clientId, afterSeq);
        _audience.Attach(clientId);
        await TellAsync(() => reply(new AgentSessionAttachResponse(_record.LastSeq, State)));
    });

    private async Task ReplayAsync(string clientId, long afterSeq)
    {
        var cursor = afterSeq;
        while (_world.Store.Events(Id, cursor, ReplayChunk) is { Count: > 0 } events)
        {
            foreach (var (seq, json) in events)
            {
                await _audience.SendToAsync(clientId, json);
                cursor = seq;
            }
        }

        foreach (var json in _world.Store.OpenPromptEvents(Id, afterSeq))
        {
            await _audience.SendToAsync(clientId, json);
        }

        if (_partial.Length > 0)
        {
            await _audience.SendToAsync(clientId, AgentAudience.ToJson(Delta(_partialMessage, _partial.ToString())));
        }
    }

    public Task DetachAsync(string? clientId) => DoAsync(() =>
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

    /// <summary>After a start: what was open when the daemon died is closed, what waited goes on.</summary>
    public Task RecoverAsync() => DoAsync(async () =>
    {
        foreach (var promptId in _world.Store.OpenPrompts(Id))
        {
            await PublishAsync(await SaveAsync(
                [new AgentPromptResolved(promptId, PromptOutcome.Withdrawn) { AgentSessionId = Id }],
                connection => AgentStore.RemovePrompt(connection, promptId)));
        }

        foreach (var (message, state) in _world.Store.OpenMessages(Id))
        {
            if (state == MessageState.Given)
            {
                _turn = new Turn(message, _world.Time.GetTimestamp());
                await EndTurnAsync(new AgentDone(Cancelled: false, IsError: true, "The daemon stopped in the middle of this turn.", Interrupted: true) { AgentSessionId = Id });
            }
            else
            {
                _waiting.Enqueue(message);
            }
        }

        await RunNextAsync();
    });

    public async ValueTask DisposeAsync()
    {
        await DoAsync(async () =>
        {
            _waiting.Clear();
            if (_turn is not null)
            {
                await EndTurnAsync(new AgentDone(Cancelled: false, IsError: true, "The daemon was stopped in the middle of this turn.", Interrupted: true) { AgentSessionId = Id });
            }
        });
        if (Interlocked.Exchange(ref _agent, null) is { } agent)
        {
            await agent.StopAsync(force: true);
        }

        _inbox.Writer.TryComplete();
        await _working;
        _cooling?.Dispose();
    }

    private async Task WorkAsync()
    {
        await foreach (var work in _inbox.Reader.ReadAllAsync())
        {
            await work();
        }
    }

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
        return accepted ? done.Task : Task.CompletedTask;
    }

    private async Task RunNextAsync()
    {
        while (_turn is null && _waiting.TryPeek(out var message))
        {
            _cooling?.Dispose();
            IReadOnlyList<byte[]> saved;
            try
            {
                _turn = new Turn(message, _world.Time.GetTimestamp());
                saved = await SaveAsync(
                    [new AgentStatus(AgentActivity.Running) { AgentSessionId = Id }],
                    connection => AgentStore.SetMessage(connection, message.MessageId, MessageState.Given));
            }
            catch
            {
                // Not on disk, so not given: it waits on, and the next message tries again.
                _turn = null;
                throw;
            }

            _waiting.Dequeue();
            await PublishAsync(saved);
            await AnnounceAsync();
            try
            {
                await GiveAsync(message);
            }
            catch (Exception ex)
            {
                await FailTurnAsync(ex);
            }
        }
    }

    private async Task GiveAsync(StoredMessage message)
    {
        if (_agent is { } warm)
        {
            Require(message.PermissionMode is { } mode ? await warm.SetModeAsync(mode, Patience()) : null);
            Require(message.Model is { } model ? await warm.SetModelAsync(model, Patience()) : null);
        }

        // An agent that starts gets them as arguments.
        _record = _record with { Mode = message.PermissionMode ?? _record.Mode, Model = message.Model ?? _record.Model };
        var agent = _agent ?? await StartAsync();

        await agent.SendAsync(new UserInput(message.MessageId, message.Content, message.Images), Patience());
    }

    private async Task<IAgentTransport> StartAsync()
    {
        await SurvivorGoneAsync();
        var agent = await _world.Start(new AgentStart(_record.AgentId, _record.Begun, _record.Cwd, _record.Model, _record.Mode), Patience());
        _agent = agent;
        _ = ListenAsync(agent);
        _record = _record with { ProcessId = agent.ProcessId, ProcessStarted = ProcessIdentity.StartTime(agent.ProcessId) };
        await SaveAsync([], null);
        return agent;
    }

    // Two processes on one session lose one branch of its history. The supervisor of a daemon that was killed needs some seconds to end its agent.
    private async Task SurvivorGoneAsync()
    {
        if (_record is not { ProcessId: { } pid, ProcessStarted: { } started })
        {
            return;
        }

        for (var tries = 0; tries < 200 && ProcessIdentity.StartTime(pid) == started; tries++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50));
        }
    }

    private async Task ListenAsync(IAgentTransport agent)
    {
        List<AgentSignal> batch = [];
        while (await agent.Signals.WaitToReadAsync())
        {
            while (batch.Count < 200 && agent.Signals.TryRead(out var signal))
            {
                batch.Add(signal);
            }

            if (ReferenceEquals(_agent, agent))
            {
                try
                {
                    await DoAsync(() => HearAsync(agent, batch));
                }
                catch (Exception ex)
                {
                    LogLostSignal(ex);
                }
            }

            batch.Clear();
        }

        await agent.DisposeAsync();
    }

    private async Task HearAsync(IAgentTransport agent, List<AgentSignal> signals)
    {
        List<AgentEvent> events = [];
        foreach (var signal in signals)
        {
            if (signal is Happened happened)
            {
                Note(happened.Event, events);
                continue;
            }

            await GuardAsync(() => FlushAsync(events));
            await GuardAsync(() => HearAsync(agent, signal));
        }

        await GuardAsync(() => FlushAsync(events));
    }

    // What cannot be kept (a full disk) must not take with it what follows: above all not the end of the turn or of the agent.
    private async Task GuardAsync(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (Exception ex)
        {
            LogLostSignal(ex);
        }
    }

    private async Task HearAsync(IAgentTransport agent, AgentSignal signal)
    {
        switch (signal)
        {
            case TextGrew grew:
                await GrowAsync(grew);
                break;
            case PromptAsked asked:
                await AskAsync(asked);
                break;
            case PromptWithdrawn withdrawn when _prompts.Values.FirstOrDefault(p => p.RequestId == withdrawn.RequestId) is { } prompt:
                await PublishAsync(await ClosePromptAsync(prompt, PromptOutcome.Withdrawn, by: null));
                await AnnounceAsync();
                break;
            case TurnEnded ended when _turn is { } turn:
                await EndTurnAsync(Done(ended, turn));
                await RunNextAsync();
                break;
            case AgentIdChanged changed:
                _record = _record with { AgentId = changed.AgentId, Begun = true };
                await SaveAsync([], null);
                break;
            case TitleChanged title:
                _record = _record with { Title = title.Title };
                await SaveAsync([], null);
                await AnnounceAsync();
                break;
            case ModeChanged mode:
                await ModeAsync(mode);
                break;
            case AgentExited exited:
                await ExitedAsync(agent, exited);
                break;
        }
    }

    private void Note(AgentEvent happened, List<AgentEvent> events)
    {
        switch (happened)
        {
            case AgentInit:
                _record = _record with { Begun = true };

                // Background work that ends can begin a turn of its own.
                _turn ??= new Turn(null, _world.Time.GetTimestamp());
                break;
            case AgentText { ParentToolUseId: null } or AgentStatus { State: AgentActivity.Retrying }:
                _partial.Clear();
                break;
        }

        events.Add(happened);
    }

    private async Task FlushAsync(List<AgentEvent> events)
    {
        if (events.Count > 0)
        {
            List<AgentEvent> batch = [.. events];
            events.Clear();
            await PublishAsync(await SaveAsync(batch, null));
        }
    }

    private async Task GrowAsync(TextGrew grew)
    {
        if (grew.MessageId != _partialMessage)
        {
            _partialMessage = grew.MessageId;
            _partial.Clear();
        }

        _partial.Append(grew.Delta);
        await _audience.PublishAsync(AgentAudience.ToJson(Delta(grew.MessageId, grew.Delta)));
    }

    private async Task AskAsync(PromptAsked asked)
    {
        _prompts.Add(asked.Prompt.PromptId, asked);
        await PublishAsync(await SaveAsync(
            [asked.Prompt, new AgentStatus(AgentActivity.Waiting) { AgentSessionId = Id }],
            connection => AgentStore.AddPrompt(connection, Id, asked.Prompt.PromptId, _record.LastSeq - 1)));
        await AnnounceAsync();
    }

    private Task<IReadOnlyList<byte[]>> ClosePromptAsync(PromptAsked prompt, PromptOutcome outcome, string? by)
    {
        _prompts.Remove(prompt.Prompt.PromptId);
        List<AgentEvent> events = [new AgentPromptResolved(prompt.Prompt.PromptId, outcome, by) { AgentSessionId = Id }];
        if (_turn is not null && _prompts.Count == 0)
        {
            events.Add(new AgentStatus(AgentActivity.Running) { AgentSessionId = Id });
        }

        return SaveAsync(events, connection => AgentStore.RemovePrompt(connection, prompt.Prompt.PromptId));
    }

    private async Task ModeAsync(ModeChanged changed)
    {
        if (Enum.GetValues<PermissionMode>().FirstOrDefault(m => Claude.ClaudeProcess.ModeName(m) == changed.PermissionMode) is var mode && mode != _record.Mode)
        {
            await KeepModeAsync(mode);
        }
    }

    // Whoever follows the session, now or later, knows its mode from its events alone.
    private async Task KeepModeAsync(PermissionMode mode)
    {
        List<AgentEvent> events = [];
        if (mode != _record.Mode)
        {
            var activity = _prompts.Count > 0 ? AgentActivity.Waiting : _turn is null ? AgentActivity.Idle : AgentActivity.Running;
            events.Add(new AgentStatus(activity) { AgentSessionId = Id, PermissionMode = Claude.ClaudeProcess.ModeName(mode) });
            _record = _record with { Mode = mode };
        }

        await PublishAsync(await SaveAsync(events, null));
    }

    private async Task ExitedAsync(IAgentTransport agent, AgentExited exited)
    {
        Interlocked.CompareExchange(ref _agent, null, agent);
        _record = _record with { ProcessId = null, ProcessStarted = null };
        if (_turn is not { } turn)
        {
            // Work in the background can ask between turns.
            foreach (var prompt in _prompts.Values.ToList())
            {
                await PublishAsync(await ClosePromptAsync(prompt, PromptOutcome.Withdrawn, by: null));
            }

            await SaveAsync([], null);
            await AnnounceAsync();
            return;
        }

        // A daemon that died between the agent's first line and its own note of it: the session exists and is to be resumed.
        if (!_record.Begun && !turn.BegunTwice && turn.Message is { } message && exited.Reason.Contains("already in use", StringComparison.Ordinal))
        {
            _record = _record with { Begun = true };
            turn.BegunTwice = true;
            await GiveAsync(message);
            return;
        }

        LogExited(exited.ExitCode, Id);
        var result = exited.Reason.Length > 0 ? exited.Reason : $"The agent ended with exit code {exited.ExitCode}.";
        await EndTurnAsync(turn.CancelRequested
            ? new AgentDone(Cancelled: true, IsError: false, DurationMs: Elapsed(turn)) { AgentSessionId = Id }
            : new AgentDone(Cancelled: false, IsError: true, result, Elapsed(turn), Interrupted: true) { AgentSessionId = Id });
        await RunNextAsync();
    }

    private async Task InterruptAsync(IAgentTransport agent, Turn turn)
    {
        await agent.InterruptAsync(CancellationToken.None);
        await Task.Delay(InterruptGrace, _world.Time);
        if (ReferenceEquals(_turn, turn) && ReferenceEquals(_agent, agent))
        {
            LogForced(Id);
            await agent.StopAsync(force: true);
        }
    }

    private async Task FailTurnAsync(Exception exception)
    {
        if (Interlocked.Exchange(ref _agent, null) is { } stuck)
        {
            _ = stuck.StopAsync(force: true);
        }

        var (code, message) = exception switch
        {
            RequestException { Code: ErrorCode.AgentUnavailable } refused => (refused.Details?.Reason ?? "unavailable", refused.Message),
            RequestException refused => ("failed", refused.Message),
            OperationCanceledException => ("stuck", "The agent does not take messages any more. It was stopped; send the message again."),
            _ => ("failed", "The agent could not be started."),
        };
        LogNotGiven(exception, Id);
        await PublishAsync(await SaveAsync([new AgentError(code, message) { AgentSessionId = Id }], null));
        await EndTurnAsync(new AgentDone(Cancelled: false, IsError: true, message) { AgentSessionId = Id });
    }

    private AgentDone Done(TurnEnded ended, Turn turn)
    {
        var cost = ended.TotalCostUsd - _record.CostUsd;
        if (ended.IsError && ended.Result?.Contains("No conversation found", StringComparison.Ordinal) == true)
        {
            // Claude Code deletes old transcripts. The next message begins anew under a new id.
            _record = _record with { Begun = false, AgentId = Guid.NewGuid().ToString() };
        }

        _record = _record with { CostUsd = ended.TotalCostUsd ?? _record.CostUsd };
        var cancelled = turn.CancelRequested || ended.Aborted;
        return new AgentDone(
            cancelled, ended.IsError && !cancelled, ended.Result is { Length: > 0 } result ? result : null, Elapsed(turn), cost is > 0 ? cost : null, ended.Usage, ended.Turns)
        { AgentSessionId = Id };
    }

    // The one place where a turn ends, so that it ends exactly once.
    private async Task EndTurnAsync(AgentDone done)
    {
        var message = _turn!.Message;
        var open = _prompts.Values.ToList();
        List<AgentEvent> events = [.. open.Select(p => new AgentPromptResolved(p.Prompt.PromptId, PromptOutcome.Withdrawn) { AgentSessionId = Id }), done with { MessageId = message?.MessageId }];
        var saved = await SaveAsync(events, connection =>
        {
            open.ForEach(p => AgentStore.RemovePrompt(connection, p.Prompt.PromptId));
            if (message is not null)
            {
                AgentStore.SetMessage(connection, message.MessageId, MessageState.Ended);
            }
        });
        _turn = null;
        _prompts.Clear();
        _partial.Clear();
        await PublishAsync(saved);
        await AnnounceAsync();
        CoolDown();
    }

    // A warm process answers the next message eight times faster; after some minutes its memory is worth more.
    private void CoolDown()
    {
        _cooling?.Dispose();
        _cooling = _world.Time.CreateTimer(
            _ => DoAsync(() =>
            {
                // The process stays on record until it is gone, so that the next one waits for its end.
                if (_turn is null && _prompts.Count == 0 && Interlocked.Exchange(ref _agent, null) is { } idle)
                {
                    _ = idle.StopAsync(force: false);
                }

                return Task.CompletedTask;
            }),
            null, _world.WarmFor, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Numbers the events, puts them and the session on disk, and gives their JSON for <see cref="PublishAsync"/>.</summary>
    private async Task<IReadOnlyList<byte[]>> SaveAsync(List<AgentEvent> events, Action<SqliteConnection>? also)
    {
        var now = _world.Time.GetUtcNow();
        var before = _record;
        var seq = _record.LastSeq;
        List<(long Seq, byte[] Json)> rows = [];
        foreach (var happened in events)
        {
            seq++;
            rows.Add((seq, AgentAudience.ToJson(happened with { AgentSessionId = Id, Seq = seq, At = now }, MaxEventBytes)));
        }

        _record = _record with { LastSeq = seq, LastActivityAt = events.Count > 0 ? now : _record.LastActivityAt };
        try
        {
            await _world.Store.SaveAsync(_record, rows, also);
        }
        catch
        {
            // Nothing was kept, so nothing may be told and no number is used up.
            _record = before;
            throw;
        }

        return [.. rows.Select(row => row.Json)];
    }

    private async Task PublishAsync(IReadOnlyList<byte[]> events)
    {
        foreach (var json in events)
        {
            await _audience.PublishAsync(json);
        }
    }

    private ValueTask AnnounceAsync() => _audience.AnnounceAsync(State, _record.Title, _prompts.Count, _record.LastSeq);

    private void Attach(string? clientId)
    {
        if (clientId is not null)
        {
            _audience.Attach(clientId);
        }
    }

    private AgentTextDelta Delta(string messageId, string delta) => new(messageId, delta) { AgentSessionId = Id, At = _world.Time.GetUtcNow() };

    private long Elapsed(Turn turn) => (long)_world.Time.GetElapsedTime(turn.StartedAt).TotalMilliseconds;

    private static CancellationToken Patience() => new CancellationTokenSource(InputPatience).Token;

    private static List<AgentImage>? ToEventImages(IReadOnlyList<ImageData> images)
    {
        const int previewLength = 256 * 1024;
        return images.Count == 0 ? null : [.. images.Select(i => new AgentImage(i.MediaType, (long)i.Data.Length * 3 / 4, i.Data.Length <= previewLength ? i.Data : null))];
    }

    private void LogLostSignal(Exception exception) => LogLostSignal(_world.Logger, exception, Id);

    private void LogExited(int exitCode, string session) => LogExited(_world.Logger, exitCode, session);

    private void LogForced(string session) => LogForced(_world.Logger, session);

    private void LogNotGiven(Exception exception, string session) => LogNotGiven(_world.Logger, exception, session);

    [LoggerMessage(Level = LogLevel.Error, Message = "What the agent of session {Session} said could not be kept")]
    private static partial void LogLostSignal(ILogger logger, Exception exception, string session);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The agent of session {Session} ended in the middle of a turn with exit code {ExitCode}")]
    private static partial void LogExited(ILogger logger, int exitCode, string session);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The agent of session {Session} did not stop when interrupted and was ended")]
    private static partial void LogForced(ILogger logger, string session);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A message of session {Session} could not be given to the agent")]
    private static partial void LogNotGiven(ILogger logger, Exception exception, string session);
}
