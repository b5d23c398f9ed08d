using System.Globalization;
using System.Net.Sockets;
using Microsoft.Data.Sqlite;
using PocketCoder.Storage;

namespace PocketCoder.Cli.Commands;

/// <summary>What the commands that serve have in common: how they stop, and how they say what kept them from starting.</summary>
internal static class Serving
{
    public static async Task<int> RunAsync(CliContext cli, Func<CancellationToken, Task<int>> run, CancellationToken cancellationToken)
    {
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
            return await cli.FailAsync(sentence);
        }
    }

    public static Task UntilStoppedAsync(Daemon.Daemon daemon, CancellationToken stop) =>
        daemon.StopRequested.WaitAsync(stop).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

    /// <summary>Minutes that an idle agent stays warm, by POCKETCODER_AGENT_WARM_MINUTES; 0 is one process a turn.</summary>
    public static TimeSpan AgentWarmFor() =>
        double.TryParse(Environment.GetEnvironmentVariable("POCKETCODER_AGENT_WARM_MINUTES"), CultureInfo.InvariantCulture, out var minutes) && minutes is >= 0 and <= 1440
            ? TimeSpan.FromMinutes(minutes)
            : TimeSpan.FromMinutes(10);

    private static string? Explain(Exception exception) => exception switch
    {
        IOException { InnerException: Microsoft.AspNetCore.Connections.AddressInUseException } =>
            "The address is in use. Give another with --listen (port 0 finds a free one), or look who has it: pocketcoder status",
        SocketException or IOException { InnerException: SocketException } =>
            $"The address cannot be listened on: {exception.Message} Give another with --listen.",
        NewerSchemaException => exception.Message,
        TimeoutException => "The daemon could not register at its relay within 20 seconds. The log says why: pocketcoder logs",
        UnauthorizedAccessException or IOException => $"A file cannot be used: {exception.Message}",
        SqliteException { SqliteErrorCode: 13 } => "The disk is full.",
        SqliteException => $"The database cannot be used: {exception.Message}",
        ControlPlaneException => exception.Message,
        _ => null,
    };
}
