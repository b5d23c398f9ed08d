using System.Text;
using System.Text.Json;
using PocketCoder.Daemon.Features.Agent.Claude;

namespace PocketCoder.Daemon.Features.Agent.Terminal;

/// <summary>What one line of a transcript is to the conversation, read without taking in what it holds: a line can have tens of megabytes.</summary>
internal static class TranscriptScan
{
    // What a person asked is small; a large line is a tool's result or holds images.
    private const int LargestPrompt = 1024 * 1024;

    /// <summary>The line, or the leaf that a <c>last-prompt</c> line names; neither for what is no part of the conversation or no JSON.</summary>
    public static (TranscriptLine? Line, Guid? Leaf) Read(ReadOnlySpan<byte> bytes, long offset)
    {
        try
        {
            return Members(bytes, offset);
        }
        catch (Exception ex) when (ex is JsonException or InvalidOperationException)
        {
            // A line that was cut, or is none.
            return default;
        }
    }

    private static (TranscriptLine? Line, Guid? Leaf) Members(ReadOnlySpan<byte> bytes, long offset)
    {
        Utf8JsonReader reader = new(bytes, new JsonReaderOptions { MaxDepth = 256 });
        string type = "", subtype = "";
        Guid? id = null, parent = null, logicalParent = null, leaf = null;
        bool sidechain = false, byProgram = false, hasResult = false;
        var message = 0;
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return default;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = Name(ref reader);
            reader.Read();
            switch (name)
            {
                case "type":
                    type = Text(ref reader);
                    break;
                case "subtype":
                    subtype = Text(ref reader);
                    break;
                case "uuid":
                    id = Id(ref reader);
                    break;
                case "parentUuid":
                    parent = Id(ref reader);
                    break;
                case "logicalParentUuid":
                    logicalParent = Id(ref reader);
                    break;
                case "leafUuid":
                    leaf = Id(ref reader);
                    break;
                case "isSidechain":
                    sidechain = reader.TokenType == JsonTokenType.True;
                    break;
                case "entrypoint":
                    byProgram = Text(ref reader).StartsWith("sdk", StringComparison.Ordinal);
                    break;
                case "toolUseResult":
                    hasResult = true;
                    break;
                case "message" when reader.TokenType == JsonTokenType.StartObject:
                    message = MessageId(ref reader);
                    continue;
            }

            reader.Skip();
        }

        if (type == "last-prompt")
        {
            return (null, leaf);
        }

        return id is not { } own || sidechain
            ? default
            : (new TranscriptLine(own, parent ?? logicalParent, offset, bytes.Length, Kind(bytes, type, subtype, hasResult), type == "assistant" ? message : 0, byProgram), null);
    }

    private static TranscriptLineKind Kind(ReadOnlySpan<byte> bytes, string type, string subtype, bool hasResult)
    {
        switch (type)
        {
            case "assistant":
                return TranscriptLineKind.Assistant;
            case "system":
                return subtype switch
                {
                    "compact_boundary" => TranscriptLineKind.Boundary,
                    "turn_duration" => TranscriptLineKind.TurnEnd,
                    _ => TranscriptLineKind.Other,
                };
            case "user" when hasResult || (bytes.Length > LargestPrompt && bytes.IndexOf("\"type\":\"tool_result\""u8) >= 0):
                return TranscriptLineKind.ToolResult;
            case "user":
                using (var document = JsonLine.Parse(bytes.ToArray()))
                {
                    return document is null ? TranscriptLineKind.Other : TranscriptText.KindOf(document.RootElement);
                }

            default:
                return TranscriptLineKind.Other;
        }
    }

    // Leaves the reader at the end of the message.
    private static int MessageId(ref Utf8JsonReader reader)
    {
        var message = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isId = reader.ValueTextEquals("id"u8);
            reader.Read();
            if (isId && reader.TokenType == JsonTokenType.String)
            {
                message = Text(ref reader).GetHashCode(StringComparison.Ordinal);
            }

            reader.Skip();
        }

        return message;
    }

    private static string Name(ref Utf8JsonReader reader) => reader.GetString() ?? "";

    private static string Text(ref Utf8JsonReader reader) => reader.TokenType == JsonTokenType.String ? reader.GetString() ?? "" : "";

    private static Guid? Id(ref Utf8JsonReader reader) =>
        reader.TokenType == JsonTokenType.String && Guid.TryParse(reader.GetString(), out var id) ? id : null;
}
