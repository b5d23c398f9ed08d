using Microsoft.Extensions.Logging;
using PocketCoder.Daemon;

namespace PocketCoder.Nemesis.Planted;

/// <summary>A daemon from the real composition root, with one part that is wrong. It says that it is ready and stays until it is ended.</summary>
internal static class BuggyDaemon
{
    public static async Task<int> RunAsync(string bug)
    {
        DaemonOptions options = new()
        {
            Paths = DaemonPaths.FromEnvironment(),
            Gateway = new Uri(Variable("GATEWAY_URL")),
            Supervisor = Variable("POCKETCODER"),
            Claude = Variable("POCKETCODER_CLAUDE"),
            OpenAgentStore = PlantedBugs.Named(bug),
        };
        TaskCompletionSource stop = new();
        using var terminate = System.Runtime.InteropServices.PosixSignalRegistration.Create(System.Runtime.InteropServices.PosixSignal.SIGTERM, signal =>
        {
            signal.Cancel = true;
            stop.TrySetResult();
        });
        await using var daemon = await Daemon.Daemon.StartAsync(options, logging => logging.SetMinimumLevel(LogLevel.None), CancellationToken.None)
            ?? throw new InvalidOperationException("Another daemon runs here.");
        Console.WriteLine($"A daemon with {bug} runs.");
        await stop.Task;
        return 0;
    }

    private static string Variable(string name) => Environment.GetEnvironmentVariable(name) ?? throw new InvalidOperationException($"{name} is not set.");
}
