using System.Diagnostics;
using System.Text.Json.Nodes;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Daemon.Tests.Features;

/// <summary>tests/FakeAnthropic as a process, and the environment in which a real Claude Code speaks with it and with nothing else.</summary>
internal sealed class ScriptedModel : IAsyncDisposable
{
    private static readonly string Executable = TestSystem.FakeClaude.Replace("FakeClaude", "FakeAnthropic", StringComparison.Ordinal);

    private readonly Process _process = Process.Start(new ProcessStartInfo(Executable, ["--port", "0"]) { RedirectStandardOutput = true })!;

    /// <summary>The Claude Code that a variable of ./test names; the test is skipped without.</summary>
    public static string Claude(string variable)
    {
        var path = Environment.GetEnvironmentVariable(variable);
        Assert.SkipWhen(string.IsNullOrEmpty(path), $"{variable} names no Claude Code (scripts/install-claude installs one).");
        return path!;
    }

    public async Task<Dictionary<string, string>> EnvironmentAsync()
    {
        var listening = JsonNode.Parse((await _process.StandardOutput.ReadLineAsync())!)!;
        return new()
        {
            ["ANTHROPIC_BASE_URL"] = (string)listening["listening"]!,
            ["ANTHROPIC_API_KEY"] = "not-a-real-key",

            // Nothing but the messages themselves leaves Claude Code.
            ["DISABLE_TELEMETRY"] = "1",
            ["DISABLE_AUTOUPDATER"] = "1",
            ["DISABLE_ERROR_REPORTING"] = "1",
            ["CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC"] = "1",
        };
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
