using System.Text.RegularExpressions;
using Xunit;

namespace PocketCoder.Protocol.Tests;

/// <summary>docs/reference.md names the tests that show each row of the reference; a name that leads nowhere would be an empty claim.</summary>
public sealed partial class ReferenceTests
{
    private static readonly DirectoryInfo Root = FindRoot();

    [GeneratedRegex(@"`(?<class>\w+Tests)(\.(?<method>\w+))?`", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Named();

    [Theory]
    [InlineData("docs/reference.md", 60)]
    [InlineData("SECURITY.md", 5)]
    public void Every_test_that_a_document_names_exists(string document, int atLeast)
    {
        var sources = Root.GetDirectories("tests")[0].GetFiles("*Tests.cs", SearchOption.AllDirectories).ToLookup(f => Path.GetFileNameWithoutExtension(f.Name), f => File.ReadAllText(f.FullName));
        var named = Named().Matches(File.ReadAllText(Path.Combine(Root.FullName, document)));

        Assert.True(named.Count >= atLeast);
        Assert.All(named, name => Assert.Contains(sources[name.Groups["class"].Value], text => text.Contains($" {name.Groups["method"].Value}(", StringComparison.Ordinal) || !name.Groups["method"].Success));
    }

    private static DirectoryInfo FindRoot()
    {
        DirectoryInfo directory = new(AppContext.BaseDirectory);
        while (directory.GetFiles("PocketCoder.slnx").Length == 0)
        {
            directory = directory.Parent!;
        }

        return directory;
    }
}
