using System.Buffers;
using System.Text;
using System.Text.Json;

namespace PocketCoder.Daemon.Features.Agent;

/// <summary>Bounds what an agent says before it is kept and sent: a single line of the CLI can have tens of megabytes.</summary>
internal static class Cut
{
    /// <summary>File contents and tool results: 64 KB, of the protocol.</summary>
    public const int ContentLength = 64 * 1024;

    /// <summary>What the agent itself writes.</summary>
    private const int TextLength = 1024 * 1024;

    /// <summary>What a person decides about must be readable whole, so the limit is far.</summary>
    public const int PromptLength = 2 * 1024 * 1024;

    /// <summary>Of an input; it goes some levels deep into a message, which may have 64.</summary>
    private const int MaxDepth = 48;

    public static string Text(string text, out bool? truncated) => At(text, TextLength, out truncated);

    public static string Content(string text, out bool? truncated) => At(text, ContentLength, out truncated);

    /// <summary>The element itself when it is small; otherwise its top-level members, each string cut.</summary>
    public static JsonElement Json(JsonElement element, int length, out bool? truncated)
    {
        truncated = null;
        if (element.ValueKind != JsonValueKind.Object)
        {
            return Parse("{}"u8);
        }

        var raw = element.GetRawText();
        if (raw.Length <= length && IsText(raw))
        {
            return element.Clone();
        }

        truncated = true;
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter writer = new(buffer))
        {
            writer.WriteStartObject();
            foreach (var member in element.EnumerateObject())
            {
                if (!IsText(member))
                {
                    continue;
                }

                if (((JsonElement?)member.Value).AsText() is { } text)
                {
                    writer.WriteString(member.Name, At(text, length / 4, out _));
                }
                else if (member.Value.GetRawText() is { } small && small.Length <= length / 4 && IsText(small))
                {
                    writer.WritePropertyName(member.Name);
                    writer.WriteRawValue(small);
                }
            }

            writer.WriteEndObject();
        }

        return Parse(buffer.WrittenSpan);
    }

    private static string At(string text, int length, out bool? truncated)
    {
        if (text.Length <= length)
        {
            truncated = null;
            return text;
        }

        truncated = true;
        return text[..(char.IsHighSurrogate(text[length - 1]) ? length - 1 : length)];
    }

    // An escaped lone surrogate is JSON, but no text that could be written out again; what nests too deep would not pass the relay.
    private static bool IsText(string raw)
    {
        try
        {
            Utf8JsonReader reader = new(Encoding.UTF8.GetBytes(raw), new JsonReaderOptions { MaxDepth = MaxDepth });
            while (reader.Read())
            {
                if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName)
                {
                    reader.GetString();
                }
            }

            return true;
        }
        catch (Exception ex) when (ex is InvalidOperationException or JsonException)
        {
            return false;
        }
    }

    private static bool IsText(JsonProperty member)
    {
        try
        {
            return member.Name is not null;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private static JsonElement Parse(ReadOnlySpan<byte> json)
    {
        Utf8JsonReader reader = new(json);
        return JsonElement.ParseValue(ref reader);
    }
}
