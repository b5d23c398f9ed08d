using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Agent;

// A turn from its message to its one end, and the life of the agent behind it.
internal sealed partial class AgentSession
{
    private sealed class Turn(StoredMessage? message, long startedAt)
    {
        public StoredMessage? Message => message;

        public long StartedAt => startedAt;

        public bool CancelRequested { get; set; }

        public bool BegunTwice { get; set; }

        /// <summary>What the agent last said of its own failure.</summary>
        public AgentError? Error { get; set; }

        /// <summary>Messages that went into it while it ran.</summary>
        public List<StoredMessage> Steered { get; } = [];
    }

    /// <summary>Since when the agent has nothing to do; null while it has, and without an agent.</summary>
    public long? IdleSince { get; private set; }

    /// <summary>The agent only looks after its tasks in the background, which may go on for days.</summary>
    public bool IsParked => _turn is null && _prompts.Count == 0 && _background > 0;

    private async Task RunNextAsync()
    {
        while (!_ended && _turn is null && _waiting.TryPeek(out var message))
        {
            IReadOnlyList<byte[]> saved;
            try
            {
                // A terminal may have gone on with the session while this one waited.
                _terminal = OpenIn();
                await TakeInAsync();
                if (_agent is null && _slot is null && !TryTakeSlot())
                {
                    return;
                }

                _cooling?.Dispose();
                IdleSince = null;
                _turn = new Turn(message, _world.Time.GetTimestamp());
                saved = await SaveAsync([Given(message)], connection => AgentStore.SetGiven(connection, message.MessageId));
            }
            catch
            {
                // Not on disk, so not given: it waits on, and is tried again.
                _turn = null;
                ReleaseSlot();
                PostAfter(EndPatience, RunNextAsync);
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

    // The receipt of this message: from here on it counts as run, whatever happens.
    private AgentStatus Given(StoredMessage message) =>
        new(_prompts.Count > 0 ? AgentActivity.Waiting : AgentActivity.Running) { AgentSessionId = Id, MessageId = message.MessageId };

    private async Task SteerAsync(IAgentTransport agent, Turn turn, StoredMessage message, string? clientId, Reply<AgentMessageResponse> reply)
    {
        _record = _record with { MessageCount = _record.MessageCount + 1 };
        var saved = await SaveAsync(
            [new AgentUser(message.Content, message.MessageId, ToEventImages(message.Images)) { AgentSessionId = Id }, Given(message)],
            connection =>
            {
                AgentStore.AddMessage(connection, Id, message, KnownMessage.Steered);
                AgentStore.SetGiven(connection, message.MessageId);
            });
        turn.Steered.Add(message);
        await TellAsync(() => reply(new AgentMessageResponse(false, 0, Steered: true)));
        Attach(clientId);
        await PublishAsync(saved);
        await AnnounceAsync();
        try
        {
            await agent.SendAsync(new UserInput(message.MessageId, message.Content, message.Images), Patience());
        }
        catch (Exception ex)
        {
            // It takes nothing any more, so nor will it end by itself. Its end closes the turn.
            LogNotGiven(ex, Id);
            _ = agent.StopAsync(force: true);
        }
    }

    private async Task GiveAsync(StoredMessage message)
    {
        RequireNotInTerminal();
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
        var todo = _record.Begun ? (_world.Store.LastEvent(Id, "todo") as AgentTodo)?.Items : null;
        var start = new AgentStart(_record.AgentId, _record.Begun, _record.Cwd, _record.Model, _record.Mode, _record.ForkOf, _record.Title) { Todo = todo ?? [] };
        var agent = await _world.Programs.Require(_record.Agent).StartAsync(start, Patience());
        _agent = agent;
        _ = ListenAsync(agent, _slot!);
        _slot = null;
        _record = _record with { ProcessId = agent.ProcessId, ProcessStarted = ProcessIdentity.StartTime(agent.ProcessId) };
        await RecordAsync();
        return agent;
    }

    // Two processes on one session lose one branch of its history. The supervisor of a daemon that was killed needs some seconds to end its agent.
    private async Task SurvivorGoneAsync()
    {
        if (_record is not { ProcessId: { } pid, ProcessStarted: { } started })
        {
            return;
        }

        for (var tries = 0; ProcessIdentity.StartTime(pid) == started; tries++)
        {
            if (tries == 200)
            {
                throw new RequestException(ErrorCode.DaemonBusy, "The agent's process from before is still there and does not end. Look at it on the machine; its session goes on when it is gone.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50));
        }
    }

    private bool TryTakeSlot()
    {
        if (!_world.Slots.TryTake(this))
        {
            return false;
        }

        _slot = new Slot(() => _world.Slots.Release(this));
        return true;
    }

    private void ReleaseSlot()
    {
        _slot?.Dispose();
        _slot = null;
    }

    /// <summary>Somebody else needs the place of an agent that idles.</summary>
    public void MakeRoom() => Post(() =>
    {
        if (!EndIdleAgent())
        {
            _world.Slots.Refused(this);
        }

        return Task.CompletedTask;
    });

    /// <summary>There is a place for an agent of this session.</summary>
    public void PlaceIsFree() => Post(async () =>
    {
        await RunNextAsync();
        if (_slot is null && _waiting.Count == 0)
        {
            _world.Slots.Forget(this);
        }
    });

    private async Task ExitedAsync(IAgentTransport agent, AgentExited exited)
    {
        Interlocked.CompareExchange(ref _agent, null, agent);
        IdleSince = null;
        _background = 0;
        _record = _record with { ProcessId = null, ProcessStarted = null };
        if (_turn is not { } turn)
        {
            // Work in the background can ask between turns.
            foreach (var prompt in _prompts.Values.ToList())
            {
                await PublishAsync(await ClosePromptAsync(prompt, PromptOutcome.Withdrawn, by: null));
            }

            await RecordAsync();
            await AnnounceAsync();
            return;
        }

        // A daemon that died between the agent's first line and its own note of it: the session exists and is to be resumed.
        if (!_record.Begun && !turn.BegunTwice && !turn.CancelRequested && turn.Message is { } message && exited.IdTaken)
        {
            _record = _record with { Begun = true };
            turn.BegunTwice = true;

            // Its place is given back when it is gone for good, a moment from now: this one is beside it.
            _slot ??= new Slot(() => { });
            try
            {
                await GiveAsync(message);
            }
            catch (Exception ex)
            {
                await FailTurnAsync(ex);
                await RunNextAsync();
            }

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
        // Not awaited: one that hangs would not answer this either.
        _ = agent.InterruptAsync(CancellationToken.None);
        await Task.Delay(InterruptGrace, _world.Time);
        if (ReferenceEquals(_turn, turn) && ReferenceEquals(_agent, agent))
        {
            LogForced(Id);
            await agent.StopAsync(force: true);
        }
    }

    private async Task FailTurnAsync(Exception exception)
    {
        LetGo(force: true);
        ReleaseSlot();
        var (code, message) = exception switch
        {
            RequestException { Code: ErrorCode.AgentUnavailable } refused => (refused.Details?.Reason ?? "unavailable", refused.Message),
            RequestException refused => ("failed", refused.Message),
            OperationCanceledException => ("stuck", "The agent does not take messages any more. It was stopped; send the message again."),
            _ => ("failed", "The agent could not be started."),
        };
        LogNotGiven(exception, Id);
        var action = (exception as RequestException)?.Details?.Action;
        AgentError error = new(code, message, Action: action) { AgentSessionId = Id };
        if (_turn is { } turn)
        {
            turn.Error = error;
        }

        await GuardAsync(() => RecordAsync(error));
        await EndTurnAsync(new AgentDone(Cancelled: false, IsError: true, message) { AgentSessionId = Id });
    }

    private AgentDone Done(TurnEnded ended, Turn turn)
    {
        var cost = ended.TotalCostUsd - _record.CostUsd;
        if (ended.Forgotten)
        {
            // The next message begins anew under a new id.
            _record = _record with { Begun = false, AgentId = Guid.NewGuid().ToString(), ForkOf = null };
        }

        _record = _record with { CostUsd = ended.TotalCostUsd ?? _record.CostUsd };
        var cancelled = turn.CancelRequested || ended.Aborted;
        return new AgentDone(
            cancelled, ended.IsError && !cancelled, ended.Result is { Length: > 0 } result ? result : null, Elapsed(turn), cost is > 0 ? cost : null, ended.Usage, ended.Turns,
            TotalCostUsd: ended.TotalCostUsd, ContextTokens: ended.ContextTokens, ContextWindow: ended.ContextWindow)
        { AgentSessionId = Id };
    }

    private async Task TurnEndedAsync(TurnEnded ended, Turn turn)
    {
        if (ended.Unasked && turn.Message is not null)
        {
            // Work in the background was reported in the moment in which this turn's message was given: that was a turn of its own, and this one is still to come.
            await RecordAsync(Done(ended, new Turn(null, turn.StartedAt)), Given(turn.Message));
            return;
        }

        // What was sent into the turn after its last step is the agent's next turn. An agent that does not say which messages a turn had is believed to have taken all.
        var later = ended.MessageIds is { Count: > 0 } had ? turn.Steered.Where(message => !had.Contains(message.MessageId)).ToList() : [];
        turn.Steered.RemoveAll(later.Contains);
        await EndTurnAsync(Done(ended, turn));
        if (later.Count > 0 && _agent is not null && _turn is null)
        {
            _cooling?.Dispose();
            IdleSince = null;
            _turn = new Turn(later[0], _world.Time.GetTimestamp());
            _turn.Steered.AddRange(later.Skip(1));
            await RecordAsync(Given(later[0]));
            await AnnounceAsync();
            return;
        }

        await RunNextAsync();
    }

    // The one place where a turn ends, so that it ends exactly once.
    private async Task EndTurnAsync(AgentDone done)
    {
        var turn = _turn!;
        var open = _prompts.Values.ToList();
        List<StoredMessage> messages = turn.Message is null ? turn.Steered : [turn.Message, .. turn.Steered];
        List<AgentEvent> events =
        [
            .. open.Select(p => new AgentPromptResolved(p.Prompt.PromptId, PromptOutcome.Withdrawn) { AgentSessionId = Id }),
            done with { MessageId = turn.Message?.MessageId, Steered = turn.Steered.Count > 0 ? [.. turn.Steered.Select(m => m.MessageId)] : null },
        ];
        var problem = ProblemOf(done, turn);
        IReadOnlyList<byte[]> saved;
        try
        {
            saved = await SaveAsync(events, connection =>
            {
                AgentStore.SetProblem(connection, Id, problem);
                open.ForEach(p => AgentStore.RemovePrompt(connection, p.Prompt.PromptId));
                messages.ForEach(m => AgentStore.SetEnded(connection, m.MessageId));
            });
        }
        catch (Exception ex)
        {
            // The disk may be full. The agent will not say it again, so the session would stay busy for ever.
            LogLostSignal(ex);
            PostAfter(EndPatience, async () =>
            {
                if (ReferenceEquals(_turn, turn))
                {
                    await EndTurnAsync(done);
                    await RunNextAsync();
                }
            });
            return;
        }

        _turn = null;
        _prompts.Clear();
        _partial.Clear();
        await PublishAsync(saved);
        await AnnounceAsync();
        open.ForEach(p => Notice(new PromptClosed(p.Prompt.PromptId) { Session = _record }));

        // Who stops the daemon knows; and what waits goes on by itself.
        if (!_ended && !done.Cancelled && (done.IsError || _waiting.Count == 0))
        {
            Notice(new TurnOver(done, problem) { Session = _record });
        }

        CoolDown();
    }

    private SessionProblem? ProblemOf(AgentDone done, Turn turn)
    {
        if (!done.IsError || done.Cancelled)
        {
            return null;
        }

        var (code, message) = turn.Error is { } error ? (error.Code, error.Message) : (done.Interrupted == true ? "interrupted" : "failed", done.Result ?? "The turn failed.");
        return new SessionProblem(ProjectId, Id, _record.Title, _world.Time.GetUtcNow(), code, message, turn.Error?.ResetsAt, turn.Error?.Action);
    }

    // A warm process answers the next message eight times faster; after some minutes its memory is worth more.
    private void CoolDown()
    {
        _cooling?.Dispose();
        if (_agent is null || !Idle)
        {
            _world.Slots.Idles(this);
            return;
        }

        if (_reportDue)
        {
            // The agent is about to speak of what ended in the background.
            _reportDue = false;
            Cool(CoolDown, ReportGrace);
            return;
        }

        IdleSince = _world.Time.GetTimestamp();
        Cool(() => EndIdleAgent(), _world.WarmFor);
        _world.Slots.Idles(this);
    }

    private void Cool(Action then, TimeSpan after) => _cooling = _world.Time.CreateTimer(
        _ => Post(() =>
        {
            then();
            return Task.CompletedTask;
        }),
        null, after, Timeout.InfiniteTimeSpan);

    private bool Idle => _turn is null && _prompts.Count == 0 && _background == 0;

    // The process stays on record until it is gone, so that the next one waits for its end.
    private bool EndIdleAgent()
    {
        var idles = IdleSince is not null && Idle && _waiting.Count == 0;
        if (idles)
        {
            LetGo(force: false);
        }

        return idles;
    }

    /// <summary>The agent is not this session's any more: nothing that it says is heard, and nothing of it is shown.</summary>
    private void LetGo(bool force)
    {
        if (Interlocked.Exchange(ref _agent, null) is { } agent)
        {
            (IdleSince, _background, _reportDue) = (null, 0, false);
            _ = agent.StopAsync(force);
        }
    }

    private async Task BackgroundAsync(int tasks)
    {
        if (tasks == _background)
        {
            return;
        }

        _background = tasks;
        _reportDue = tasks == 0;
        IdleSince = null;
        await RecordAsync(new AgentStatus(Activity) { AgentSessionId = Id, Background = tasks });
        await AnnounceAsync();
        if (Idle)
        {
            CoolDown();
        }
        else
        {
            _world.Slots.Idles(this);
        }
    }

    private AgentActivity Activity => _prompts.Count > 0 ? AgentActivity.Waiting : _turn is null ? AgentActivity.Idle : AgentActivity.Running;

    /// <summary>The place of one agent among those that run at once.</summary>
    private sealed class Slot(Action release) : IDisposable
    {
        private Action? _release = release;

        public void Dispose() => Interlocked.Exchange(ref _release, null)?.Invoke();
    }

    private long Elapsed(Turn turn) => (long)_world.Time.GetElapsedTime(turn.StartedAt).TotalMilliseconds;

    /// <summary>After a start: what was open when the daemon died is closed, what waited goes on.</summary>
    public Task RecoverAsync() => DoAsync(async () =>
    {
        foreach (var promptId in _world.Store.OpenPrompts(Id))
        {
            await GuardAsync(async () => await PublishAsync(await SaveAsync(
                [new AgentPromptResolved(promptId, PromptOutcome.Withdrawn) { AgentSessionId = Id }],
                connection => AgentStore.RemovePrompt(connection, promptId))));
            Notice(new PromptClosed(promptId) { Session = _record });
        }

        var open = _world.Store.OpenMessages(Id);
        var given = open.Where(m => m.State == MessageState.Given).Select(m => m.Message).ToList();
        if (given.Count > 0)
        {
            _turn = new Turn(given.Find(m => !m.Steer) ?? given[0], _world.Time.GetTimestamp());
            _turn.Steered.AddRange(given.Where(m => m != _turn.Message));
            await EndTurnAsync(new AgentDone(Cancelled: false, IsError: true, "The daemon stopped in the middle of this turn.", Interrupted: true) { AgentSessionId = Id });
        }

        foreach (var (message, _) in open.Where(m => m.State == MessageState.Waiting))
        {
            _waiting.Enqueue(message);
        }

        await RunNextAsync();
    });

    public async ValueTask DisposeAsync()
    {
        var ending = DoAsync(async () =>
        {
            _ended = true;
            _waiting.Clear();
            if (_turn is not null)
            {
                await EndTurnAsync(new AgentDone(Cancelled: false, IsError: true, "The daemon was stopped in the middle of this turn.", Interrupted: true) { AgentSessionId = Id });
            }
        });

        // Whoever ends it a second time, with the project and then with the daemon, finds the inbox closed.
        await ending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _world.Slots.Forget(this);
        if (Interlocked.Exchange(ref _agent, null) is { } agent)
        {
            await agent.StopAsync(force: true);
        }

        _inbox.Writer.TryComplete();
        await _working;
        _cooling?.Dispose();
        _looking?.Dispose();
    }
}
