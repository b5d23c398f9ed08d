using System.Text.Json;
using Microsoft.Win32.SafeHandles;
using PocketCoder.Daemon.Features.Agent.Claude;

namespace PocketCoder.Daemon.Features.Agent.Terminal;

/// <summary>
/// The lines of one transcript, by what they are to each other; what they hold stays in the file. Reads on as the file grows. What a prefix of the file showed is
/// always known again, for it is only appended to.
/// </summary>
internal sealed class Transcript(TranscriptFile file)
{
    private const int BlockLength = 256 * 1024;
    private const int LongestLine = 64 * 1024 * 1024;

    private readonly List<TranscriptLine> _lines = [];
    private readonly Dictionary<Guid, int> _indexes = [];
    private readonly List<(long At, Guid Leaf)> _leaves = [];

    public string Path => file.Path;

    /// <summary>How far it was read: to the end of the last whole line.</summary>
    public long Size { get; private set; }

    /// <summary>Takes in what was written since. False when the file was replaced by another or is gone: a new <see cref="Transcript"/> is needed.</summary>
    public bool ReadOn()
    {
        using var handle = Open();
        var length = RandomAccess.GetLength(handle);
        if (length < Size)
        {
            return false;
        }

        var buffer = new byte[BlockLength];
        var held = 0;
        for (var at = Size; at < length;)
        {
            if (held == buffer.Length)
            {
                if (buffer.Length >= LongestLine)
                {
                    // Nobody reads such a line; what hangs on it hangs in the air.
                    (Size, held) = (at, 0);
                }
                else
                {
                    Array.Resize(ref buffer, buffer.Length * 2);
                }
            }

            var read = RandomAccess.Read(handle, buffer.AsSpan(held), at);
            if (read == 0)
            {
                break;
            }

            at += read;
            held += read;
            var rest = buffer.AsSpan(0, held);
            while (rest.IndexOf((byte)'\n') is var end and >= 0)
            {
                Take(rest[..end]);
                Size += end + 1;
                rest = rest[(end + 1)..];
            }

            rest.CopyTo(buffer);
            held = rest.Length;
        }

        return true;
    }

    /// <summary>The conversation as the first <paramref name="size"/> bytes of the file tell it.</summary>
    public TranscriptView ViewAt(long size)
    {
        var count = _lines.Count;
        while (count > 0 && _lines[count - 1].Offset + _lines[count - 1].Length >= size)
        {
            count--;
        }

        Guid? named = null;
        var namedAt = -1L;
        foreach (var (at, leaf) in _leaves)
        {
            if (at < size && _indexes.TryGetValue(leaf, out var index) && index < count)
            {
                (named, namedAt) = (leaf, at);
            }
        }

        return new TranscriptView(_lines, count, named, namedAt);
    }

    /// <summary>The conversation that ends with this line; null when there is no such line.</summary>
    public TranscriptView? ViewTo(Guid leaf) => _indexes.ContainsKey(leaf) ? new TranscriptView(_lines, _lines.Count, leaf, long.MaxValue, exactly: true) : null;

    public SafeFileHandle Open() => File.OpenHandle(file.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);

    /// <summary>What a line holds; null when it is not there any more.</summary>
    public static JsonDocument? Read(SafeFileHandle handle, TranscriptLine line)
    {
        var bytes = new byte[line.Length];
        var read = 0;
        while (read < bytes.Length && RandomAccess.Read(handle, bytes.AsSpan(read), line.Offset + read) is var more and > 0)
        {
            read += more;
        }

        return read == bytes.Length ? JsonLine.Parse(bytes) : null;
    }

    private void Take(ReadOnlySpan<byte> bytes)
    {
        var (line, leaf) = TranscriptScan.Read(bytes, Size);
        if (leaf is { } id)
        {
            _leaves.Add((Size, id));
        }

        // The first of a name counts: what was taken in never changes.
        if (line is { } found && _indexes.TryAdd(found.Id, _lines.Count))
        {
            _lines.Add(found);
        }
    }
}
