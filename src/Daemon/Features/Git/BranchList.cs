using System.Globalization;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Git;

/// <summary>Reads what <c>git for-each-ref</c> prints in <see cref="Format"/>: one branch a line, because no field of it can hold a line break.</summary>
internal static class BranchList
{
    public const string Format =
        "--format=%(refname)%00%(objectname)%00%(upstream:short)%00%(upstream:track,nobracket)%00%(committerdate:unix)%00%(symref)%00%(contents:subject)";

    public static IEnumerable<GitBranch> Parse(string output)
    {
        foreach (var line in output.Split('\n'))
        {
            // A remote's HEAD is another name for one of its branches; what has no commit date is no commit.
            if (line.Split('\0', 7) is not [var name, var sha, var upstream, var track, var date, "", var subject] || UnixTime.Parse(date) is not { } committedAt)
            {
                continue;
            }

            if (After(name, "refs/heads/") is { } local)
            {
                yield return new GitBranch(
                    local, GitBranchKind.Local, sha, Count(track, "ahead "), Count(track, "behind "), committedAt, subject, upstream.Length > 0 ? upstream : null);
            }
            else if (After(name, "refs/remotes/") is { } remote)
            {
                yield return new GitBranch(remote, GitBranchKind.Remote, sha, 0, 0, committedAt, subject);
            }
        }
    }

    private static string? After(string name, string prefix) => name.StartsWith(prefix, StringComparison.Ordinal) ? name[prefix.Length..] : null;

    // "ahead 2, behind 1", "behind 1", "gone" or nothing.
    private static int Count(string track, string side) => track.Split(", ").Select(part => After(part, side)).FirstOrDefault(n => n is not null) is { } number
        && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : 0;
}

internal static class UnixTime
{
    /// <summary>Null when it is no number; a time beyond the calendar is the calendar's end.</summary>
    public static DateTimeOffset? Parse(string seconds) => long.TryParse(seconds, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
        ? DateTimeOffset.FromUnixTimeSeconds(Math.Clamp(value, DateTimeOffset.MinValue.ToUnixTimeSeconds(), DateTimeOffset.MaxValue.ToUnixTimeSeconds()))
        : null;
}
