using PocketCoder.Daemon.Features.Agent.Terminal;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Agent;

// What others wrote into the agent's transcript becomes part of the log, once, in order, without what was driven from here.
internal sealed partial class AgentSession
{
    private const int BatchEvents = 500;
    private const int BatchBytes = 8 * 1024 * 1024;

    // The beginning of a transcript can be written a moment after its end.
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(2);

    private Transcript? _transcript;

    // Until a fork has said something of its own, its past is the original's.
    private string TranscriptId => _record.Begun ? _record.AgentId : _record.ForkOf ?? _record.AgentId;

    private async Task TakeInAsync()
    {
        if (!HasTranscript || _turn is not null || _world.Terminals.Files.Find(TranscriptId, _record.Cwd) is not { } file)
        {
            return;
        }

        var before = _record.LastSeq;
        try
        {
            await TakeInAsync(file);
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            // A transcript that cannot be read takes nothing from what is kept.
            LogNotTakenIn(_world.Logger, ex, Id);
        }

        if (_looking is null)
        {
            _transcript = null;
        }

        if (_record.LastSeq != before)
        {
            // What the terminal added is not in our agent's memory. It stays on record until it is gone, so that the next one waits for its end.
            LetGo(force: false);
        }
    }

    private async Task TakeInAsync(TranscriptFile file)
    {
        var following = _terminal is not null;
        if (file.Size == _record.TranscriptSize && (following ? _transcript is not null : !_world.Store.IsTurnOpen(Id)))
        {
            return;
        }

        if (_transcript is not { } transcript || transcript.Path != file.Path || !transcript.ReadOn())
        {
            _transcript = transcript = new Transcript(file);
            transcript.ReadOn();
        }

        var now = transcript.ViewAt(transcript.Size);
        if (now.Leaf is null || (following && !now.IsWhole && _world.Time.GetUtcNow() - file.WrittenAt < Settled))
        {
            return;
        }

        await TakeInAsync(transcript, Known(transcript), now, new TranscriptEvents(_record.Cwd, new SubagentTranscripts(file.Path), _world.Store.IsTurnOpen(Id)));
    }

    private async Task TakeInAsync(Transcript transcript, TranscriptView? known, TranscriptView now, TranscriptEvents told)
    {
        List<AgentEvent> events = [];
        var knownIds = known?.Lines.Select(line => line.Id).ToHashSet() ?? [];
        if (known is not null && IsRewound(known, now))
        {
            told.End(events, _world.Time.GetUtcNow());
            events.Add(new AgentStatus(AgentActivity.Idle, "The conversation was rewound in the terminal") { AgentSessionId = Id });
        }

        var messages = _world.Store.MessageIds(Id).Select(id => Guid.TryParse(id, out var guid) ? guid : Guid.Empty).ToHashSet();
        var (isOurs, asked, bytes, before) = (false, 0, 0L, _record);
        using var handle = transcript.Open();
        foreach (var line in now.Lines)
        {
            // Whose a line is, is told by what began its turn.
            isOurs = line.Kind switch
            {
                TranscriptLineKind.Prompt => messages.Contains(line.Id),
                TranscriptLineKind.Command => line.ByProgram || messages.Contains(line.Id),
                _ => isOurs,
            };
            if (isOurs || line.Kind == TranscriptLineKind.Other || knownIds.Contains(line.Id))
            {
                continue;
            }

            using (var content = Transcript.Read(handle, line))
            {
                if (content is not null)
                {
                    told.Tell(line, content.RootElement, events);
                }
            }

            asked += line.Kind == TranscriptLineKind.Prompt ? 1 : 0;
            bytes += line.Length;
            if (events.Count >= BatchEvents || bytes >= BatchBytes)
            {
                // With the size left out a start in the middle goes on behind this very line.
                await KeepAsync(events, before with { TranscriptLeaf = line.Id.ToString(), TranscriptSize = 0, MessageCount = before.MessageCount + asked });
                (events, bytes) = ([], 0);
            }
        }

        if (_terminal is null)
        {
            told.End(events, events.Count > 0 ? events[^1].At : default);
        }

        await KeepAsync(events, before with { TranscriptLeaf = now.Leaf.ToString(), TranscriptSize = transcript.Size, MessageCount = before.MessageCount + asked });
    }

    private async Task KeepAsync(List<AgentEvent> events, SessionRecord taken)
    {
        var before = _record;
        if (events.Count == 0 && taken.TranscriptLeaf == before.TranscriptLeaf && taken.TranscriptSize == before.TranscriptSize)
        {
            return;
        }

        _record = before with { TranscriptLeaf = taken.TranscriptLeaf, TranscriptSize = taken.TranscriptSize, MessageCount = taken.MessageCount };
        try
        {
            await RecordAsync(events);
        }
        catch when (_record.LastSeq == before.LastSeq)
        {
            _record = before;
            throw;
        }
    }

    // What of the transcript the log has. A rewritten file (a fork's own one) has the same lines at other places.
    private TranscriptView? Known(Transcript transcript)
    {
        if (!Guid.TryParse(_record.TranscriptLeaf, out var leaf))
        {
            return null;
        }

        var same = transcript.ViewAt(_record.TranscriptSize);
        return same.Leaf == leaf ? same : transcript.ViewTo(leaf);
    }

    private static bool IsRewound(TranscriptView known, TranscriptView now)
    {
        var there = now.Lines.Select(line => line.Id).ToHashSet();
        return known.Lines.Any(line => line.Kind is TranscriptLineKind.Prompt or TranscriptLineKind.Assistant && !there.Contains(line.Id));
    }
}
