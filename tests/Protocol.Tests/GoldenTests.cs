using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Xunit;

namespace PocketCoder.Protocol.Tests;

/// <summary>Each message of the protocol stands as one file; the web client's tests read the same files.</summary>
public sealed class GoldenTests
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Golden");

    public static TheoryData<string> Files => new(Directory.GetFiles(Folder, "*.json").Select(f => Path.GetFileNameWithoutExtension(f)!));

    [Theory]
    [MemberData(nameof(Files))]
    public void A_message_is_read_and_written_without_a_change(string name)
    {
        var golden = File.ReadAllBytes(Path.Combine(Folder, name + ".json"));
        var envelope = Envelope.Parse(golden);

        if (!envelope.Error.IsEmpty)
        {
            envelope = envelope with { Error = Envelope.Serialize(envelope.ReadError()) };
        }
        else if (PayloadType(envelope.Type) is { } type)
        {
            var info = ProtocolJson.Options.GetTypeInfo(type);
            envelope = envelope with { Payload = JsonSerializer.SerializeToUtf8Bytes(JsonSerializer.Deserialize(envelope.Payload.Span, info), info) };
        }

        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(golden), JsonNode.Parse(envelope.ToBytes())),
            System.Text.Encoding.UTF8.GetString(envelope.ToBytes()));
    }

    [Fact]
    public void Every_message_of_the_protocol_has_a_golden_file()
    {
        var messages = Roots().Where(t => t != typeof(AgentEvent)).Select(WireName).OfType<string>();
        var events = typeof(AgentEvent).GetCustomAttributes<JsonDerivedTypeAttribute>().Select(a => $"agent_event.{a.TypeDiscriminator}");

        Assert.Equal(
            messages.Concat(events).Concat(["ping", "pong", "error"]).Order(),
            Files.Select(f => f.Data).Order());
    }

    private static Type? PayloadType(string wireName) => Roots().FirstOrDefault(t => WireName(t) == wireName);

    private static IEnumerable<Type> Roots() => ProtocolJson.Features
        .SelectMany(c => c.GetType().GetCustomAttributesData())
        .Where(a => a.AttributeType == typeof(JsonSerializableAttribute))
        .Select(a => (Type)a.ConstructorArguments[0].Value!);

    private static string? WireName(Type type) =>
        (string?)type.GetProperty("Type", BindingFlags.Static | BindingFlags.Public | BindingFlags.FlattenHierarchy)?.GetValue(null);
}
