using System.Text;
using System.Text.Json;
using PocketCoder.Protocol;

namespace PocketCoder.ProtocolGen;

/// <summary>Writes the wire contract as TypeScript types.</summary>
internal sealed class TypeScript(WireModel model)
{
    private readonly StringBuilder _out = new("// Generated from src/Protocol by tools/ProtocolGen. Do not edit: ./test says when it is stale, scripts/protocol writes it anew.\n\n");
    private readonly HashSet<Type> _written = [];
    private readonly Queue<Type> _pending = new();

    public string Write()
    {
        _out.Append($"export const PROTOCOL_VERSION = {Wire.Version};\nexport const SUBPROTOCOL = '{Wire.Subprotocol}';\n\n");
        var roots = WireModel.Features().SelectMany(f => f.Roots).ToList();
        var requests = roots.Where(t => WireModel.ResponseOf(t) is not null).ToList();
        var events = roots.Where(t => t.GetInterfaces().Contains(typeof(IEvent))).ToList();

        Line("/** Every request by its wire name. */");
        Line("export interface Requests {");
        requests.ForEach(t => Line($"  {WireModel.WireName(t)}: {{ request: {t.Name}; response: {WireModel.ResponseOf(t)!.Name} }};"));
        Line("}\n\n/** Every event by its wire name. */\nexport interface Events {");
        events.ForEach(t => Line($"  {WireModel.WireName(t)}: {t.Name};"));
        Line("}\n\n/** One message on the wire. */\nexport interface Envelope {\n  type: string;\n  requestId?: string;\n  machineKey?: string;\n  clientId?: string;\n  sessionId?: string;\n  payload?: unknown;\n  error?: ErrorInfo;\n}\n");

        roots.ForEach(_pending.Enqueue);
        while (_pending.TryDequeue(out var type))
        {
            if (_written.Add(type))
            {
                Declare(type);
            }
        }

        return _out.ToString().TrimEnd() + "\n";
    }

    private void Declare(Type type)
    {
        if (model.DocOf(type) is { } doc)
        {
            Line($"/** {doc} */");
        }

        var variants = WireModel.Variants(type).ToList();
        if (type.IsEnum)
        {
            Line($"export type {type.Name} = {string.Join(" | ", WireModel.EnumNames(type).Select(n => $"'{n}'"))};\n");
        }
        else if (variants.Count > 0)
        {
            Line($"export type {type.Name} = {string.Join(" | ", variants.Select(v => v.DerivedType.Name))};\n");
            variants.ForEach(v => _pending.Enqueue(v.DerivedType));
        }
        else
        {
            var tag = type.BaseType is { } parent && WireModel.Variants(parent).FirstOrDefault(v => v.DerivedType == type) is { } variant
                ? $"  type: '{variant.TypeDiscriminator}';\n" : "";
            var fields = string.Concat(WireModel.Fields(type).Select(f => $"  {f.Name}{(f.Optional ? "?" : "")}: {Name(f.Type)}{(f.Nullable ? " | null" : "")};\n"));
            Line(tag.Length + fields.Length == 0 ? $"export type {type.Name} = Record<string, never>;\n" : $"export interface {type.Name} {{\n{tag}{fields}}}\n");
        }
    }

    private string Name(Type type)
    {
        if (type == typeof(string) || type == typeof(DateTimeOffset) || type == typeof(FileBytes)) { return "string"; }
        if (type == typeof(bool)) { return "boolean"; }
        if (type == typeof(int) || type == typeof(long) || type == typeof(decimal)) { return "number"; }
        if (type == typeof(JsonElement)) { return "unknown"; }
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>)) { return Name(type.GetGenericArguments()[0]) + "[]"; }
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyDictionary<,>)) { return $"Record<string, {Name(type.GetGenericArguments()[1])}>"; }
        _pending.Enqueue(type);
        return type.Name;
    }

    private void Line(string text) => _out.Append(text).Append('\n');
}
