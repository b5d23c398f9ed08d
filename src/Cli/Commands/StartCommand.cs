using System.CommandLine;
using System.Diagnostics;
using PocketCoder.Daemon;

namespace PocketCoder.Cli.Commands;

/// <summary>The daemon alone, for a relay somewhere else.</summary>
internal static class StartCommand
{
    private const string DefaultGateway = "wss://gateway.pocketcoder.dev";
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(20);

    public static Command Create(CliContext cli)
    {
        Option<bool> foreground = new("--foreground") { Description = "Stay in the foreground." };
        Option<bool> detached = new("--detached") { Hidden = true };
        Command command = new("start", "Start the daemon in the background.") { foreground, detached };
        command.SetAction((parsed, cancellationToken) => Serving.RunAsync(
            cli,
            stop => parsed.GetValue(foreground) ? RunAsync(cli, parsed.GetValue(detached), stop) : StartAsync(cli, stop),
            cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(CliContext cli, bool detached, CancellationToken stop)
    {
        if (detached && !OperatingSystem.IsWindows())
        {
            Detached.LeaveTerminal();
        }

        var gateway = Environment.GetEnvironmentVariable("GATEWAY_URL") is { Length: > 0 } chosen ? chosen : DefaultGateway;
        if (!Uri.TryCreate(gateway, UriKind.Absolute, out var url) || url.Scheme is not ("ws" or "wss" or "http" or "https"))
        {
            return await cli.FailAsync("GATEWAY_URL must be an address like wss://relay.example.org.");
        }

        cli.Paths.Create();
        await using var log = Logs.Open(cli.Paths);
        await using var daemon = await Daemon.Daemon.StartAsync(Serving.OptionsFor(cli, url), Logs.Into(log), stop);
        if (daemon is null)
        {
            return await AlreadyRunsAsync(cli);
        }

        if (!detached)
        {
            await cli.Out.WriteLineAsync($"PocketCoder runs. Control plane: {daemon.ControlPlaneUrl}. Ctrl-C stops it.");
        }

        await Serving.UntilStoppedAsync(daemon, stop);
        return ExitCode.Done;
    }

    /// <summary>Returns when the daemon answers, or says what it last wrote to its log.</summary>
    private static async Task<int> StartAsync(CliContext cli, CancellationToken stop)
    {
        if (InstanceLock.RunningPid(cli.Paths) is not null)
        {
            return await AlreadyRunsAsync(cli);
        }

        using var daemon = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, ["start", "--foreground", "--detached"]) { UseShellExecute = false })!;
        var patience = Stopwatch.StartNew();
        while (!daemon.HasExited && patience.Elapsed < StartPatience)
        {
            if (await cli.Daemon.IsHealthyAsync(stop))
            {
                await cli.Out.WriteLineAsync("PocketCoder runs. See: pocketcoder status");
                return ExitCode.Done;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), stop);
        }

        await cli.Error.WriteLineAsync("The daemon did not start. The end of its log:");
        foreach (var line in LogsCommand.Tail(cli.Paths, 10))
        {
            await cli.Error.WriteLineAsync("  " + line);
        }

        return ExitCode.Failed;
    }

    private static async Task<int> AlreadyRunsAsync(CliContext cli)
    {
        await cli.Out.WriteLineAsync("PocketCoder runs already. See: pocketcoder status");
        return ExitCode.Done;
    }
}
