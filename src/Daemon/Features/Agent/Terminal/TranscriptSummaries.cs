using System.Collections.Concurrent;

namespace PocketCoder.Daemon.Features.Agent.Terminal;

/// <summary>
/// A transcript as a list shows it. <c>Messages</c> counts what was asked: exactly in files of at most 512 KB, else in the beginning and the end alone.
/// <c>SaidAt</c>: when anything was said last.
/// </summary>
internal sealed record TranscriptSummary(string Cwd, string Title, DateTimeOffset StartedAt, int Messages, string? Branch, string? Model, DateTimeOffset? SaidAt);

/// <summary>Reads the beginning and the end of transcripts and remembers what it found until the file changes.</summary>
internal sealed class TranscriptSummaries
{
    private const int HeadLength = 16 * 1024;
    private const int FarHeadLength = 256 * 1024;
    private const int TailLength = 16 * 1024;
    private const int WholeLength = 512 * 1024;

    private readonly ConcurrentDictionary<string, (long Size, DateTimeOffset WrittenAt, TranscriptSummary? Summary)> _known = new(StringComparer.Ordinal);

    /// <summary>The summaries of those files that are a session's. Never throws: what cannot be read is none.</summary>
    public IReadOnlyList<(TranscriptFile File, TranscriptSummary Summary)> Of(IReadOnlyList<TranscriptFile> files)
    {
        var found = new TranscriptSummary?[files.Count];
        Parallel.For(0, files.Count, i => found[i] = Of(files[i]));
        return [.. files.Zip(found).Where(pair => pair.Second is not null).Select(pair => (pair.First, pair.Second!))];
    }

    public TranscriptSummary? Of(TranscriptFile file)
    {
        if (_known.TryGetValue(file.Path, out var known) && known.Size == file.Size && known.WrittenAt == file.WrittenAt)
        {
            return known.Summary;
        }

        TranscriptSummary? summary;
        try
        {
            summary = Read(file);
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            return null;
        }

        _known[file.Path] = (file.Size, file.WrittenAt, summary);
        return summary;
    }

    private static TranscriptSummary? Read(TranscriptFile file)
    {
        using var handle = File.OpenHandle(file.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        SummaryReader reader = new();
        if (file.Size <= WholeLength)
        {
            reader.Read(Part(handle, 0, WholeLength), endsWhole: true);
        }
        else
        {
            reader.Read(Part(handle, 0, HeadLength), endsWhole: false);
            if (!reader.KnowsSession)
            {
                reader = new SummaryReader();
                reader.Read(Part(handle, 0, FarHeadLength), endsWhole: false);
            }

            // What the cut begins with is the rest of a line.
            var tail = Part(handle, file.Size - TailLength, TailLength);
            reader.Read(tail[(tail.IndexOf((byte)'\n') + 1)..], endsWhole: true);
        }

        return reader.ToSummary();
    }

    private static ReadOnlySpan<byte> Part(Microsoft.Win32.SafeHandles.SafeFileHandle handle, long from, int length)
    {
        // One buffer for each thread: two thousand files must not be two thousand times this much garbage.
        var buffer = t_buffer ??= new byte[WholeLength];
        var read = 0;
        while (read < length && RandomAccess.Read(handle, buffer.AsSpan(read, length - read), from + read) is var more and > 0)
        {
            read += more;
        }

        return buffer.AsSpan(0, read);
    }

    [ThreadStatic]
    private static byte[]? t_buffer;
}
