using System.Text.Json;
using System.Text.Json.Serialization;

namespace PocketCoder.Protocol;

/// <summary>
/// Content of a file within a message: a JSON string, of the text itself or of base64, written from the bytes without ever being one string in memory.
/// </summary>
/// <param name="Bytes">As they are in the file; valid UTF-8 where the encoding says so.</param>
/// <param name="Encoding">How they are written.</param>
/// <param name="Owner">Gets the memory back when the message has been written.</param>
[JsonConverter(typeof(Converter))]
public readonly record struct FileBytes(ReadOnlyMemory<byte> Bytes, ContentEncoding Encoding, IDisposable? Owner = null)
{
    internal sealed class Converter : JsonConverter<FileBytes>
    {
        // The writer makes room for the longest that a piece can become, which is six times its length.
        private const int Piece = 16 * 1024;

        // As it stands in the message; what it means, the encoding beside it says.
        public override FileBytes Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            new(System.Text.Encoding.UTF8.GetBytes(reader.GetString()!), ContentEncoding.Utf8);

        public override void Write(Utf8JsonWriter writer, FileBytes value, JsonSerializerOptions options)
        {
            var rest = value.Bytes.Span;
            while (rest.Length > Piece)
            {
                Write(writer, value.Encoding, rest[..Piece], isLast: false);
                rest = rest[Piece..];
            }

            Write(writer, value.Encoding, rest, isLast: true);
        }

        private static void Write(Utf8JsonWriter writer, ContentEncoding encoding, ReadOnlySpan<byte> piece, bool isLast)
        {
            if (encoding == ContentEncoding.Utf8)
            {
                writer.WriteStringValueSegment(piece, isLast);
            }
            else
            {
                writer.WriteBase64StringSegment(piece, isLast);
            }
        }
    }
}
