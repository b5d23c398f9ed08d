using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using PocketCoder.Daemon.Features.Agent.Terminal;
using PocketCoder.TestSupport;

namespace PocketCoder.Daemon.Tests.Features;

/// <summary>What Claude Code in a terminal leaves in its own directory: transcripts, and records of what is open.</summary>
internal sealed class Desk(TestSystem system) : IDisposable
{
    public const string CapturedIn = "/srv/lab/project";

    private readonly List<Process> _terminals = [];

    private string Directory => System.IO.Directory.CreateDirectory(
        Path.Combine(system.ClaudeStore, "projects", TranscriptFiles.NameOf(system.Project.Path))).FullName;

    public string TranscriptOf(string session) => Path.Combine(Directory, session + ".jsonl");

    /// <summary>Puts a captured transcript into the project; its session's id.</summary>
    public string Put(string capture)
    {
        var text = Captured(capture);
        var session = (string)JsonNode.Parse(text.Split('\n')[0])!["sessionId"]!;
        File.WriteAllText(TranscriptOf(session), text);
        return session;
    }

    public string Captured(string name) =>
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Captures", name)).Replace(CapturedIn, system.Project.Path, StringComparison.Ordinal);

    /// <summary>A line of the conversation; its id.</summary>
    public string Write(string session, string type, string? parent, string text, JsonObject? more = null)
    {
        var id = Guid.NewGuid().ToString();
        JsonObject line = new()
        {
            ["parentUuid"] = parent,
            ["isSidechain"] = false,
            ["type"] = type,
            ["message"] = new JsonObject { ["id"] = $"msg_{id}", ["role"] = type, ["model"] = "claude-opus-5-5", ["content"] = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = text }) },
            ["uuid"] = id,
            ["timestamp"] = "2026-11-22T17:22:02.422Z",
            ["entrypoint"] = "cli",
            ["cwd"] = system.Project.Path,
            ["sessionId"] = session,
            ["gitBranch"] = "feature/x",
        };
        foreach (var (name, value) in more ?? [])
        {
            line[name] = value?.DeepClone();
        }

        Append(session, line.ToJsonString());
        return id;
    }

    public void Append(string session, string line) => File.AppendAllText(TranscriptOf(session), line + "\n");

    /// <summary>The id of the transcript's last line that has one.</summary>
    public string LeafOf(string session) => File.ReadLines(TranscriptOf(session)).Select(line => (string?)JsonNode.Parse(line)!["uuid"]).Last(id => id is not null)!;

    /// <summary>A process that has the session open.</summary>
    public Process Open(string session, string status = "idle", string script = "sleep 600")
    {
        var process = Process.Start("sh", ["-c", $"exec {script}"]);
        _terminals.Add(process);
        JsonObject record = new()
        {
            ["pid"] = process.Id,
            ["sessionId"] = session,
            ["cwd"] = system.Project.Path,
            ["procStart"] = ProcessIdentity.StartTime(process.Id).ToString(CultureInfo.InvariantCulture),
            ["kind"] = "interactive",
            ["entrypoint"] = "cli",
            ["status"] = status,
        };
        File.WriteAllText(Path.Combine(System.IO.Directory.CreateDirectory(Path.Combine(system.ClaudeStore, "sessions")).FullName, $"{process.Id}.json"), record.ToJsonString());
        return process;
    }

    public void Dispose()
    {
        foreach (var process in _terminals)
        {
            process.Kill();
            process.Dispose();
        }
    }
}
