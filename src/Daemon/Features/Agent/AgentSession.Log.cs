using System.Text.Json;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Agent;

// What a session puts on disk, and whom it tells.
internal sealed partial class AgentSession
{
    private const int MaxUnsaved = 2000;
    private const int MaxBeforeLast = 200;
    private const int MaxAnswerBytes = 2 * 1024 * 1024;
    private const int AnswerChunk = 50;

    // What the agent said and is not on disk yet. It goes first with whatever is saved next; where nothing can be saved (a full disk) it stays, for the agent
    // does not say it again.
    private readonly List<AgentEvent> _unsaved = [];

    /// <summary>Sends what the client missed, answers, then goes on live; or a part of what it missed, and it asks on.</summary>
    public Task AttachAsync(string clientId, AgentSessionAttachRequest request, Reply<AgentSessionAttachResponse> reply) => DoAsync(async () =>
    {
        await BeforeAttachAsync();
        var epoch = _world.Store.Epoch;
        if (request.AfterSeq > _record.LastSeq || (request.Epoch is not null && request.Epoch != epoch))
        {
            await TellAsync(() => reply(new AgentSessionAttachResponse(_record.LastSeq, State, epoch, Resync: true, InTerminal: InTerminal, Background: _background)));
            return;
        }

        var begin = await SkipAsync(clientId, request.AfterSeq, request.Last);
        var cursor = await ReplayAsync(clientId, begin, request.Limit ?? int.MaxValue);
        var more = cursor < _record.LastSeq;
        if (!more)
        {
            await ReplayOpenAsync(clientId, begin);
            _audience.Attach(clientId);
            KeepLooking();
        }

        await TellAsync(() => reply(new AgentSessionAttachResponse(_record.LastSeq, State, epoch, More: more ? true : null, InTerminal: InTerminal, Background: _background)));
    });

    /// <summary>The newest events before a number, for who has those from it on.</summary>
    public async Task<AgentEventsResponse> BeforeAsync(long beforeSeq, int limit)
    {
        AgentEventsResponse? answer = null;
        await DoAsync(() =>
        {
            answer = Before(beforeSeq, limit);
            return Task.CompletedTask;
        });
        return answer!;
    }

    private AgentEventsResponse Before(long beforeSeq, int limit)
    {
        var end = Math.Min(beforeSeq, _record.LastSeq + 1);
        List<AgentEvent> events = [];
        for (var bytes = 0; bytes < MaxAnswerBytes && _world.Store.EventsBefore(Id, end, Math.Clamp(limit - events.Count, 0, AnswerChunk)) is { Count: > 0 } older;)
        {
            foreach (var (seq, json) in older)
            {
                AddGap(seq + 1, end - 1);
                events.Add(JsonSerializer.Deserialize(json, ProtocolJson.For<AgentEvent>())!);
                (end, bytes) = (seq, bytes + json.Length);
                if (bytes >= MaxAnswerBytes)
                {
                    break;
                }
            }
        }

        var more = _world.Store.EventsBefore(Id, end, 1).Count > 0;
        if (!more)
        {
            AddGap(1, end - 1);
        }

        events.Reverse();
        return new AgentEventsResponse(events, more ? true : null);

        void AddGap(long from, long to)
        {
            if (from <= to)
            {
                events.Add(new AgentGap(from, to) { AgentSessionId = Id, At = _world.Time.GetUtcNow() });
            }
        }
    }

    /// <summary>For who wants the end alone: says what it leaves out. Gives the number after which the events come.</summary>
    private async Task<long> SkipAsync(string clientId, long afterSeq, int? last)
    {
        if (last is not { } count || _record.LastSeq - count <= afterSeq)
        {
            return afterSeq;
        }

        // From the beginning of a turn, if that is not far before: half a turn reads oddly.
        var to = _record.LastSeq - count;
        if (_world.Store.LastEvent(Id, "user", to + 1)?.Seq is { } turn && turn > to - MaxBeforeLast)
        {
            to = turn - 1;
        }

        if (to <= afterSeq)
        {
            return afterSeq;
        }

        string[] telling = ["init", "todo"];
        List<AgentEvent> carried = [.. telling.Select(type => _world.Store.LastEvent(Id, type, to)).OfType<AgentEvent>().OrderBy(happened => happened.Seq)];
        await _audience.SendToAsync(clientId, AgentAudience.ToJson(new AgentGap(afterSeq + 1, to, Kept: true, carried) { AgentSessionId = Id, At = _world.Time.GetUtcNow() }));
        return to;
    }

