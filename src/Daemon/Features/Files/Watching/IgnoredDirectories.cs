using System.Text;

namespace PocketCoder.Daemon.Features.Files.Watching;

/// <summary>The directories that are not watched, wherever they are: what is in them is made, not written.</summary>
internal static class IgnoredDirectories
{
    public static readonly IReadOnlyList<string> Names = ["node_modules", ".git", "dist", "build", ".next"];
    private static readonly byte[][] Bytes = [.. Names.Select(Encoding.UTF8.GetBytes)];

    public static bool Has(string name) => Names.Contains(name, StringComparer.Ordinal);

    public static bool Has(ReadOnlySpan<byte> name)
    {
        foreach (var ignored in Bytes)
        {
            if (name.SequenceEqual(ignored))
            {
                return true;
            }
        }

        return false;
    }
}
