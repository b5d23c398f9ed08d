using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using PocketCoder.TestSupport;

namespace PocketCoder.Daemon.Tests.Features;

/// <summary>The real Claude Code in a pseudo-terminal of its own.</summary>
internal sealed class RealTerminal : IAsyncDisposable
{
    private readonly Process _script;
    private readonly StringBuilder _screen = new();
    private readonly Task _reading;

    private RealTerminal(Process script)
    {
        _script = script;
        _reading = Task.Run(ReadAsync);
    }

    public static RealTerminal Start(string claude, string directory, IReadOnlyDictionary<string, string> environment, string arguments = "")
    {
        ProcessStartInfo start = new("script", ["-qfc", $"stty cols 120 rows 40; exec '{claude}' {arguments}", "/dev/null"])
        {
            WorkingDirectory = directory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        start.Environment["TERM"] = "xterm-256color";
        return new RealTerminal(Process.Start(start)!);
    }

    /// <summary>Types a line once the terminal is ready for it, and sends it until <paramref name="done"/> is so.</summary>
    public async Task TypeAsync(string text, Func<Task<bool>> done)
    {
        await UntilAsync(() => Task.FromResult(Screen.Contains('❯')));
        await WriteAsync(text);
        await UntilAsync(async () =>
        {
            await WriteAsync("\r");
            return await done();
        });
    }

    /// <summary>Asks again and again; what the terminal shows is the reason when it takes too long.</summary>
    public async Task UntilAsync(Func<Task<bool>> isSo)
    {
        using PeriodicTimer look = new(TimeSpan.FromMilliseconds(300));
        using CancellationTokenSource limit = new(TestClient.Patience * 2);
        try
        {
            do
            {
                await look.WaitForNextTickAsync(limit.Token);
            }
            while (!await isSo());
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"The terminal shows: {Screen[Math.Max(0, Screen.Length - 2000)..]}");
        }
    }

    private string Screen
    {
        get
        {
            lock (_screen)
            {
                return _screen.ToString();
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_script.HasExited)
        {
            _script.Kill(entireProcessTree: true);
        }

        await _script.WaitForExitAsync();
        await _reading;
        _script.Dispose();
    }

    private async Task WriteAsync(string text)
    {
        await _script.StandardInput.WriteAsync(text);
        await _script.StandardInput.FlushAsync();
    }

    private async Task ReadAsync()
    {
        var buffer = new char[4096];
        while (await _script.StandardOutput.ReadAsync(buffer) is var read and > 0)
        {
            lock (_screen)
            {
                _screen.Append(buffer, 0, read);
            }
        }
    }
}
