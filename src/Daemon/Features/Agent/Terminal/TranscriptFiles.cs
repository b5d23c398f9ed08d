using System.Text;

namespace PocketCoder.Daemon.Features.Agent.Terminal;

/// <summary>A transcript of Claude Code: the record of one session, which whoever has the session open appends to.</summary>
internal sealed record TranscriptFile(string Path, string SessionId, long Size, DateTimeOffset WrittenAt);

/// <summary>Where Claude Code keeps its transcripts: <c>projects/DIRECTORY/SESSION.jsonl</c> below its own directory.</summary>
/// <param name="chosen">That directory; null for the usual place.</param>
internal sealed class TranscriptFiles(string? chosen)
{
    private const int LongestName = 200;

    public string Root { get; } = chosen ?? (Environment.GetEnvironmentVariable("CLAUDE_CONFIG_DIR") is { Length: > 0 } configured
        ? configured
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".claude"));

    /// <summary>
    /// What Claude Code calls a working directory (a real path): all but ASCII letters and digits becomes a dash; a long name is cut and ends in a hash.
    /// </summary>
    public static string NameOf(string directory)
    {
        var name = Dashed(directory);
        if (name.Length <= LongestName)
        {
            return name;
        }

        var hash = 0;
        foreach (var unit in directory)
        {
            hash = unchecked((hash * 31) + unit);
        }

        return $"{name[..LongestName]}-{Base36(Math.Abs((long)hash))}";
    }

    /// <summary>
    /// Transcripts that may belong to this directory or one below it. Different directories can have one name, so only the <c>cwd</c> in the lines decides.
    /// </summary>
    public IReadOnlyList<TranscriptFile> Near(string directory)
    {
        var name = Dashed(directory);
        var below = name.Length > LongestName ? name[..LongestName] : name + "-";
        return
        [
            .. Directories()
                .Where(d => d.Name == name || d.Name.StartsWith(below, StringComparison.Ordinal))
                .SelectMany(Transcripts)
                .Select(file => new TranscriptFile(file.FullName, Path.GetFileNameWithoutExtension(file.Name), file.Length, file.LastWriteTimeUtc)),
        ];
    }

    /// <summary>The transcript of a session that works in this directory; null when there is none (any more).</summary>
    public TranscriptFile? Find(string sessionId, string cwd)
    {
        FileInfo file = new(Path.Combine(Root, "projects", NameOf(cwd), sessionId + ".jsonl"));
        return Guid.TryParse(sessionId, out _) && file.Exists ? new TranscriptFile(file.FullName, sessionId, file.Length, file.LastWriteTimeUtc) : null;
    }

    private DirectoryInfo[] Directories() => Quietly(new DirectoryInfo(Path.Combine(Root, "projects")), static d => d.GetDirectories());

    private static IEnumerable<FileInfo> Transcripts(DirectoryInfo directory) =>
        Quietly(directory, static d => d.GetFiles("*.jsonl")).Where(file => Guid.TryParse(Path.GetFileNameWithoutExtension(file.Name), out _));

    // Not there, taken away as we looked, or not for us: then there is nothing to be found.
    private static T[] Quietly<T>(DirectoryInfo directory, Func<DirectoryInfo, T[]> list)
    {
        try
        {
            return list(directory);
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static string Dashed(string directory) => string.Concat(directory.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-'));

    private static string Base36(long value)
    {
        StringBuilder digits = new();
        do
        {
            digits.Insert(0, "0123456789abcdefghijklmnopqrstuvwxyz"[(int)(value % 36)]);
            value /= 36;
        }
        while (value > 0);
        return digits.ToString();
    }
}
