using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace PocketCoder.TestSupport.Supabase;

/// <summary>Bodies as Supabase Auth takes them: an object of JSON, said to be so, with the fields of its grant and no others.</summary>
internal static class SupabaseJson
{
    private static readonly string[] Fields = ["auth_code", "code_verifier", "refresh_token"];

    public static async Task<JsonObject> ReadAsync(HttpRequest request)
    {
        if (request.ContentType?.StartsWith("application/json", StringComparison.Ordinal) != true)
        {
            return [];
        }

        try
        {
            return await JsonNode.ParseAsync(request.Body) is JsonObject body && body.All(member => Fields.Contains(member.Key)) ? body : [];
        }
        catch (JsonException)
        {
            return [];
        }
    }

    public static string? Text(JsonObject body, string name) => body[name] is JsonValue value && value.TryGetValue(out string? text) && text.Length > 0 ? text : null;
}
