using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace PocketCoder.FakeClaude;

/// <summary>The record of a session in <c>$CLAUDE_CONFIG_DIR</c>, in the shape of the real one: what was asked and answered, each line naming the one before it.</summary>
internal sealed class Transcript
{
    private readonly string _path;
    private readonly string _sessionId;
    private string? _leaf;

    private Transcript(string path, string sessionId) => (_path, _sessionId) = (path, sessionId);

    /// <param name="resumed">The session that goes on, which is another one when this is its fork.</param>
    public static Transcript? Open(string sessionId, string? resumed)
    {
        if (Environment.GetEnvironmentVariable("CLAUDE_CONFIG_DIR") is not { Length: > 0 } store)
        {
            return null;
        }

        var directory = Path.Combine(store, "projects", string.Concat(Environment.CurrentDirectory.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-')));
        Directory.CreateDirectory(directory);
        Transcript transcript = new(Path.Combine(directory, sessionId + ".jsonl"), sessionId);
        if (resumed is not null && Path.Combine(directory, resumed + ".jsonl") is var past && File.Exists(past))
        {
            transcript.GoOn(File.ReadAllLines(past), copy: resumed != sessionId);
        }

        return transcript;
    }

    public void User(string? uuid, string text) => Line("user", uuid ?? Guid.NewGuid().ToString(), new JsonObject
    {
        ["role"] = "user",
        ["content"] = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = text }),
    });

    public void Assistant(string text)
    {
        Line("assistant", Guid.NewGuid().ToString(), new JsonObject
        {
            ["id"] = $"msg_{Guid.NewGuid():N}",
            ["role"] = "assistant",
            ["model"] = Events.Model,
            ["content"] = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = text }),
        });
        Append(new JsonObject { ["type"] = "last-prompt", ["leafUuid"] = _leaf, ["sessionId"] = _sessionId });
    }

    private void GoOn(string[] past, bool copy)
    {
        foreach (var line in past.Select(line => JsonNode.Parse(line)!.AsObject()))
        {
            _leaf = (string?)line["uuid"] ?? _leaf;
            if (copy)
            {
                line["sessionId"] = _sessionId;
                Append(line);
            }
        }
    }

    private void Line(string type, string uuid, JsonObject message)
    {
        Append(new JsonObject
        {
            ["parentUuid"] = _leaf,
            ["isSidechain"] = false,
            ["type"] = type,
            ["message"] = message,
            ["uuid"] = uuid,
            ["timestamp"] = DateTimeOffset.UtcNow.ToString("O", CultureInfo.InvariantCulture),
            ["entrypoint"] = "sdk-cli",
            ["cwd"] = Environment.CurrentDirectory,
            ["sessionId"] = _sessionId,
            ["gitBranch"] = "main",
        });
        _leaf = uuid;
    }

    private void Append(JsonObject line) => File.AppendAllText(_path, line.ToJsonString() + "\n", new UTF8Encoding(false));
}
