using System.Text.Json;
using PocketCoder.Daemon.Features.Agent.Claude;

namespace PocketCoder.Daemon.Features.Agent.Terminal;

/// <summary>What a session's sub-agents did: each has a transcript of its own, which a file beside it joins to the tool call that began it.</summary>
internal sealed class SubagentTranscripts
{
    private const int LongestLine = 16 * 1024 * 1024;

    private readonly string _directory;
    private readonly HashSet<string> _told = new(StringComparer.Ordinal);
    private Dictionary<string, string>? _files;

    public SubagentTranscripts(string transcript) => _directory = Path.Combine(Path.ChangeExtension(transcript, null), "subagents");

    /// <summary>Its lines in the order of the file, once; the caller disposes of each.</summary>
    public IEnumerable<JsonDocument> LinesOf(string toolUseId)
    {
        _files ??= Files();
        if (!_files.TryGetValue(toolUseId, out var path) || !_told.Add(toolUseId))
        {
            yield break;
        }

        foreach (var line in Lines(path))
        {
            if (line.Length <= LongestLine && JsonLine.Parse(line) is { } document)
            {
                yield return document;
            }
        }
    }

    private static IEnumerable<byte[]> Lines(string path)
    {
        StreamReader reader;
        try
        {
            reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            yield break;
        }

        using (reader)
        {
            while (reader.ReadLine() is { } line)
            {
                yield return System.Text.Encoding.UTF8.GetBytes(line);
            }
        }
    }

    private Dictionary<string, string> Files()
    {
        Dictionary<string, string> files = new(StringComparer.Ordinal);
        try
        {
            foreach (var meta in Directory.EnumerateFiles(_directory, "*.meta.json"))
            {
                using var document = JsonLine.Parse(File.ReadAllBytes(meta));
                if (document?.RootElement.Text("toolUseId") is { } toolUseId)
                {
                    files[toolUseId] = meta[..^".meta.json".Length] + ".jsonl";
                }
            }
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            // It had no sub-agents.
        }

        return files;
    }
}
