using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Cli.Tests;

/// <summary>The containers' words, given to the executable as a container would give them.</summary>
public sealed partial class DeployTests : IDisposable
{
    private readonly InstalledCli _cli = new();

    public void Dispose() => _cli.Dispose();

    [Fact]
    public async Task An_image_on_its_own_starts() => await StartsAsync(Words(Dockerfile, "CMD"), "http");

    [Fact]
    public async Task A_service_of_the_compose_file_starts() => await StartsAsync(Words(Compose, "command:"), "https://relay.example.org");

    private static string Dockerfile => File.ReadAllText(Path.Combine(Checkout.Root, "deploy", "Dockerfile"));

    private static string Compose => File.ReadAllText(Path.Combine(Checkout.Root, "deploy", "compose.yaml"));

    // The first list after the word.
    private static string[] Words(string text, string word) =>
        [.. JsonNode.Parse(Regex.Match(text, $@"^\s*{word} (\[.*\])", RegexOptions.Multiline).Groups[1].Value)!.AsArray().Select(part => (string)part!)];

    private async Task StartsAsync(string[] words, string url)
    {
        var entry = Words(Dockerfile, "ENTRYPOINT");
        var given = words.Select(word => Variable().Replace(word, "relay.example.org")).ToArray();

        // Everything but the address and the directory as it is written there.
        given[Array.IndexOf(given, "--listen") + 1] = "http://127.0.0.1:0";
        given[Array.IndexOf(given, "--data-dir") + 1] = _cli.Directory["relay"];
        var relay = _cli.Start([.. entry[1..], .. given, "--json"]);

        Assert.StartsWith(url, (string)JsonNode.Parse(await InstalledCli.FirstLineAsync(relay))!["url"]!, StringComparison.Ordinal);
    }

    [GeneratedRegex(@"\$\{[^}]*\}")]
    private static partial Regex Variable();
}
