using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using PocketCoder.FakeAnthropic;

var port = args is ["--port", var text] ? int.Parse(text, CultureInfo.InvariantCulture) : 0;

var builder = WebApplication.CreateSlimBuilder();
builder.Logging.ClearProviders();
builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
await using var app = builder.Build();

var scenarios = Scenarios.Load(Path.Combine(AppContext.BaseDirectory, "scenarios.json"));
Gates gates = new();
RequestLog log = new();

app.MapPost("/v1/messages", async (HttpContext http) =>
{
    if (await ReadBodyAsync(http) is not { } request)
    {
        await Reply.ErrorAsync(http, new ApiError(400, "invalid_request_error", "The body is not a JSON object."));
        return;
    }

    try
    {
        var (name, number, step) = scenarios.Choose(request);
        log.Add(http, request, name, number);
        await Reply.SendAsync(http, request, step, gates);
    }
    catch (JsonException ex)
    {
        await Reply.ErrorAsync(http, new ApiError(400, "invalid_request_error", $"The prompt's steps are not valid: {ex.Message}"));
    }
});

app.MapPost("/v1/messages/count_tokens", async (HttpContext http) =>
{
    var request = await ReadBodyAsync(http);
    log.Add(http, request);
    return Results.Json(new { input_tokens = Reply.RoughTokens(request?["messages"]) });
});

app.MapGet("/_fake/requests", () => Results.Json(log.Entries));
app.MapGet("/_fake/waiting", () => Results.Json(gates.Waiting));
app.MapPost("/_fake/release/{name}", (string name) => Results.Json(new { waiting = gates.Release(name) }));

// The CLI looks whether its base URL answers at all before it sends the first message.
app.MapMethods("/", ["GET", "HEAD"], () => Results.Ok());
app.MapFallback(async http =>
{
    log.Add(http, null);
    await Reply.ErrorAsync(http, new ApiError(404, "not_found_error", $"The fake API has no {http.Request.Path}."));
});

await app.StartAsync();
Console.WriteLine(JsonSerializer.Serialize(new { listening = app.Urls.Single() }));
await app.WaitForShutdownAsync();

static async Task<JsonObject?> ReadBodyAsync(HttpContext http)
{
    try
    {
        return await JsonNode.ParseAsync(http.Request.Body, cancellationToken: http.RequestAborted) as JsonObject;
    }
    catch (JsonException)
    {
        return null;
    }
}
