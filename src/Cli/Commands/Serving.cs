using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;
using PocketCoder.Daemon;
using PocketCoder.Protocol;
using PocketCoder.Relay.Identity;
using PocketCoder.Storage;

namespace PocketCoder.Cli.Commands;

/// <summary>What the commands have in common: how they stop, and how they say what kept them from their work.</summary>
internal static class Serving
{
    public static async Task<int> RunAsync(CliContext cli, Func<CancellationToken, Task<int>> run, CancellationToken cancellationToken)
    {
        using var impatience = EndOnSecondInterrupt();
        try
        {
            return await run(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return ExitCode.Done;
        }
        catch (Exception ex) when (Explain(ex) is { } sentence)
        {
            return await cli.FailAsync(sentence, (ex as CommandException)?.ExitCode ?? ExitCode.Failed);
        }
    }

    public static Task UntilStoppedAsync(Daemon.Daemon daemon, CancellationToken stop) =>
        daemon.StopRequested.WaitAsync(stop).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

    /// <summary>
    /// What the environment says about the daemon: POCKETCODER_CLAUDE (path of Claude Code) and POCKETCODER_AGENT_WARM_MINUTES (how long an idle
    /// agent stays; 0 is one process a turn).
    /// </summary>
    public static DaemonOptions OptionsFor(CliContext cli, Uri gateway) => new()
    {
        Paths = cli.Paths,
        Gateway = gateway,
        Supervisor = Environment.ProcessPath!,
        Claude = Environment.GetEnvironmentVariable("POCKETCODER_CLAUDE") is { Length: > 0 } claude ? claude : null,
        AgentWarmFor =
            double.TryParse(Environment.GetEnvironmentVariable("POCKETCODER_AGENT_WARM_MINUTES"), CultureInfo.InvariantCulture, out var minutes) && minutes is >= 0 and <= 1440
                ? TimeSpan.FromMinutes(minutes)
                : TimeSpan.FromMinutes(10),
    };

    // The first Ctrl-C stops in order; a person who sends a second one has waited long enough. Children end with us: their supervisors hold our pipes.
    private static PosixSignalRegistration EndOnSecondInterrupt()
    {
        var interrupts = 0;
        return PosixSignalRegistration.Create(PosixSignal.SIGINT, signal =>
        {
            signal.Cancel = true;
            if (Interlocked.Increment(ref interrupts) > 1)
            {
                Environment.Exit(ExitCode.Interrupted);
            }
        });
    }

    /// <summary>A sentence for what keeps a command from its work and is no bug; null for what may be one.</summary>
    public static string? Explain(Exception exception) => exception switch
    {
        IOException { InnerException: Microsoft.AspNetCore.Connections.AddressInUseException } =>
            "The address is in use. Give another with --listen (port 0 finds a free one), or look who has it: pocketcoder status",
        SocketException or IOException { InnerException: SocketException } =>
            $"The address cannot be listened on: {exception.Message} Give another with --listen.",
        NewerSchemaException or ConfigDirectoryException or RelayConfigurationException or CommandException => exception.Message,
        TimeoutException => "The daemon could not register at its relay within 20 seconds. The log says why: pocketcoder logs",
        SqliteException { SqliteErrorCode: 13 } => "The disk is full. Make room, then try again.",
        SqliteException => $"The database cannot be used: {exception.Message}",
        RequestException => exception.Message,
        _ => FileTrouble.Explain(exception),
    };
}
