using System.Text.Json.Nodes;

namespace PocketCoder.FakeAnthropic;

/// <summary>The last requests, for tests to look at. Of the credentials only the kind is kept.</summary>
internal sealed class RequestLog
{
    private const int Kept = 1000;

    private readonly Queue<JsonObject> _entries = [];

    public JsonArray Entries
    {
        get
        {
            lock (_entries)
            {
                return [.. _entries.Select(entry => entry.DeepClone())];
            }
        }
    }

    public void Add(HttpContext http, JsonObject? body, string? scenario = null, int? step = null)
    {
        JsonObject entry = new()
        {
            ["at"] = DateTimeOffset.UtcNow.ToString("O"),
            ["method"] = http.Request.Method,
            ["path"] = http.Request.Path.Value,
            ["auth"] = http.Request.Headers.ContainsKey("x-api-key") ? "x-api-key"
                : http.Request.Headers.ContainsKey("Authorization") ? "authorization" : "none",
            ["scenario"] = scenario,
            ["step"] = step,
            ["model"] = body?["model"]?.DeepClone(),
            ["stream"] = body?["stream"]?.DeepClone(),
            ["messages"] = (body?["messages"] as JsonArray)?.Count,
            ["lastMessage"] = (body?["messages"] as JsonArray)?.LastOrDefault()?.DeepClone(),
        };

        lock (_entries)
        {
            _entries.Enqueue(entry);
            if (_entries.Count > Kept)
            {
                _entries.Dequeue();
            }
        }
    }
}
