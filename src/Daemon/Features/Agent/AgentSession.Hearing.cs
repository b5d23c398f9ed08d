using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Agent;

// What the agent says, in its order.
internal sealed partial class AgentSession
{
    private async Task ListenAsync(IAgentTransport agent, Slot slot)
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
        slot.Dispose();
    }

    private async Task HearAsync(IAgentTransport agent, List<AgentSignal> signals)
    {
        foreach (var signal in signals)
        {
            // It may have been let go since, even by what it said a moment ago: its end is not the end of its successor's turn.
            if (!ReferenceEquals(_agent, agent))
            {
                return;
            }

            if (signal is Happened happened)
            {
                Note(happened.Event);
                continue;
            }

            await GuardAsync(FlushAsync);
            await GuardAsync(() => HearAsync(agent, signal));
        }

        await GuardAsync(FlushAsync);
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
                await TurnEndedAsync(ended, turn);
                break;
            case BackgroundChanged changed:
                await BackgroundAsync(changed.Tasks);
                break;
            case AgentIdChanged renamed:
                _record = _record with { AgentId = renamed.AgentId, Begun = true };
                await RecordAsync();
                break;
            case TitleChanged title:
                _record = _record with { Title = title.Title };
                await RecordAsync();
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

    private void Note(AgentEvent happened)
    {
        switch (happened)
        {
            case AgentInit:
                _record = _record with { Begun = true };

                // Background work that ends can begin a turn of its own.
                _turn ??= new Turn(null, _world.Time.GetTimestamp());
                IdleSince = null;
                break;
            case AgentText { ParentToolUseId: null } or AgentStatus { State: AgentActivity.Retrying }:
                _partial.Clear();
                break;
            case AgentError error when _turn is { } turn:
                turn.Error = error;
                break;
        }

        _unsaved.Add(happened);
    }

    private Task FlushAsync() => _unsaved.Count > 0 ? RecordAsync() : Task.CompletedTask;

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
        IdleSince = null;
        _prompts.Add(asked.Prompt.PromptId, asked);
        IReadOnlyList<byte[]> saved;
        try
        {
            saved = await SaveAsync(
                [asked.Prompt, new AgentStatus(AgentActivity.Waiting) { AgentSessionId = Id }],
                connection => AgentStore.AddPrompt(connection, Id, asked.Prompt.PromptId, _record.LastSeq - 1));
        }
        catch
        {
            // Nobody will ever see it, and the agent would wait for ever. Its end closes the turn.
            _prompts.Remove(asked.Prompt.PromptId);
            _ = _agent?.StopAsync(force: true);
            throw;
        }

        await PublishAsync(saved);
        await AnnounceAsync();
        Notice(new PromptOpened(asked.Prompt) { Session = _record });
    }

    private async Task<IReadOnlyList<byte[]>> ClosePromptAsync(PromptAsked prompt, PromptOutcome outcome, string? by)
    {
        List<AgentEvent> events = [new AgentPromptResolved(prompt.Prompt.PromptId, outcome, by) { AgentSessionId = Id }];
        if (_turn is not null && _prompts.Count == 1)
        {
            events.Add(new AgentStatus(AgentActivity.Running) { AgentSessionId = Id });
        }

        // Open until that is on disk: an answer that could not be kept can be given again.
        var saved = await SaveAsync(events, connection => AgentStore.RemovePrompt(connection, prompt.Prompt.PromptId));
        _prompts.Remove(prompt.Prompt.PromptId);
        Notice(new PromptClosed(prompt.Prompt.PromptId) { Session = _record });
        return saved;
    }

    private async Task ModeAsync(ModeChanged changed)
    {
        if (Enum.GetValues<PermissionMode>().FirstOrDefault(m => m.Name() == changed.PermissionMode) is var mode && mode != _record.Mode)
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
            events.Add(new AgentStatus(Activity) { AgentSessionId = Id, PermissionMode = mode.Name() });
            _record = _record with { Mode = mode };
        }

        await RecordAsync([.. events]);
    }
}
