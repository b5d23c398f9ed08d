using Microsoft.Extensions.Logging;
using PocketCoder.Daemon.Features.Agent.Claude;
using PocketCoder.Daemon.Features.Agent.Terminal;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Agent;

// The same session in a terminal: who has it open, and what that one writes.
internal sealed partial class AgentSession
{
    private static readonly TimeSpan LookWhileOpen = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan LookElse = TimeSpan.FromSeconds(2);

    private LiveTerminal? _terminal;
    private ITimer? _looking;

    private bool HasTranscript => _record.Agent == ClaudeProgram.Id;

    private bool? InTerminal => _terminal is null ? null : true;

    /// <summary>What goes on with it in a shell. Claude Code's own picker hides what was not begun in a terminal, but opens it by its id, in its directory.</summary>
    public string? ResumeCommand => HasTranscript && _record is { Begun: true, AgentId: var id, Cwd: var cwd } && _world.Terminals.Files.Find(id, cwd) is not null
        ? $"cd '{cwd.Replace("'", @"'\''", StringComparison.Ordinal)}' && claude --resume {id}"
        : null;

    /// <summary>Ends the Claude Code that has this session open in a terminal. False when none has.</summary>
    public async Task<bool> TakeOverAsync()
    {
        if (!HasTranscript || OpenIn() is not { } terminal)
        {
            return false;
        }

        await TerminalProcess.EndAsync(terminal, () => OpenIn() is { } now && now.ProcessId == terminal.ProcessId && now.Started == terminal.Started, _world.Time);
        await DoAsync(async () =>
        {
            _terminal = OpenIn();
            await TakeInAsync();
            await AnnounceAsync();
        });
        return true;
    }

    /// <summary>A session of its own that begins with what this one's transcript tells now; it is kept once <see cref="TakeInTranscriptAsync"/> has ended.</summary>
    public async Task<SessionRecord> ForkAsync()
    {
        SessionRecord fork = null!;
        await DoAsync(() =>
        {
            if (!HasTranscript || _world.Terminals.Files.Find(TranscriptId, _record.Cwd) is null)
            {
                throw new RequestException(ErrorCode.InvalidRequest, "Only a session that Claude Code has a record of can be forked. Begin a new session instead.");
            }

            var id = Guid.NewGuid().ToString();
            var now = _world.Time.GetUtcNow();
            fork = new SessionRecord
            {
                AgentSessionId = id,
                AgentId = id,
                ForkOf = TranscriptId,
                ProjectId = _record.ProjectId,
                Agent = _record.Agent,
                Cwd = _record.Cwd,
                Title = _record.Title,
                Model = _record.Model,
                Mode = _record.Mode,
                StartedAt = now,
                LastActivityAt = now,
            };
            return Task.CompletedTask;
        });
        return fork;
    }

    /// <summary>Keeps the session, with the history that its transcript tells.</summary>
    public Task TakeInTranscriptAsync() => DoAsync(async () =>
    {
        await TakeInAsync();
        await RecordAsync();
        await AnnounceAsync();
    });

    private LiveTerminal? OpenIn() => HasTranscript ? _world.Terminals.Live.Now(_record.AgentId) : null;

    // Two processes on one session lose one branch of its history.
    private void RequireNotInTerminal()
    {
        _terminal = OpenIn();
        if (_terminal is not null)
        {
            throw new RequestException(
                ErrorCode.Conflict,
                "This session is open in a terminal of the machine, so it can only be read here. Take it over, which ends Claude Code in the terminal, or fork it, which goes on in a copy.",
                new ErrorDetails { Reason = "in_terminal" });
        }
    }

    private async Task BeforeMessageAsync()
    {
        RequireNotInTerminal();
        await TakeInAsync();
    }

    private Task BeforeAttachAsync() => SeeAsync(OpenIn());

    private async Task SeeAsync(LiveTerminal? terminal)
    {
        var before = _terminal;
        _terminal = terminal;
        await TakeInAsync();
        if ((before is null) != (_terminal is null))
        {
            await AnnounceAsync();
        }
    }

    // While somebody is attached: the transcript as long as a terminal writes it, else only whether one does.
    private void KeepLooking()
    {
        if (HasTranscript && _looking is null)
        {
            _looking = _world.Time.CreateTimer(_ => Post(LookAsync), null, LookWhileOpen, Timeout.InfiniteTimeSpan);
        }
    }

    private void StopLooking()
    {
        _looking?.Dispose();
        _looking = null;
        _transcript = null;
    }

    private async Task LookAsync()
    {
        if (_audience.IsEmpty)
        {
            StopLooking();
            return;
        }

        try
        {
            var terminal = _terminal is null ? _world.Terminals.Live.Recent().GetValueOrDefault(_record.AgentId) : OpenIn();
            if (_terminal is not null || terminal is not null)
            {
                await SeeAsync(terminal);
            }
        }
        catch (Exception ex)
        {
            LogNotTakenIn(_world.Logger, ex, Id);
        }

        _looking?.Change(_terminal is null ? LookElse : LookWhileOpen, Timeout.InfiniteTimeSpan);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "What a terminal wrote into session {Session} could not be taken in")]
    private static partial void LogNotTakenIn(ILogger logger, Exception exception, string session);
}
