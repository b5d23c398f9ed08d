using System.ComponentModel;
using Microsoft.Extensions.Logging;
using PocketCoder.Daemon.Processes;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Commands;

/// <summary>The commands that run, and the last that ended, for those who come back to see how it went.</summary>
internal sealed partial class CommandRuns(Children children, CommandStore store, TimeProvider time, ILogger<CommandRuns> logger) : IAsyncDisposable
{
    private const int AtOnce = 8;
    private const int EndedKept = 8;

    private readonly Lock _gate = new();
    private readonly List<CommandRun> _running = [];
    private readonly Queue<CommandRun> _ended = new();
    private readonly CancellationTokenSource _stopping = new();

    /// <summary>Closes in the history what an earlier daemon left open.</summary>
    public async Task StartAsync()
    {
        try
        {
            await store.CloseInterruptedAsync();
        }
        catch (Exception ex)
        {
            LogNotClosed(ex);
        }
    }

    /// <summary>Starts a command. <c>DAEMON_BUSY</c> when eight run; <c>FILE_NOT_FOUND</c> when the project's directory is gone.</summary>
    public CommandRun Start(CommandOrder order, string directory)
    {
        if (!Directory.Exists(directory))
        {
            throw new RequestException(ErrorCode.FileNotFound, "The project's directory is not there any more. Bring it back, or remove the project: pocketcoder remove ID");
        }

        lock (_gate)
        {
            if (_stopping.IsCancellationRequested)
            {
                throw new RequestException(ErrorCode.DaemonBusy, "The daemon is stopping.");
            }

            if (_running.Count >= AtOnce)
            {
                throw new RequestException(ErrorCode.DaemonBusy, $"{AtOnce} commands run already. Wait for one to end, or cancel one.");
            }

            var run = Begin(order, directory);
            _running.Add(run);
            _ = MoveWhenEndedAsync(run);
            return run;
        }
    }

    /// <summary>A run of this project, running or among the last that ended; else <c>NOT_FOUND</c>.</summary>
    public CommandRun Require(string? projectId, Func<CommandRun, bool> fits)
    {
        lock (_gate)
        {
            return _running.Concat(_ended.Reverse()).FirstOrDefault(run => run.Order.ProjectId == projectId && fits(run))
                ?? throw new RequestException(ErrorCode.NotFound, "There is no such command in this project, or its output is not kept any more. Look at the history.");
        }
    }

    /// <summary>The project is not registered any more: nothing may run in it.</summary>
    public Task EndProjectAsync(string projectId) => EndAsync(run => run.Order.ProjectId == projectId);

    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _stopping.Cancel();
        }

        await EndAsync(_ => true);
        _stopping.Dispose();
    }

    private CommandRun Begin(CommandOrder order, string directory)
    {
        try
        {
            var id = Guid.CreateVersion7(time.GetUtcNow()).ToString();
            return CommandRun.Start(id, order, UserShell.Start(order.Command, directory), children, store, time, logger);
        }
        catch (Win32Exception failed)
        {
            // The exception's own message names paths.
            throw new RequestException(
                ErrorCode.UnknownError, $"The command could not be started: {new Win32Exception(failed.NativeErrorCode).Message}. Try again when less runs on the machine.", inner: failed);
        }
    }

    private async Task MoveWhenEndedAsync(CommandRun run)
    {
        await run.Ended;
        lock (_gate)
        {
            _running.Remove(run);
            _ended.Enqueue(run);
            if (_ended.Count > EndedKept)
            {
                _ended.Dequeue();
            }
        }
    }

    private async Task EndAsync(Func<CommandRun, bool> which)
    {
        List<CommandRun> ending;
        lock (_gate)
        {
            ending = [.. _running.Where(which)];
        }

        await Task.WhenAll(ending.Select(run =>
        {
            run.TryStop(CommandState.Interrupted);
            return run.StopAsync();
        }));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "What was interrupted could not be noted in the history of commands")]
    private partial void LogNotClosed(Exception exception);
}
