using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using PocketCoder.Daemon.Features.Files;

namespace PocketCoder.Daemon.Features.Git;

/// <summary>One changed file as <c>--raw</c> names it. A conflicted file has status U.</summary>
internal sealed record DiffEntry(char Status, string Path, string? OrigPath)
{
    public int Additions { get; init; }

    public int Deletions { get; init; }

    public bool Binary { get; init; }

    /// <summary>The line with which the file's part of the patch begins.</summary>
    public string PatchHeader => $"diff --git {Quoted("a/" + (OrigPath ?? Path))} {Quoted("b/" + Path)}";

    // As git quotes with core.quotePath=false: only where a byte would break the line or the quotes.
    private static string Quoted(string name)
    {
        if (!name.Any(c => c is < ' ' or '"' or '\\' or '\x7f'))
        {
            return name;
        }

        StringBuilder quoted = new("\"");
        foreach (var c in name)
        {
            var letter = "\a\b\t\n\v\f\r\"\\".IndexOf(c, StringComparison.Ordinal);
            _ = letter >= 0 ? quoted.Append('\\').Append("abtnvfr\"\\"[letter])
                : c is < ' ' or '\x7f' ? quoted.Append('\\').Append(Convert.ToString(c, 8).PadLeft(3, '0'))
                : quoted.Append(c);
        }

        return quoted.Append('"').ToString();
    }
}

/// <summary>A file's part of a patch: its header and its hunks, as places in the output.</summary>
internal sealed record DiffSection(string Title, Range Header, IReadOnlyList<DiffHunk> Hunks);

/// <summary><c>Header</c> is the line <c>@@ -1,2 +1,3 @@ …</c>; <c>Body</c> what follows it. A hunk that the output's end cuts is not <c>Complete</c>.</summary>
internal sealed record DiffHunk(Range Header, Range Body, int OldStart, int OldLines, int NewStart, int NewLines, bool Complete);

/// <summary>
/// Reads <c>git diff --raw --numstat -p -z</c>: raw entries, counts in the same order, NUL, patch. Hunks are read by their counts, so no content can look like
/// a header.
/// </summary>
internal static class DiffOutput
{
    /// <summary>The entries of <c>--raw -z</c> from the start of the output, and where they end.</summary>
    public static (List<DiffEntry> Entries, int End) ReadRaw(ReadOnlySpan<byte> output)
    {
        List<DiffEntry> entries = [];
        var position = 0;
        while (position < output.Length && output[position] == ':')
        {
            // :MODE MODE SHA SHA STATUS[SCORE] NUL PATH NUL [PATH NUL]
            var next = position;
            if (!TryTake(output, ref next, out var fields) || fields.Split(' ') is not [.., { Length: > 0 } letter] || !TryTake(output, ref next, out var path))
            {
                break;
            }

            var status = letter[0];
            string? original = null;
            if (status is 'R' or 'C')
            {
                original = path;
                if (!TryTake(output, ref next, out path))
                {
                    break;
                }
            }

            entries.Add(new DiffEntry(status, path, original));
            position = next;
        }

        return (entries, position);
    }

    /// <summary>Entries with their counts, and where the patch begins.</summary>
    public static (List<DiffEntry> Entries, int Patch) ReadCounted(ReadOnlySpan<byte> output)
    {
        var (entries, position) = ReadRaw(output);
        for (var i = 0; i < entries.Count; i++)
        {
            // ADDED TAB DELETED TAB PATH NUL, or for a rename ADDED TAB DELETED TAB NUL OLD NUL NEW NUL; a dash for both counts of a binary file.
            var next = position;
            if (!TryTake(output, ref next, out var counts) || counts.Split('\t', 3) is not [var added, var deleted, var name]
                || (name.Length == 0 && !(TryTake(output, ref next, out _) && TryTake(output, ref next, out _))))
            {
                break;
            }

            position = next;
            entries[i] = entries[i] with { Additions = Count(added), Deletions = Count(deleted), Binary = added == "-" };
        }

        return (entries, position < output.Length && output[position] == 0 ? position + 1 : position);
    }

