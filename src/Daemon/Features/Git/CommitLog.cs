using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Git;

/// <summary>Reads <c>git log -z</c> in <see cref="Format"/>: eight fields a commit, each ended by NUL, which no commit can hold.</summary>
internal static class CommitLog
{
    public const string Format = "--format=%H%x00%P%x00%an%x00%ae%x00%at%x00%D%x00%s%x00%b";

    private const int Fields = 8;
    private const int MaxBodyChars = 4_000;

    /// <summary>What is not ended by NUL was cut and is left out.</summary>
    public static IEnumerable<GitCommit> Parse(string output)
    {
        var fields = output.Split('\0')[..^1];
        for (var i = 0; i + Fields <= fields.Length; i += Fields)
        {
            var body = fields[i + 7].TrimEnd('\n');
            yield return new GitCommit(
                fields[i],
                fields[i + 1].Split(' ', StringSplitOptions.RemoveEmptyEntries),
                fields[i + 6],
                fields[i + 2],
                fields[i + 3],
                UnixTime.Parse(fields[i + 4]) ?? DateTimeOffset.UnixEpoch,
                body.Length == 0 ? null : Cut(body),
                fields[i + 5].Length == 0 ? null : [.. fields[i + 5].Split(", ").Select(Pointed)]);
        }
    }

    // "HEAD -> main" is the branch main; "tag: v1" the tag v1.
    private static string Pointed(string reference) => reference.StartsWith("HEAD -> ", StringComparison.Ordinal) ? reference["HEAD -> ".Length..]
        : reference.StartsWith("tag: ", StringComparison.Ordinal) ? reference["tag: ".Length..] : reference;

    private static string Cut(string body) => body.Length <= MaxBodyChars ? body : string.Concat(body.AsSpan(0, MaxBodyChars), "…");
}
