using System.Text;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Git;

/// <summary>Makes the wire's files and hunks out of git's output, within the limits of a screen and of a message.</summary>
internal sealed class DiffView(Func<string, string> own, bool withIds)
{
    private const int MaxLinesPerFile = 3_000, MaxLineChars = 2_000, MaxChars = 1024 * 1024;
    private readonly List<GitFileDiff> _files = [];
    private int _charsLeft = MaxChars;

    public IReadOnlyList<GitFileDiff> Files => _files;

    /// <summary>Some file is not shown whole.</summary>
    public bool Truncated => _files.Any(f => f.Truncated == true);

    /// <summary>Output of <c>--raw --numstat --patch -z</c>, possibly cut.</summary>
    public void Add(ReadOnlyMemory<byte> output)
    {
        var (entries, patch) = DiffOutput.ReadCounted(output.Span);
        var sections = DiffOutput.ReadPatch(output.Span, patch).ToLookup(s => s.Title);

        // A conflicted file comes twice: as unmerged, and with its difference to our side.
        foreach (var group in entries.GroupBy(e => e.Path))
        {
            var (first, last) = (group.First(), group.Last());
            var linesLeft = MaxLinesPerFile;
            List<GitHunk> hunks = [];
            var cut = false;
            foreach (var hunk in sections[last.PatchHeader].SelectMany(s => s.Hunks))
            {
                var (lines, whole) = Take(DiffOutput.Lines(output, hunk), ref linesLeft);
                whole &= hunk.Complete;
                cut |= !whole;
                if (lines.Count > 0)
                {
                    var header = Encoding.UTF8.GetString(output.Span[hunk.Header]).TrimEnd('\n');
                    hunks.Add(new GitHunk(
                        Cut(header), hunk.OldStart, hunk.OldLines, hunk.NewStart, hunk.NewLines, lines, withIds && whole ? DiffOutput.IdOf(output.Span, hunk) : null));
                }
            }

            var missing = hunks.Count == 0 && last.Additions + last.Deletions > 0;
            _files.Add(new GitFileDiff(
                own(last.Path), first.Status.ToString(), last.Binary, last.Additions, last.Deletions, hunks, last.OrigPath is { } from ? own(from) : null,
                cut || missing ? true : null));
        }
    }

    /// <param name="path">As the project names it.</param>
    /// <param name="content">Null when it is not to be shown.</param>
    public void AddUntracked(string path, byte[]? content)
    {
        if (content is null || content.Contains((byte)0))
        {
            _files.Add(new GitFileDiff(path, "?", Binary: content is not null, 0, 0, [], Truncated: content is null ? true : null));
            return;
        }

        var text = Encoding.UTF8.GetString(content);
        var lines = text.Split('\n');
        var count = text.EndsWith('\n') || text.Length == 0 ? lines.Length - 1 : lines.Length;
        var linesLeft = MaxLinesPerFile;
        var (shown, whole) = Take(lines.Take(count).Select(l => "+" + l), ref linesLeft);
        if (count == lines.Length && whole)
        {
            shown.Add("\\ No newline at end of file");
        }

        _files.Add(new GitFileDiff(
            path, "?", Binary: false, count, 0, shown.Count == 0 ? [] : [new GitHunk($"@@ -0,0 +1,{count} @@", 0, 0, 1, count, shown)], Truncated: whole ? null : true));
    }

    private (List<string> Lines, bool Whole) Take(IEnumerable<ReadOnlyMemory<byte>> lines, ref int linesLeft) =>
        Take(lines.Select(l => Encoding.UTF8.GetString(l.Span)), ref linesLeft);

    private (List<string> Lines, bool Whole) Take(IEnumerable<string> lines, ref int linesLeft)
    {
        List<string> taken = [];
        foreach (var line in lines)
        {
            var shown = Cut(line);
            if (linesLeft == 0 || shown.Length > _charsLeft)
            {
                return (taken, false);
            }

            taken.Add(shown);
            linesLeft--;
            _charsLeft -= shown.Length + 1;
        }

        return (taken, true);
    }

    // Not through the middle of a surrogate pair, which JSON cannot carry.
    private static string Cut(string line) => line.Length <= MaxLineChars ? line
        : string.Concat(line.AsSpan(0, char.IsHighSurrogate(line[MaxLineChars - 1]) ? MaxLineChars - 1 : MaxLineChars), "…");
}