    public static List<DiffSection> ReadPatch(ReadOnlySpan<byte> output, int start)
    {
        List<DiffSection> sections = [];
        var position = start;
        while (position < output.Length)
        {
            var begin = position;
            var title = TakeLine(output, ref position);
            if (!title.StartsWith("diff --git "u8))
            {
                // "* Unmerged path": its patch, if any, follows as that of a file.
                continue;
            }

            while (position < output.Length && !Starts(output, position, "@@ -"u8) && !Starts(output, position, "diff --git "u8) && output[position] != '*')
            {
                TakeLine(output, ref position);
            }

            var header = begin..position;
            List<DiffHunk> hunks = [];
            while (position < output.Length && Starts(output, position, "@@ -"u8) && TryTakeHunk(output, ref position, out var hunk))
            {
                hunks.Add(hunk);
            }

            sections.Add(new DiffSection(RawName.ToText(title), header, hunks));
        }

        return sections;
    }

    /// <summary>The lines of a hunk's body, each without its line break.</summary>
    public static IEnumerable<ReadOnlyMemory<byte>> Lines(ReadOnlyMemory<byte> output, DiffHunk hunk)
    {
        for (var body = output[hunk.Body]; !body.IsEmpty;)
        {
            var end = body.Span.IndexOf((byte)'\n');
            yield return end < 0 ? body : body[..end];
            body = end < 0 ? default : body[(end + 1)..];
        }
    }

    /// <summary>Names a hunk by all its bytes.</summary>
    public static string IdOf(ReadOnlySpan<byte> output, DiffHunk hunk) =>
        Convert.ToHexStringLower(SHA256.HashData(output[hunk.Header.Start..hunk.Body.End]).AsSpan(0, 8));

    private static bool TryTakeHunk(ReadOnlySpan<byte> output, ref int position, out DiffHunk hunk)
    {
        var begin = position;
        var ranges = TakeLine(output, ref position)["@@ "u8.Length..];
        hunk = null!;
        if (!TryRange(ref ranges, (byte)'-', out var oldStart, out var oldLines) || !TryRange(ref ranges, (byte)'+', out var newStart, out var newLines))
        {
            return false;
        }

        var body = position;
        var (oldLeft, newLeft) = (oldLines, newLines);
        while (position < output.Length && (oldLeft > 0 || newLeft > 0 || output[position] == '\\'))
        {
            switch (output[position])
            {
                case (byte)'+': newLeft--; break;
                case (byte)'-': oldLeft--; break;
                case (byte)'\\': break;
                default: oldLeft--; newLeft--; break;
            }

            TakeLine(output, ref position);
        }

        var complete = oldLeft == 0 && newLeft == 0 && output[position - 1] == '\n';
        hunk = new DiffHunk(begin..body, body..position, oldStart, oldLines, newStart, newLines, complete);
        return true;
    }

    // "-12,3 " or "+12 ": one line when no count is given.
    private static bool TryRange(ref ReadOnlySpan<byte> text, byte sign, out int start, out int lines)
    {
        (start, lines) = (0, 1);
        if (text.IsEmpty || text[0] != sign || !Utf8Parser.TryParse(text[1..], out start, out var used) || start < 0)
        {
            return false;
        }

        text = text[(1 + used)..];
        if (text.StartsWith(","u8))
        {
            if (!Utf8Parser.TryParse(text[1..], out lines, out used) || lines < 0)
            {
                return false;
            }

            text = text[(1 + used)..];
        }

        text = text.StartsWith(" "u8) ? text[1..] : text;
        return true;
    }

    private static bool Starts(ReadOnlySpan<byte> output, int position, ReadOnlySpan<byte> with) => output[position..].StartsWith(with);

    private static ReadOnlySpan<byte> TakeLine(ReadOnlySpan<byte> output, ref int position)
    {
        var rest = output[position..];
        var end = rest.IndexOf((byte)'\n');
        position += end < 0 ? rest.Length : end + 1;
        return end < 0 ? rest : rest[..end];
    }

    private static bool TryTake(ReadOnlySpan<byte> output, ref int position, out string field)
    {
        var rest = output[position..];
        var end = rest.IndexOf((byte)0);
        field = end < 0 ? "" : RawName.ToText(rest[..end]);
        position += end + 1;
        return end >= 0;
    }

    private static int Count(string number) => int.TryParse(number, out var count) ? count : 0;
}
