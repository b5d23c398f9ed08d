using System.Buffers;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using PocketCoder.Daemon.Processes;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Commands;

/// <summary>Who asked for a run, and how long it may take.</summary>
internal sealed record CommandOrder(string ProjectId, string? ClientId, string? RequestId, string Command, TimeSpan Timeout);

/// <summary>
/// One command from its start to its end. It belongs to nobody's connection: its output is kept as far as it is ever sent, and whoever follows it
/// reads from there at their own speed, so a slow phone neither slows the command nor costs memory.
/// </summary>
internal sealed partial class CommandRun
{
    private const int MaxOutputBytes = 300 * 1024;
    private const int DrainBytes = 128 * 1024;
    private const int SigKill = 9;
    private static readonly TimeSpan EndOfOutputPatience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ShortPause = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan LongPause = TimeSpan.FromMilliseconds(80);

    private readonly SupervisedProcess _process;
    private readonly CommandStore _store;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly DateTimeOffset _startedAt;
    private readonly long _started;
    private readonly Lock _gate = new();
    private readonly List<CommandOutput> _kept = [];
    private readonly OutputTail _tail = new();
    private TaskCompletionSource _changed = NewSignal();
    private int _keptBytes;
    private volatile bool _truncated;
    private CommandState? _stopReason;
    private ProcessExit? _exit;
    private TimeSpan _duration;
    private CommandHistoryEntry? _end;

    private CommandRun(string id, CommandOrder order, SupervisedProcess process, CommandStore store, TimeProvider time, ILogger logger)
    {
        (Id, Order, _process, _store, _time, _logger) = (id, order, process, store, time, logger);
        (_startedAt, _started) = (time.GetUtcNow(), time.GetTimestamp());
        Recorded = SaveAsync(Describe(CommandState.Running));
        Ended = Task.Run(RunAsync);
    }

    public string Id { get; }

    public CommandOrder Order { get; }

    /// <summary>Ends when the run stands in the history, or cannot.</summary>
    public Task Recorded { get; }

    /// <summary>Ends when nothing of the command is left and its end is in the history. Never fails.</summary>
    public Task Ended { get; }

    public static CommandRun Start(string id, CommandOrder order, ChildStart child, Children children, CommandStore store, TimeProvider time, ILogger logger) =>
        new(id, order, children.Start(child, id), store, time, logger);

    /// <summary>Decides that the run is to end, and why; false when it has ended or ends for another reason. <see cref="StopAsync"/> then does it.</summary>
    public bool TryStop(CommandState reason)
    {
        lock (_gate)
        {
            if (_exit is not null)
            {
                return false;
            }

            _stopReason ??= reason;
            return _stopReason == reason;
        }
    }

    public async Task StopAsync()
    {
        await _process.StopAsync();
        await Ended;
    }

