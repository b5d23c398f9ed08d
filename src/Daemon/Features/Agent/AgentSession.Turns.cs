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
        var agent = await _world.Programs.Require(_record.Agent).StartAsync(new AgentStart(_record.AgentId, _record.Begun, _record.Cwd, _record.Model, _record.Mode, _record.ForkOf, _record.Title), Patience());
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
            _record = _record with { Begun = false, AgentId = Guid.NewGuid().ToString(), ForkOf = null };
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

    private long Elapsed(Turn turn) => (long)_world.Time.GetElapsedTime(turn.StartedAt).TotalMilliseconds;

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
        _looking?.Dispose();
    }
}
