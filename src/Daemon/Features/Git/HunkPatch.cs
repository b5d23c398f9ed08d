using System.Text;
using PocketCoder.Protocol;
using PocketCoder.Protocol.Messaging;

namespace PocketCoder.Daemon.Features.Git;

/// <summary>
/// A patch of chosen hunks of one file. It is made here of what git says now, byte for byte, so that a client can only choose, and only what it has seen.
/// </summary>
internal static class HunkPatch
{
    /// <summary>git's arguments with which it is put into an index, from the repository's root.</summary>
    public static IReadOnlyList<string> Apply(bool reverse) => ["apply", "--cached", "--unidiff-zero", "--whitespace=nowarn", .. reverse ? ["--reverse"] : Array.Empty<string>(), "-"];

    /// <summary><c>CONFLICT</c> when a hunk is no longer there. <c>reverse</c> is how it will be applied: a hunk that is left out shifts the lines of those behind it.</summary>
    public static async Task<byte[]> OfAsync(
        GitRepository repository, bool staged, bool reverse, IReadOnlyList<string> paths, IReadOnlyList<string> hunks, int? contextLines, CancellationToken cancellationToken)
    {
        if (paths.Count != 1 || hunks.Count == 0)
        {
            throw new RequestException(ErrorCode.InvalidRequest, "Hunks are of one file: name it in paths, and at least one hunk.");
        }

        // With the repository's filters, because what is staged goes through them.
        var diff = repository.Require(await repository.RunTrustedAsync(
            new GitCall(repository.Project.Path, ["--literal-pathspecs", .. GitDiff.PatchArguments(staged, contextLines), "--", paths[0]]), cancellationToken)).Output;
        var sections = DiffOutput.ReadPatch(diff.Span, DiffOutput.ReadCounted(diff.Span).Patch);
        return sections is [var section] && PatchOf(diff, section, hunks, reverse) is { } patch
            ? patch
            : throw new RequestException(ErrorCode.Conflict, "The file has changed since its hunks were shown. Look at it again.", new ErrorDetails { Path = paths[0] });
    }

    // Null when a hunk is not there. A hunk that is left out shifts the lines of those behind it, on the side that does not have it then.
    private static byte[]? PatchOf(ReadOnlyMemory<byte> diff, DiffSection section, IReadOnlyList<string> wanted, bool reverse)
    {
        using MemoryStream patch = new();
        foreach (var line in Encoding.Latin1.GetString(diff.Span[section.Header]).Split('\n')[..^1])
        {
            // A change of the file's mode is no part of any hunk.
            if (!line.StartsWith("old mode ", StringComparison.Ordinal) && !line.StartsWith("new mode ", StringComparison.Ordinal))
            {
                patch.Write(Encoding.Latin1.GetBytes(line + '\n'));
            }
        }

        var (found, shift) = (0, 0);
        foreach (var hunk in section.Hunks.Where(h => h.Complete))
        {
            if (!wanted.Contains(DiffOutput.IdOf(diff.Span, hunk)))
            {
                shift += hunk.OldLines - hunk.NewLines;
                continue;
            }

            found++;
            var (oldStart, newStart) = reverse ? (hunk.OldStart - shift, hunk.NewStart) : (hunk.OldStart, hunk.NewStart + shift);
            patch.Write(Encoding.ASCII.GetBytes(FormattableString.Invariant($"@@ -{oldStart},{hunk.OldLines} +{newStart},{hunk.NewLines} @@\n")));
            patch.Write(diff.Span[hunk.Body]);
        }

        return found == wanted.Distinct().Count() ? patch.ToArray() : null;
    }
}