    /// <summary>The output from its beginning, and on while it comes; ends with the run.</summary>
    public async IAsyncEnumerable<CommandOutput> FollowAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var next = 0; ;)
        {
            List<CommandOutput> fresh;
            Task changed;
            lock (_gate)
            {
                fresh = _kept[next..];
                changed = _changed.Task;
                if (fresh.Count == 0 && _end is not null)
                {
                    yield break;
                }
            }

            foreach (var output in fresh)
            {
                yield return output;
            }

            next += fresh.Count;
            if (fresh.Count == 0)
            {
                await changed.WaitAsync(cancellationToken);
            }
        }
    }

    /// <summary>How it ended, after the end of <see cref="FollowAsync"/>; <c>COMMAND_TIMEOUT</c> when it ran too long.</summary>
    public CommandExit Exit()
    {
        var end = _end!;
        return end.State == CommandState.TimedOut
            ? throw new RequestException(
                ErrorCode.CommandTimeout,
                $"The command ran longer than {Order.Timeout.TotalSeconds:0.###} s and was ended. A longer timeoutMs gives it up to 30 minutes.")
            : new CommandExit(end.ExitCode, end.Signal, (long)_duration.TotalMilliseconds, end.Truncated);
    }

    private async Task RunAsync()
    {
        using CancellationTokenSource givenUp = new();
        // The process does not close what was taken from it as a stream.
        using var output = _process.Output;
        using var error = _process.Error;
        var reading = Task.WhenAll(
            PumpAsync(output, text => new CommandOutput(StdoutChunk: text), givenUp.Token),
            PumpAsync(error, text => new CommandOutput(StderrChunk: text), givenUp.Token));
        await Task.WhenAll(Recorded, LimitAsync());
        var exit = await _process.Exited;

        // Somebody outside the tree may have been handed the pipe.
        await Task.WhenAny(reading, Task.Delay(EndOfOutputPatience));
        await givenUp.CancelAsync();
        await reading;
        lock (_gate)
        {
            (_exit, _duration) = (exit, _time.GetElapsedTime(_started));
        }

        var end = Describe(_stopReason ?? CommandState.Exited);
        await SaveAsync(end);
        await _process.DisposeAsync();
        lock (_gate)
        {
            _end = end;
            Announce();
        }
    }

    private async Task LimitAsync()
    {
        using CancellationTokenSource ended = new();
        var limit = Task.Delay(Order.Timeout, _time, ended.Token);
        if (await Task.WhenAny(_process.Exited, limit) == limit && TryStop(CommandState.TimedOut))
        {
            await _process.StopAsync();
        }

        await ended.CancelAsync();
    }

    // What a program prints in many small pieces collects in the pipe during a pause, which grows while the program goes on printing.
    private async Task PumpAsync(Stream stream, Func<string, CommandOutput> wrap, CancellationToken givenUp)
    {
        OutputText text = new();
        var buffer = ArrayPool<byte>.Shared.Rent(DrainBytes);
        try
        {
            var pause = ShortPause;
            int count;
            do
            {
                var piece = buffer.AsMemory(0, _truncated ? DrainBytes : OutputText.ChunkBytes);
                var reading = stream.ReadAsync(piece, givenUp);
                pause = reading.IsCompleted ? TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, LongPause.Ticks)) : ShortPause;
                count = await reading;
                Keep(text, piece.Span[..count], wrap);
                if (count > 0 && count < piece.Length && !_truncated)
                {
                    await Task.Delay(pause, givenUp);
                }
            }
            while (count > 0);
        }
        catch (OperationCanceledException)
        {
            // The pipe outlived the command.
        }
        catch (Exception ex)
        {
            // Nobody would empty the pipe any more, and the command would wait for that until its timeout.
            LogOutputLost(ex);
            _ = _process.StopAsync();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private void Keep(OutputText text, ReadOnlySpan<byte> bytes, Func<string, CommandOutput> wrap)
    {
        lock (_gate)
        {
            _tail.Append(bytes);
            if (!_truncated)
            {
                _truncated = !text.Decode(bytes, last: bytes.IsEmpty, MaxOutputBytes - _keptBytes, (chunk, size) =>
                {
                    _kept.Add(wrap(chunk));
                    _keptBytes += size;
                });
                Announce();
            }
        }
    }

    private void Announce()
    {
        _changed.SetResult();
        _changed = NewSignal();
    }

    private CommandHistoryEntry Describe(CommandState state)
    {
        lock (_gate)
        {
            var signal = _exit is not { } exit ? null
                : state != CommandState.Exited ? (exit.Signal == SigKill ? "SIGKILL" : "SIGTERM")
                : exit.Signal is { } number ? SignalName.Of(number) : null;
            return new CommandHistoryEntry(
                Id, Order.Command, _startedAt, _exit is null ? null : _time.GetUtcNow(), signal is null ? _exit?.Code : null, _truncated, _tail.ToString(), state, signal);
        }
    }

    // A command is worth more than its place in the history: on a full disk it is what makes room again.
    private async Task SaveAsync(CommandHistoryEntry run)
    {
        try
        {
            await _store.SaveAsync(Order.ProjectId, run);
        }
        catch (Exception ex)
        {
            LogNotKept(ex);
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    [LoggerMessage(Level = LogLevel.Error, Message = "The output of a command broke off, and the command was ended")]
    private partial void LogOutputLost(Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A command could not be written to the history")]
    private partial void LogNotKept(Exception exception);
}
