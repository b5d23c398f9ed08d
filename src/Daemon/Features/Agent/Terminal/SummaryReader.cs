using System.Text;
using System.Text.Json;
using PocketCoder.Daemon.Features.Agent.Claude;

namespace PocketCoder.Daemon.Features.Agent.Terminal;

/// <summary>
/// Picks from the lines of a transcript what a list shows. Title: the one a person gave, else the agent's own, else what was asked last, else what was asked
/// first. Only the few lines that can say something are parsed.
/// </summary>
internal sealed class SummaryReader
{
    private const int LongestTitle = 80;

    // In the order in which a later kind of title yields to an earlier one.
    private readonly string?[] _titles = new string?[4];
    private string? _cwd;
    private string? _branch;
    private string? _model;
    private DateTimeOffset? _startedAt;
    private string? _saidAt;
    private int _messages;

    public bool KnowsSession => _cwd is not null;

    /// <param name="lines">Whole lines, but for the last one.</param>
    /// <param name="endsWhole">The last line is whole too, even without an end of line.</param>
    public void Read(ReadOnlySpan<byte> lines, bool endsWhole)
    {
        while (!lines.IsEmpty)
        {
            var end = lines.IndexOf((byte)'\n');
            if (end < 0 && !endsWhole)
            {
                return;
            }

            var line = end < 0 ? lines : lines[..end];
            lines = end < 0 ? [] : lines[(end + 1)..];
            if (IsSaid(line))
            {
                NoteTime(line);
            }

            if (IsWorthReading(line) && JsonLine.Parse(line.ToArray()) is { } document)
            {
                using (document)
                {
                    Note(document.RootElement);
                }
            }
        }
    }

    private static bool IsSaid(ReadOnlySpan<byte> line) => line.IndexOf("\"type\":\"assistant\""u8) >= 0 || line.IndexOf("\"type\":\"user\""u8) >= 0;

    // The time of the last line that says something; whatever else is in it may stay unread.
    private void NoteTime(ReadOnlySpan<byte> line)
    {
        var name = "\"timestamp\":\""u8;
        if (line.LastIndexOf(name) is var at and >= 0 && line[(at + name.Length)..] is var rest && rest.IndexOf((byte)'"') is var end and > 0 and < 40)
        {
            _saidAt = Encoding.UTF8.GetString(rest[..end]);
        }
    }

    public TranscriptSummary? ToSummary() => _cwd is null ? null : new TranscriptSummary(
        _cwd, _titles.OfType<string>().FirstOrDefault("Session in a terminal"), _startedAt ?? DateTimeOffset.UnixEpoch, _messages, _branch, _model, TranscriptText.Time(_saidAt));

    // A tool's result can be megabytes, and says nothing here.
    private bool IsWorthReading(ReadOnlySpan<byte> line)
    {
        var beginning = line[..Math.Min(line.Length, 512)];
        return beginning.IndexOf("\"type\":\"user\""u8) >= 0
            ? line.IndexOf("\"type\":\"tool_result\""u8) < 0
            : beginning.IndexOf("-title\""u8) >= 0 || beginning.IndexOf("last-prompt\""u8) >= 0
                || (_model is null && line.Length < 64 * 1024 && line.IndexOf("\"type\":\"assistant\""u8) >= 0);
    }

    private void Note(JsonElement line)
    {
        switch (line.Text("type"))
        {
            case "custom-title":
                _titles[0] = TitleOf(line.Text("customTitle")) ?? _titles[0];
                return;
            case "ai-title":
                _titles[1] = TitleOf(line.Text("aiTitle")) ?? _titles[1];
                return;
            case "last-prompt":
                _titles[2] = TitleOf(line.Text("lastPrompt")) ?? _titles[2];
                return;
            case "user" when !line.Flag("isSidechain"):
                if (TranscriptText.OfPrompt(line) is { } asked)
                {
                    _messages++;
                    _titles[3] ??= TitleOf(asked);
                }

                break;
            case "assistant" when !line.Flag("isSidechain"):
                _model ??= line.Get("message").Text("model") is { } model and not "<synthetic>" ? model : null;
                break;
            default:
                return;
        }

        _cwd ??= line.Text("cwd");
        _branch = line.Text("gitBranch") is { Length: > 0 } branch and not "HEAD" ? branch : _branch;
        _startedAt ??= TranscriptText.Time(line);
    }

    public static string? TitleOf(string? text)
    {
        var line = text?.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
        line = line is null ? null : string.Concat(line.Where(c => !char.IsControl(c)));
        return line is null or "" ? null : line.Length <= LongestTitle
            ? line
            : string.Concat(line.AsSpan(0, char.IsHighSurrogate(line[LongestTitle - 2]) ? LongestTitle - 2 : LongestTitle - 1), "…");
    }
}
