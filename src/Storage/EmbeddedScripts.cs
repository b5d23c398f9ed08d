using System.Reflection;

namespace PocketCoder.Storage;

/// <summary>The numbered SQL scripts that an assembly carries as resources named <c>migrations/NNN_name.sql</c>.</summary>
public static class EmbeddedScripts
{
    public static IReadOnlyList<string> Of(Assembly assembly) =>
        [.. assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith("migrations/", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(name => Read(assembly, name))];

    private static string Read(Assembly assembly, string name)
    {
        using StreamReader reader = new(assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }
}
