using System.Runtime.InteropServices;
using PocketCoder.FakeClaude;

if (args is ["--version"])
{
    Console.WriteLine("2.1.330 (Claude Code)");
    return 0;
}

if (args is ["auth", "status", ..])
{
    var loggedIn = Environment.GetEnvironmentVariable("FAKE_CLAUDE_LOGGED_IN") != "0";
    Console.WriteLine($$"""{"loggedIn":{{(loggedIn ? "true" : "false")}},"authMethod":"{{(loggedIn ? "api_key" : "none")}}","apiProvider":"firstParty"}""");
    return loggedIn ? 0 : 1;
}

if (args is ["--help"])
{
    Console.WriteLine("--acp  Speak the Agent Client Protocol");
    return 0;
}

if (args is ["--acp"])
{
    return await new AcpSession().RunAsync();
}

Pipes pipes = new();
TaskCompletionSource stopped = new();
var deaf = false;
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => Stop(signal, 143));
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => Stop(signal, 0));

var sessionId = ValueOf("--session-id") ?? ValueOf("--resume") ?? Guid.NewGuid().ToString();
if (Environment.GetEnvironmentVariable("FAKE_CLAUDE_CAPTURE") is { Length: > 0 } capture)
{
    Replay replay = new(capture, pipes, ValueOf("--resume") ?? ValueOf("--session-id"), stopped.Task);
    pipes.Start(replay.Respond);
    return await replay.RunAsync();
}

Session session = new(pipes, sessionId, ValueOf("--permission-mode") ?? "default", () => deaf = true, Transcript.Open(sessionId, ValueOf("--resume")));
pipes.Start(session.Respond);
return await session.RunAsync();

// While a capture is replayed, what a signal does is what it did then; the scripted session dies of it unless it was told to hang.
void Stop(PosixSignalContext signal, int exitCode)
{
    signal.Cancel = true;
    stopped.TrySetResult();
    if (!deaf && Environment.GetEnvironmentVariable("FAKE_CLAUDE_CAPTURE") is null or "")
    {
        Environment.Exit(exitCode);
    }
}

string? ValueOf(string option) =>
    Array.IndexOf(args, option) is var at and >= 0 && at + 1 < args.Length ? args[at + 1] : null;
