using System.Text;
using System.Text.Json;
using PocketCoder.Protocol;

namespace PocketCoder.ProtocolGen;

/// <summary>Writes the message reference behind the hand-written introduction of docs/protocol.md.</summary>
internal sealed class Reference(WireModel model)
{
    private readonly StringBuilder _out = new();
    private readonly Queue<Type> _parts = new();
    private readonly HashSet<Type> _written = [];

    public string Write(string introduction)
    {
        _out.Append(introduction.TrimEnd()).Append("\n\n");
        foreach (var (feature, roots) in WireModel.Features())
        {
            _out.Append($"## {feature}\n\n");
            foreach (var type in roots)
            {
                if (WireModel.ResponseOf(type) is { } response)
                {
                    Section($"`{WireModel.WireName(type)}`", type);
                    Section($"→ `{WireModel.WireName(response)}`", response);
                }
                else if (WireModel.Variants(type).Any())
                {
                    Section($"event `{WireModel.WireName(type)}`", type);
                    foreach (var variant in WireModel.Variants(type))
                    {
                        Section($"`{variant.TypeDiscriminator}`", variant.DerivedType);
                    }
                }
                else if (type.GetInterfaces().Contains(typeof(IEvent)))
                {
                    Section($"event `{WireModel.WireName(type)}`", type);
                }
                else if (WireModel.WireName(type) is null)
                {
                    _parts.Enqueue(type);
                }
            }
        }

        _out.Append("## Parts\n\n");
        while (_parts.TryDequeue(out var part))
        {
            if (_written.Add(part))
            {
                Section($"{part.Name}", part);
            }
        }

        return _out.ToString().TrimEnd() + "\n";
    }

    private void Section(string title, Type type)
    {
        _out.Append($"### {title}\n\n");
        if (model.DocOf(type) is { } doc)
        {
            _out.Append(doc).Append("\n\n");
        }

        if (type.IsEnum)
        {
            foreach (var (name, member) in WireModel.EnumNames(type).Zip(Enum.GetNames(type)))
            {
                _out.Append($"- `{name}`{(model.DocOf(type, member) is { } note ? $": {note}" : "")}\n");
            }

            _out.Append('\n');
            return;
        }

        var fields = WireModel.Fields(type).ToList();
        if (fields.Count > 0)
        {
            _out.Append("| field | type |\n| --- | --- |\n");
            fields.ForEach(f => _out.Append($"| `{f.Name}{(f.Optional ? "?" : "")}` | {Name(f.Type)}{(f.Nullable ? " or null" : "")} |\n"));
            _out.Append('\n');
        }
    }

    private string Name(Type type)
    {
        if (type == typeof(string) || type == typeof(FileBytes)) { return "string"; }
        if (type == typeof(DateTimeOffset)) { return "time (RFC 3339)"; }
        if (type == typeof(bool)) { return "boolean"; }
        if (type == typeof(int) || type == typeof(long)) { return "integer"; }
        if (type == typeof(decimal)) { return "number"; }
        if (type == typeof(JsonElement)) { return "any JSON"; }
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>)) { return $"list of {Name(type.GetGenericArguments()[0])}"; }
        if (type.IsGenericType) { return $"map of string to {Name(type.GetGenericArguments()[1])}"; }
        _parts.Enqueue(type);
        return $"[{type.Name}](#{type.Name.ToLowerInvariant()})";
    }
}
