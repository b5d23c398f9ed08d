using System.Globalization;
using System.Text.Json;
using PocketCoder.Daemon.Features.Agent.Claude;
using PocketCoder.Daemon.Processes;

namespace PocketCoder.Daemon.Features.Agent.Terminal;

/// <summary>A Claude Code that has a session open, and that is none of ours.</summary>
/// <param name="Started">Its <see cref="ProcessIdentity.StartTime"/>.</param>
/// <param name="Busy">It is in the middle of a turn.</param>
internal sealed record LiveTerminal(int ProcessId, long Started, string SessionId, bool Busy);

/// <summary>
/// The sessions that are open in terminals. Each Claude Code writes <c>sessions/PID.json</c> when it starts and when it turns to another session (measured in
/// 2.1.197 and 2.1.332; <c>claude agents --json</c> shows the same and takes half a second). A record can survive its process: PID and start time tell.
/// </summary>
internal sealed class LiveTerminals(TranscriptFiles files, Children children, TimeProvider time)
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(2);

    private (long At, IReadOnlyDictionary<string, LiveTerminal> Found)? _known;

    /// <summary>Who has which session open, as of the last two seconds.</summary>
    public IReadOnlyDictionary<string, LiveTerminal> Recent() =>
        _known is { } known && time.GetElapsedTime(known.At) < Fresh ? known.Found : Look();

    /// <summary>Who has the session open now.</summary>
    public LiveTerminal? Now(string sessionId) => Look().GetValueOrDefault(sessionId);

    private Dictionary<string, LiveTerminal> Look()
    {
        Dictionary<string, LiveTerminal> found = new(StringComparer.Ordinal);
        foreach (var path in Records())
        {
            if (Read(path) is { } live)
            {
                found[live.SessionId] = live;
            }
        }

        _known = (time.GetTimestamp(), found);
        return found;
    }

    private string[] Records()
    {
        try
        {
            return Directory.GetFiles(Path.Combine(files.Root, "sessions"), "*.json");
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private LiveTerminal? Read(string path)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            var record = document.RootElement;
            return record.Number("pid") is { } pid and > 0 and < int.MaxValue && record.Text("sessionId") is { } session && IsThis((int)pid, record) is var started and not 0
                && !IsOurs((int)pid, record)
                    ? new LiveTerminal((int)pid, started, session, record.Text("status") == "busy")
                    : null;
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException or JsonException)
        {
            // Being written, or taken away with its process.
            return null;
        }
    }

    // The start time of the process that wrote the record; 0 when that one is gone.
    private static long IsThis(int pid, JsonElement record)
    {
        var started = ProcessIdentity.StartTime(pid);
        if (OperatingSystem.IsLinux() && record.Text("procStart") is { } recorded)
        {
            return long.TryParse(recorded, CultureInfo.InvariantCulture, out var ticks) && ticks == started ? started : 0;
        }

        // Elsewhere the start is a FILETIME, and the record was made after it.
        return started == 0 || OperatingSystem.IsLinux() || record.Number("startedAt") is not { } at
            || DateTimeOffset.FromFileTime(started) > DateTimeOffset.FromUnixTimeMilliseconds(at) + Fresh
                ? 0
                : started;
    }

    // What we run writes such records too. Only Linux shows the environment of a process; elsewhere whatever a program drives counts as ours.
    private bool IsOurs(int pid, JsonElement record) => OperatingSystem.IsLinux()
        ? children.IsOne(pid)
        : record.Text("entrypoint")?.StartsWith("sdk", StringComparison.Ordinal) == true;
}
