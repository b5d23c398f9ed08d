using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace PocketCoder.TestSupport;

/// <summary>A real OpenID provider on loopback: tests/OidcProvider, the npm package oidc-provider.</summary>
public sealed class OidcProvider : IAsyncDisposable
{
    private readonly Process _process;
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false });

    private OidcProvider(Process process, string issuer) => (_process, Issuer) = (process, issuer);

    public string Issuer { get; }

    public const string Secret = "the secret of the relay, :/?";

    public static async Task<OidcProvider> StartAsync(int port = 0)
    {
        var program = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "..", "..", "tests", "OidcProvider", "provider.mjs"));
        var process = Process.Start(new ProcessStartInfo("node", [program, $"{port}"]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEndAsync();
        var ready = await process.StandardOutput.ReadLineAsync().WaitAsync(TestClient.Patience)
            ?? throw new InvalidOperationException($"The OpenID provider does not start. Its packages are installed by ./test. {await errors}");
        return new OidcProvider(process, (string)JsonNode.Parse(ready)!["issuer"]!);
    }

    /// <summary>Who signs in next; null: somebody who says no.</summary>
    public async Task NextIsAsync(string? subject, string? email = null, bool verified = true)
    {
        JsonObject? user = subject is null ? null : new() { ["sub"] = subject, ["email"] = email ?? $"{subject}@example.org", ["email_verified"] = verified };
        using var response = await _http.PostAsJsonAsync(new Uri($"{Issuer}/control"), new JsonObject { ["user"] = user });
        response.EnsureSuccessStatusCode();
    }

    /// <summary>It is down from now on.</summary>
    public async Task StopAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _http.Dispose();
        _process.Dispose();
    }
}
