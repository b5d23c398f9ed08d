using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace PocketCoder.Protocol;

/// <summary>
/// One JSON policy for everything on the wire. A new feature adds its context here; a new message adds nothing. Contexts are generated for their metadata alone:
/// the other half, which writes without it, knows no options and would never run.
/// </summary>
public static class ProtocolJson
{
    /// <summary>The features of the protocol in the order in which the reference lists them.</summary>
    public static IReadOnlyList<JsonSerializerContext> Features { get; } =
        [EnvelopeJson.Default, IdentityJson.Default, MachinesJson.Default, ProjectsJson.Default, FilesJson.Default, FileChangesJson.Default, GitJson.Default, CommandsJson.Default,
         AgentJson.Default, PushJson.Default];

    public static JsonSerializerOptions Options { get; } = CreateOptions();

    public static JsonTypeInfo<T> For<T>() => (JsonTypeInfo<T>)Options.GetTypeInfo(typeof(T));

    private static JsonSerializerOptions CreateOptions()
    {
        JsonSerializerOptions options = new(JsonSerializerDefaults.Web)
        {
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
            MaxDepth = Wire.MaxDepth,
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // never inside HTML; the default makes six bytes of each letter that is not ASCII
            AllowDuplicateProperties = false,                // two equal keys are an attempt to be read in two ways
            NumberHandling = JsonNumberHandling.Strict,
            AllowOutOfOrderMetadataProperties = true,        // "type" of an agent event is not its first member
            RespectNullableAnnotations = true,               // a null where the record says string is INVALID_REQUEST
            RespectRequiredConstructorParameters = true,     // so is a missing field
            TypeInfoResolver = JsonTypeInfoResolver.Combine([.. Features, ControlPlaneJson.Default]),
        };
        options.MakeReadOnly();
        return options;
    }
}

[JsonSerializable(typeof(ErrorInfo))]
[JsonSerializable(typeof(Progress))]
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
internal sealed partial class EnvelopeJson : JsonSerializerContext;

/// <summary>Sent every 5 s about a request that is still in work, so that the relay's 15 s start again.</summary>
public sealed record Progress(string? Message = null) : IEvent
{
    public static string Type => "progress";
}
