using System.Text.Json.Nodes;

namespace PocketCoder.FakeAnthropic;

/// <summary>Turns a step into an HTTP answer: a stream, one JSON message, an API error, or a cut connection.</summary>
internal static class Reply
{
    public static async Task SendAsync(HttpContext http, JsonObject request, Step step, Gates gates)
    {
        try
        {
            await Task.Delay(step.DelayMs, http.RequestAborted);
            if (step.Drop == "before")
            {
                http.Abort();
            }
            else if (step.Error is { } error)
            {
                await ErrorAsync(http, error);
            }
            else
            {
                Message message = new(request, step);
                await ((bool?)request["stream"] == true
                    ? new MessageStream(http, step, gates).SendAsync(message)
                    : WriteAsync(http, message.Whole()));
            }
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // The CLI hung up: that is what an interrupt looks like from here.
        }
    }

    public static Task ErrorAsync(HttpContext http, ApiError error)
    {
        http.Response.StatusCode = error.Status;
        return WriteAsync(http, new JsonObject
        {
            ["type"] = "error",
            ["error"] = new JsonObject { ["type"] = error.Type, ["message"] = error.Message },
        });
    }

    public static int RoughTokens(JsonNode? node) => (node?.ToJsonString().Length ?? 0) / 4;

    private static Task WriteAsync(HttpContext http, JsonObject body)
    {
        http.Response.ContentType = "application/json";
        return http.Response.WriteAsync(body.ToJsonString(), http.RequestAborted);
    }
}
