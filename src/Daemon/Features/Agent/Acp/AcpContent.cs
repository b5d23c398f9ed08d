using System.Text.Json;

namespace PocketCoder.Daemon.Features.Agent.Acp;

/// <summary>The content blocks of ACP, as text.</summary>
internal static class AcpContent
{
    public static string Text(JsonElement block) => block.Text("type") switch
    {
        "text" => block.Text("text") ?? "",
        "content" when block.Get("content") is { } inner && inner.Text("type") != "content" => Text(inner),
        "diff" => $"{block.Text("path")}\n- {block.Text("oldText")}\n+ {block.Text("newText")}",
        "resource_link" => block.Text("uri") ?? "",
        "resource" => block.Get("resource").Text("text") ?? block.Get("resource").Text("uri") ?? "",
        { } other => $"[{other}]",
        null => "",
    };
}
