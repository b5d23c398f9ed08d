using System.Globalization;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Git;

/// <summary>Reads <c>git status --porcelain=v2 --branch -z</c> (git-status(1), "Porcelain Format Version 2").</summary>
internal static class PorcelainStatus
{
    public static GitStatusResponse Parse(string output, string prefix)
    {
        string? branch = null, head = null, upstream = null;
        int ahead = 0, behind = 0;
        List<GitChange> staged = [], unstaged = [], conflicted = [];
        var entries = output.Split('\0', StringSplitOptions.RemoveEmptyEntries);
        for (var i = 0; i < entries.Length; i++)
        {
            var entry = entries[i];
            switch (entry[0])
            {
                case '#' when entry.Split(' ', 3) is [_, var key, var value]:
                    switch (key)
                    {
                        case "branch.oid": head = value == "(initial)" ? null : value; break;
                        case "branch.head": branch = value == "(detached)" ? null : value; break;
                        case "branch.upstream": upstream = value; break;
                        case "branch.ab" when value.Split(' ') is [var plus, var minus]:
                            ahead = int.Parse(plus, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
                            behind = -int.Parse(minus, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
                            break;
                    }

                    break;
                case '1' when entry.Split(' ', 9) is [_, var xy, .., var path]:
                    Add(xy, path, null);
                    break;
                case '2' when entry.Split(' ', 10) is [_, var xy, .., var path]:
                    // With -z the old name is the next entry.
                    Add(xy, path, ++i < entries.Length ? entries[i] : null);
                    break;
                case 'u' when entry.Split(' ', 11) is [_, var xy, .., var path]:
                    conflicted.Add(new GitChange(Own(path), xy));
                    break;
                case '?':
                    unstaged.Add(new GitChange(Own(entry[2..]), "?"));
                    break;
            }
        }

        return new GitStatusResponse(branch, Detached: branch is null, head, upstream, ahead, behind, staged, unstaged, conflicted);

        // git names paths from the repository's root, whatever directory it is asked about.
        string Own(string path) => path.StartsWith(prefix, StringComparison.Ordinal) ? path[prefix.Length..] : path;

        void Add(string xy, string path, string? origPath)
        {
            if (xy[0] != '.')
            {
                staged.Add(new GitChange(Own(path), xy[..1], xy[0] is 'R' or 'C' && origPath is not null ? Own(origPath) : null));
            }

            if (xy[1] != '.')
            {
                unstaged.Add(new GitChange(Own(path), xy[1..], xy[1] is 'R' or 'C' && origPath is not null ? Own(origPath) : null));
            }
        }
    }
}