    /// <summary>Sends at most so many events after <paramref name="afterSeq"/>; the number of the last one that the client has then.</summary>
    private async Task<long> ReplayAsync(string clientId, long afterSeq, int limit)
    {
        var cursor = afterSeq;
        while (limit > 0 && _world.Store.Events(Id, cursor, Math.Min(limit, ReplayChunk)) is { Count: > 0 } events)
        {
            foreach (var (seq, json) in events)
            {
                await TellGapAsync(clientId, cursor, seq - 1);
                await _audience.SendToAsync(clientId, json);
                cursor = seq;
            }

            limit -= events.Count;
        }

        if (limit > 0)
        {
            await TellGapAsync(clientId, cursor, _record.LastSeq);
            cursor = _record.LastSeq;
        }

        return cursor;
    }

    // Events are kept for a time. A client must not take what is left for all there was.
    private async Task TellGapAsync(string clientId, long cursor, long lastMissing)
    {
        if (lastMissing > cursor)
        {
            await _audience.SendToAsync(clientId, AgentAudience.ToJson(new AgentGap(cursor + 1, lastMissing) { AgentSessionId = Id, At = _world.Time.GetUtcNow() }));
        }
    }

    // What is open now: prompts that this client saw before it went away, and the text in the making.
    private async Task ReplayOpenAsync(string clientId, long afterSeq)
    {
        foreach (var json in _world.Store.OpenPromptEvents(Id, afterSeq))
        {
            await _audience.SendToAsync(clientId, json);
        }

        if (_partial.Length > 0)
        {
            await _audience.SendToAsync(clientId, AgentAudience.ToJson(Delta(_partialMessage, _partial.ToString()) with { Whole = true }));
        }
    }

    /// <summary>Puts events, what could not be saved before, and the session as it is now on disk, and tells of them.</summary>
    private async Task RecordAsync(params List<AgentEvent> events) => await PublishAsync(await SaveAsync(events, null));

    /// <summary>Numbers the events, puts them and the session on disk, and gives their JSON for <see cref="PublishAsync"/>.</summary>
    private async Task<IReadOnlyList<byte[]>> SaveAsync(List<AgentEvent> events, Action<SqliteConnection>? also)
    {
        var now = _world.Time.GetUtcNow();
        var before = _record;
        var seq = _record.LastSeq;
        List<(long Seq, byte[] Json)> rows = [];
        events = [.. _unsaved, .. events];

        // What a terminal did has its own time.
        DateTimeOffset At(AgentEvent happened) => happened.At == default ? now : happened.At;
        foreach (var happened in events)
        {
            seq++;
            rows.Add((seq, AgentAudience.ToJson(happened with { AgentSessionId = Id, Seq = seq, At = At(happened) }, MaxEventBytes)));
        }

        _record = _record with { LastSeq = seq, LastActivityAt = events.Count > 0 ? events.Max(At) : _record.LastActivityAt };
        try
        {
            await _world.Store.SaveAsync(_record, now, rows, also);
        }
        catch
        {
            // Nothing was kept, so nothing may be told and no number is used up.
            _record = before;
            if (_unsaved.Count > MaxUnsaved && _agent is { } agent)
            {
                LogUnsaved(_world.Logger, Id);
                _ = agent.StopAsync(force: true);
            }

            throw;
        }

        _unsaved.Clear();
        return [.. rows.Select(row => row.Json)];
    }

    private async Task PublishAsync(IReadOnlyList<byte[]> events)
    {
        foreach (var json in events)
        {
            await _audience.PublishAsync(json);
        }
    }

    private ValueTask AnnounceAsync() => _audience.AnnounceAsync(State, _record.Title, _prompts.Count, _record.LastSeq, _world.Store.CountOpen(), _background, InTerminal);

    private AgentTextDelta Delta(string messageId, string delta) => new(messageId, delta) { AgentSessionId = Id, At = _world.Time.GetUtcNow() };

    private void LogLostSignal(Exception exception) => LogLostSignal(_world.Logger, exception, Id);

    private void LogExited(int exitCode, string session) => LogExited(_world.Logger, exitCode, session);

    private void LogForced(string session) => LogForced(_world.Logger, session);

    private void LogNotGiven(Exception exception, string session) => LogNotGiven(_world.Logger, exception, session);

    [LoggerMessage(Level = LogLevel.Error, Message = "What the agent of session {Session} said could not be kept")]
    private static partial void LogLostSignal(ILogger logger, Exception exception, string session);

    [LoggerMessage(Level = LogLevel.Error, Message = "The agent of session {Session} is ended: what it says cannot be saved")]
    private static partial void LogUnsaved(ILogger logger, string session);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The agent of session {Session} ended in the middle of a turn with exit code {ExitCode}")]
    private static partial void LogExited(ILogger logger, int exitCode, string session);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The agent of session {Session} did not stop when interrupted and was ended")]
    private static partial void LogForced(ILogger logger, string session);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A message of session {Session} could not be given to the agent")]
    private static partial void LogNotGiven(ILogger logger, Exception exception, string session);
}
