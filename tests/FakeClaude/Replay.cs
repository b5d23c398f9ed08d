using System.Text.Json.Nodes;
using System.Threading.Channels;

namespace PocketCoder.FakeClaude;

/// <summary>
/// Plays a capture: what the CLI said then is said again, and where the host spoke then it is waited for now. The session id
/// becomes the one asked for; answers to control requests are the captured ones, with the id of the request that was really made.
/// </summary>
internal sealed class Replay(string path, Pipes pipes, string? sessionId, Task stopped)
{
    private readonly List<JsonObject> _entries = Load(path, sessionId);
    private readonly HashSet<JsonObject> _used = [];
    private readonly Lock _choosing = new();

    public JsonObject Respond(JsonObject request) =>
        CapturedResponse((string?)request["subtype"]) ?? Control.Respond(request, "default");

    public async Task<int> RunAsync()
    {
        // A capture whose prompt was an argument has no place where it waits for one.
        if (!_entries.Exists(entry => IsStdin(entry, "user")))
        {
            await pipes.Users.WaitToReadAsync();
        }

        foreach (var entry in _entries)
        {
            var data = entry["data"];
            switch ((string?)entry["ch"])
            {
                case "stdin":
                    await WaitForHostAsync(data as JsonObject);
                    break;
                case "stdout" when data is JsonObject line && (string?)line["type"] != "control_response":
                    pipes.Write(line);
                    break;
                case "stderr":
                    await Console.Error.WriteAsync((string?)data);
                    break;
                case "signal":
                    await Task.WhenAny(stopped, pipes.Ended);
                    break;
                case "note" when data?.ToString() == "stdin closed":
                    await pipes.Ended;
                    break;
                case "exit":
                    return (int?)data?["code"] ?? 137;
            }
        }

        return 0;
    }

    private async Task WaitForHostAsync(JsonObject? captured)
    {
        switch ((string?)captured?["type"])
        {
            case "user":
                await NextAsync(pipes.Users);
                break;
            case "control_response":
                await NextAsync(pipes.Answers);
                break;
            case "control_request" when (string?)captured!["request"]!["subtype"] == "interrupt":
                await NextAsync(pipes.Interrupts);
                break;
        }
    }

    // After the end of stdin nothing more can come, so the rest of the capture is played without waiting.
    private static async Task NextAsync<T>(ChannelReader<T> channel)
    {
        if (await channel.WaitToReadAsync())
        {
            channel.TryRead(out _);
        }
    }

    private JsonObject? CapturedResponse(string? subtype)
    {
        lock (_choosing)
        {
            var asked = _entries.Find(e => IsStdin(e, "control_request") && !_used.Contains(e) && Equals((string?)e["data"]!["request"]!["subtype"], subtype));
            if (asked is null)
            {
                return null;
            }

            _used.Add(asked);
            var id = (string?)asked["data"]!["request_id"];
            return _entries
                .Where(e => (string?)e["ch"] == "stdout" && (string?)(e["data"] as JsonObject)?["type"] == "control_response")
                .Select(e => e["data"]!["response"]!.DeepClone().AsObject())
                .FirstOrDefault(response => (string?)response["request_id"] == id);
        }
    }

    private static bool IsStdin(JsonObject entry, string type) =>
        (string?)entry["ch"] == "stdin" && entry["data"] is JsonObject data && (string?)data["type"] == type;

    private static List<JsonObject> Load(string path, string? sessionId)
    {
        var text = File.ReadAllText(path);
        var captured = Entries(text).Select(entry => (string?)(entry["data"] as JsonObject)?["session_id"]).FirstOrDefault(id => id is not null);
        return [.. Entries(sessionId is null || captured is null ? text : text.Replace(captured, sessionId))];
    }

    private static IEnumerable<JsonObject> Entries(string text) =>
        text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!.AsObject());
}
