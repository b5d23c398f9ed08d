using System.CommandLine;
using System.Diagnostics;
using PocketCoder.Daemon;
using PocketCoder.Daemon.Processes;
using PocketCoder.Daemon.Relay;

namespace PocketCoder.Cli.Commands;

/// <summary>The daemon alone, for a relay somewhere else.</summary>
internal static class StartCommand
{
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(20);

    public static Command Create(CliContext cli)
    {
        Option<bool> foreground = new("--foreground") { Description = "Stay in the foreground." };
        ManualCommand command = new("start", "Start the daemon in the background, for a relay somewhere else.", """
            pocketcoder start
            GATEWAY_URL=wss://relay.example.org LOG_LEVEL=debug pocketcoder start --foreground
            """, ExitCode.Failed, ExitCode.Interrupted) { foreground };
        command.SetAction((parsed, cancellationToken) => Serving.RunAsync(
            cli,
            stop => parsed.GetValue(foreground) ? RunAsync(cli, stop) : StartAsync(cli, stop),
            cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(CliContext cli, CancellationToken stop)
    {
        var gateway = Gateway.Resolve(cli.Paths);
        cli.Paths.Create();
        if (InstanceLock.RunningPid(cli.Paths) is not null)
        {
            // Before its log is opened, which is another's.
            return await AlreadyRunsAsync(cli);
        }

        await using var log = Logs.Open(cli.Paths);
        await using var daemon = await StartLoggedAsync(cli, gateway, log, stop);
        if (daemon is null)
        {
            return await AlreadyRunsAsync(cli);
        }

        await SayWhereLoggedInAsync(cli, gateway);
        await cli.Out.WriteLineAsync($"PocketCoder runs. Control plane: {daemon.ControlPlaneUrl}. Ctrl-C stops it.");
        await Serving.UntilStoppedAsync(daemon, stop);
        return ExitCode.Done;
    }

    // In the background nobody hears what standard error says; the log is where `start` looks for the reason.
    private static async Task<Daemon.Daemon?> StartLoggedAsync(CliContext cli, Uri gateway, Serilog.ILogger log, CancellationToken stop)
    {
        try
        {
            return await Daemon.Daemon.StartAsync(Serving.OptionsFor(cli, gateway), Logs.Into(log), stop);
        }
        catch (Exception ex) when (Serving.Explain(ex) is { } sentence)
        {
            log.Fatal("{Sentence:l}", sentence);
            throw;
        }
    }

    /// <summary>Returns when the daemon answers, or says what it last wrote to its log.</summary>
    private static async Task<int> StartAsync(CliContext cli, CancellationToken stop)
    {
        if (InstanceLock.RunningPid(cli.Paths) is not null)
        {
            return await AlreadyRunsAsync(cli);
        }

        // What can be said at once is said here, not by a log.
        var gateway = Gateway.Resolve(cli.Paths);
        cli.Paths.Create();
        await SayWhereLoggedInAsync(cli, gateway);

        var pid = StartDetached();
        var patience = Stopwatch.StartNew();
        while (ProcessIdentity.StartTime(pid) != 0 && patience.Elapsed < StartPatience)
        {
            if (await cli.Daemon.IsHealthyAsync(stop))
            {
                await cli.Out.WriteLineAsync("PocketCoder runs. See: pocketcoder status");
                return ExitCode.Done;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), stop);
        }

        await cli.Error.WriteLineAsync("The daemon did not start. The end of its log:");
        foreach (var line in LogFiles.Tail(cli.Paths, 10).Lines)
        {
            await cli.Error.WriteLineAsync("  " + line);
        }

        return ExitCode.Failed;
    }

    private static async Task SayWhereLoggedInAsync(CliContext cli, Uri gateway)
    {
        if (RelayLogin.OtherThan(gateway, cli.Paths) is { } other)
        {
            await cli.Error.WriteLineAsync($"This machine is logged in at {other}, not at {gateway}. Log in there: GATEWAY_URL={gateway} pocketcoder login");
        }
    }

    private static int StartDetached()
    {
        string[] command = [Environment.ProcessPath!, "start", "--foreground"];
        if (OperatingSystem.IsWindows())
        {
            using var process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { UseShellExecute = true, WindowStyle = ProcessWindowStyle.Hidden })!;
            return process.Id;
        }

        return PosixSpawn.StartDetached(command, out var pid) is 0 ? pid : throw new IOException("the daemon's process could not be started.");
    }

    private static async Task<int> AlreadyRunsAsync(CliContext cli)
    {
        await cli.Out.WriteLineAsync("PocketCoder runs already. See: pocketcoder status");
        return ExitCode.Done;
    }
}
