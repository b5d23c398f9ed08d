using System.Text.Json.Nodes;

namespace PocketCoder.FakeClaude;

/// <summary>What the CLI answers to the control requests of its host. The caller adds the request's id.</summary>
internal static class Control
{
    public static JsonObject Respond(JsonObject request, string permissionMode) => (string?)request["subtype"] switch
    {
        "initialize" => Success(new JsonObject
        {
            ["commands"] = new JsonArray(new JsonObject { ["name"] = "compact", ["description"] = "Shorten the conversation", ["argumentHint"] = "" }),
            ["agents"] = new JsonArray(),
            ["models"] = new JsonArray(new JsonObject { ["value"] = "default", ["resolvedModel"] = Events.Model, ["displayName"] = "Default" }),
            ["account"] = new JsonObject { ["apiKeySource"] = "ANTHROPIC_API_KEY" },
            ["current_permission_mode"] = permissionMode,
            ["pid"] = Environment.ProcessId,
            ["claude_code_version"] = "2.1.330",
        }),
        "interrupt" => Success(new JsonObject { ["still_queued"] = new JsonArray() }),
        "stop_task" => Success([]),
        "set_permission_mode" => Success(new JsonObject { ["mode"] = request["mode"]?.DeepClone() }),
        "set_model" => Success(new JsonObject { ["model"] = request["model"]?.DeepClone() ?? Events.Model }),
        var unknown => new JsonObject
        {
            ["subtype"] = "error",
            ["error"] = $"Unsupported control request subtype: {unknown}",
            ["error_code"] = "unsupported_request",
        },
    };

    private static JsonObject Success(JsonObject response) => new() { ["subtype"] = "success", ["response"] = response };
}
