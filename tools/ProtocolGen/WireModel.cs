using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Xml.Linq;
using PocketCoder.Protocol;

namespace PocketCoder.ProtocolGen;

/// <summary>One member of a wire type: its name on the wire, its .NET type, whether it may be left out or null.</summary>
internal sealed record WireField(string Name, Type Type, bool Optional, bool Nullable);

/// <summary>The wire contract as reflection over the protocol assembly sees it.</summary>
internal sealed class WireModel
{
    private static readonly NullabilityInfoContext Nullability = new();
    private readonly Dictionary<string, string> _docs;

    public WireModel()
    {
        var xml = Path.ChangeExtension(typeof(Envelope).Assembly.Location, ".xml");
        _docs = XDocument.Load(xml).Descendants("member")
            .Where(m => m.Element("summary") is not null)
            .ToDictionary(m => m.Attribute("name")!.Value, m => Plain(m.Element("summary")!));
    }

    /// <summary>Feature name and the root types that its JSON context lists, in their order.</summary>
    public static IEnumerable<(string Feature, IReadOnlyList<Type> Roots)> Features() =>
        ProtocolJson.Features.Select(context => (
            context.GetType().Name.Replace("Json", "", StringComparison.Ordinal),
            (IReadOnlyList<Type>)context.GetType().GetCustomAttributesData()
                .Where(a => a.AttributeType == typeof(JsonSerializableAttribute))
                .Select(a => (Type)a.ConstructorArguments[0].Value!)
                .ToList()));

    public static string? WireName(Type type) =>
        type.GetInterfaces().Contains(typeof(IMessage)) ? (string)type.GetProperty("Type", BindingFlags.Static | BindingFlags.Public)!.GetValue(null)! : null;

    public static Type? ResponseOf(Type type) =>
        type.GetInterfaces().FirstOrDefault(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IRequest<>))?.GetGenericArguments()[0];

    public static IEnumerable<JsonDerivedTypeAttribute> Variants(Type type) =>
        type.GetCustomAttributes<JsonDerivedTypeAttribute>(inherit: false);

    public static IEnumerable<WireField> Fields(Type type) =>
        type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(p => p.Name != "EqualityContract")
            .Select(p =>
            {
                var nullable = System.Nullable.GetUnderlyingType(p.PropertyType) is not null
                    || Nullability.Create(p).ReadState == NullabilityState.Nullable;
                var optional = p.GetCustomAttribute<JsonIgnoreAttribute>()?.Condition == JsonIgnoreCondition.WhenWritingDefault;
                var always = p.GetCustomAttribute<JsonIgnoreAttribute>()?.Condition == JsonIgnoreCondition.Never;
                return new WireField(
                    p.GetCustomAttribute<JsonPropertyNameAttribute>()?.Name ?? JsonNamingPolicy.CamelCase.ConvertName(p.Name),
                    System.Nullable.GetUnderlyingType(p.PropertyType) ?? p.PropertyType,
                    Optional: optional || (nullable && !always),
                    Nullable: nullable && always);
            });

    public static IEnumerable<string> EnumNames(Type type) =>
        Enum.GetValues(type).Cast<object>().Select(v => JsonSerializer.Serialize(v, ProtocolJson.Options.GetTypeInfo(type)).Trim('"'));

    public string? DocOf(Type type) => _docs.GetValueOrDefault("T:" + type.FullName);

    public string? DocOf(Type type, string member) => _docs.GetValueOrDefault($"{(type.IsEnum ? "F" : "P")}:{type.FullName}.{member}");

    private static string Plain(XElement summary) => string.Join(' ', string.Concat(summary.Nodes().Select(n => n switch
    {
        XElement { Name.LocalName: "c" } code => $"`{code.Value}`",
        XElement { Name.LocalName: "see" } see => "`" + see.Attribute("cref")!.Value.Split('.', ':', '(')[^1] + "`",
        XElement other => other.Value,
        _ => n.ToString(),
    })).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).Replace("&lt;", "<", StringComparison.Ordinal).Replace("&gt;", ">", StringComparison.Ordinal);
}
