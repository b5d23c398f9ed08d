using System.Globalization;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Git;

/// <summary>Reads <c>git status --porcelain=v2 --branch -z</c> (git-status(1), "Porcelain Format Version 2").</summary>
internal static class PorcelainStatus
{
    private const int MaxChanges = 10_000;

    /// <param name="cut">The output stops somewhere; what is not ended by NUL is left out.</param>
    public static GitStatusResponse Parse(string output, string prefix, bool cut = false, string? operation = null)
    {
        string? branch = null, head = null, upstream = null;
        int ahead = 0, behind = 0;
        var truncated = cut;
        List<GitChange> staged = [], unstaged = [], conflicted = [];
        var entries = output.Split('\0')[..^1];
        for (var i = 0; i < entries.Length; i++)
        {
            var entry = entries[i];
            switch (entry)
            {
                case ['#', ..] when entry.Split(' ', 3) is [_, var key, var value]:
                    switch (key)
                    {
                        case "branch.oid": head = value == "(initial)" ? null : value; break;
                        case "branch.head": branch = value == "(detached)" ? null : value; break;
                        case "branch.upstream": upstream = value; break;
                        case "branch.ab" when value.Split(' ') is [var plus, var minus]:
                            (ahead, behind) = (Count(plus), Count(minus));
                            break;
                    }

                    break;
                case ['1', ..] when entry.Split(' ', 9) is [_, { Length: 2 } xy, _, _, _, _, _, _, var path]:
                    Add(xy, path, null);
                    break;
                case ['2', ..] when entry.Split(' ', 10) is [_, { Length: 2 } xy, _, _, _, _, _, _, _, var path]:
                    // With -z the old name is the next entry.
                    Add(xy, path, ++i < entries.Length ? entries[i] : null);
                    break;
                case ['u', ..] when entry.Split(' ', 11) is [_, var xy, _, _, _, _, _, _, _, _, var path]:
                    Put(conflicted, new GitChange(Own(path), xy));
                    break;
                case ['?', ' ', .. var path]:
                    Put(unstaged, new GitChange(Own(path), "?"));
                    break;
            }
        }

        return new GitStatusResponse(branch, Detached: branch is null, head, upstream, ahead, behind, staged, unstaged, conflicted, truncated ? true : null, operation);

        // git names paths from the repository's root, whatever directory it is asked about.
        string Own(string path) => path.StartsWith(prefix, StringComparison.Ordinal) ? path[prefix.Length..] : path;

        void Add(string xy, string path, string? origPath)
        {
            if (xy[0] != '.')
            {
                Put(staged, new GitChange(Own(path), xy[..1], xy[0] is 'R' or 'C' && origPath is not null ? Own(origPath) : null));
            }

            if (xy[1] != '.')
            {
                Put(unstaged, new GitChange(Own(path), xy[1..], xy[1] is 'R' or 'C' && origPath is not null ? Own(origPath) : null));
            }
        }

        void Put(List<GitChange> group, GitChange change)
        {
            if (group.Count < MaxChanges)
            {
                group.Add(change);
            }
            else
            {
                truncated = true;
            }
        }
    }

    private static int Count(string signed) =>
        int.TryParse(signed, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var count) ? Math.Abs(Math.Max(count, -int.MaxValue)) : 0;
}
