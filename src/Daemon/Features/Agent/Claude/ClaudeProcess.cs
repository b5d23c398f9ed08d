using System.Buffers;
using System.Collections.Concurrent;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using PocketCoder.Daemon.Processes;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Agent.Claude;

/// <summary>
/// One Claude Code process: stream-json on stdin and stdout, permission questions over the same pipes. The prompt never stands in argv, where
/// anybody could read it, a leading dash would make it an option, and 128 KiB is the end.
/// </summary>
internal sealed partial class ClaudeProcess : IAgentTransport
{
    private const int MaxLineBytes = 64 * 1024 * 1024;
    private static readonly TimeSpan ControlPatience = TimeSpan.FromSeconds(10);
    private static readonly StopPolicy Policy = new("INT", TimeSpan.FromSeconds(5));

    private readonly SupervisedProcess _process;
    private readonly ClaudeLines _lines;
    private readonly Action _loginLost;
    private string? _name;
    private readonly ILogger _logger;
    private readonly Channel<AgentSignal> _signals = Channel.CreateBounded<AgentSignal>(new BoundedChannelOptions(1024) { SingleReader = true, SingleWriter = true });
    private readonly ConcurrentDictionary<string, TaskCompletionSource<string?>> _asked = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _writing = new(1);
    private readonly CancellationTokenSource _ended = new();
    private readonly Task _reading;

    private ClaudeProcess(SupervisedProcess process, AgentStart start, Action loginLost, ILogger logger)
    {
        (_process, _lines, _loginLost, _logger) = (process, new ClaudeLines(start.Cwd, start.Todo), loginLost, logger);
        _name = start.Resume ? null : start.Name;
        _reading = Task.Run(ReadAllAsync);
    }

    public ChannelReader<AgentSignal> Signals => _signals.Reader;

    public int ProcessId => _process.Id;

    public bool CanSteer => true;

    public static ClaudeProcess Start(Children children, ClaudeInstallation claude, AgentStart start, Action loginLost, ILogger logger)
    {
        List<string> arguments =
        [
            "-p", "--input-format", "stream-json", "--output-format", "stream-json", "--verbose", "--include-partial-messages", "--replay-user-messages",
            "--permission-prompt-tool", "stdio", "--permission-mode", start.Mode.Name(),
            .. Session(start),
        ];
        if (start.Model is { } model)
        {
            arguments.AddRange(["--model", model]);
        }

        ChildStart child = new(claude.Path, arguments, start.Cwd, Policy) { Environment = new Dictionary<string, string?> { ["CLAUDE_CODE_ENABLE_TODO_TOOLS"] = "1" } };
        return new ClaudeProcess(children.Start(child, start.AgentId), start, loginLost, logger);
    }

    private static IEnumerable<string> Session(AgentStart start) => start switch
    {
        { Resume: true } => ["--resume", start.AgentId],
        { ForkOf: { } original } => ["--resume", original, "--fork-session", "--session-id", start.AgentId],
        _ => ["--session-id", start.AgentId],
    };

    public Task SendAsync(UserInput input, CancellationToken cancellationToken) => WriteAsync(writer => Write(writer, input), cancellationToken);

    private static void Write(Utf8JsonWriter writer, UserInput input)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, "user");
        writer.WriteStartObject("message"u8);
        writer.WriteString("role"u8, "user");
        writer.WriteStartArray("content"u8);
        foreach (var image in input.Images)
        {
            writer.WriteStartObject();
            writer.WriteString("type"u8, "image");
            writer.WriteStartObject("source"u8);
            writer.WriteString("type"u8, "base64");
            writer.WriteString("media_type"u8, image.MediaType);
            writer.WriteString("data"u8, image.Data);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        writer.WriteStartObject();
        writer.WriteString("type"u8, "text");
        writer.WriteString("text"u8, input.Content);
        writer.WriteEndObject();
        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.WriteNull("parent_tool_use_id"u8);

        // The CLI runs a message with the same uuid only once, also after a restart.
        writer.WriteString("uuid"u8, input.MessageId);
        writer.WriteEndObject();
    }

    public async Task InterruptAsync(CancellationToken cancellationToken) =>
        await ControlAsync("interrupt", static _ => { }, cancellationToken);

    public Task StopTasksAsync(CancellationToken cancellationToken) => Task.WhenAll(
        _lines.BackgroundTasks.Select(task => ControlAsync("stop_task", writer => writer.WriteString("task_id"u8, task), cancellationToken)));

    public Task AnswerAsync(PromptAsked prompt, PromptAnswer answer, CancellationToken cancellationToken) => WriteAsync(
        writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("type"u8, "control_response");
            writer.WriteStartObject("response"u8);
            writer.WriteString("subtype"u8, "success");
            writer.WriteString("request_id"u8, prompt.RequestId);
            writer.WritePropertyName("response"u8);
            ClaudePrompts.WriteAnswer(writer, prompt, answer);
            writer.WriteEndObject();
            writer.WriteEndObject();
        },
        cancellationToken);

    public Task<string?> SetModeAsync(PermissionMode mode, CancellationToken cancellationToken) =>
        ControlAsync("set_permission_mode", writer => writer.WriteString("mode"u8, mode.Name()), cancellationToken);

    public Task<string?> SetModelAsync(string model, CancellationToken cancellationToken) =>
        ControlAsync("set_model", writer => writer.WriteString("model"u8, model), cancellationToken);

    public async Task StopAsync(bool force)
    {
        if (!force)
        {
            // The end of stdin lets it finish and exit by itself; an open question would count as denied, so this is for idle agents.
            _process.Input.Close();
            await Task.WhenAny(_process.Exited, Task.Delay(TimeSpan.FromSeconds(2)));
        }

        await _process.StopAsync();
        await _reading;
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        await _reading;
        _ended.Dispose();
        _writing.Dispose();
    }

    private async Task<string?> ControlAsync(string subtype, Action<Utf8JsonWriter> members, CancellationToken cancellationToken)
    {
        var id = Guid.NewGuid().ToString("N");
        var answered = _asked.GetOrAdd(id, _ => new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously));
        try
        {
            await WriteAsync(
                writer =>
                {
                    writer.WriteStartObject();
                    writer.WriteString("type"u8, "control_request");
                    writer.WriteString("request_id"u8, id);
                    writer.WriteStartObject("request"u8);
                    writer.WriteString("subtype"u8, subtype);
                    members(writer);
                    writer.WriteEndObject();
                    writer.WriteEndObject();
                },
                cancellationToken);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _ended.Token);
            return await answered.Task.WaitAsync(ControlPatience, limit.Token);
        }
        catch (Exception ex) when (ex is TimeoutException || (ex is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return "The agent did not answer.";
        }
        finally
        {
            _asked.TryRemove(id, out _);
        }
    }

    private async Task WriteAsync(Action<Utf8JsonWriter> write, CancellationToken cancellationToken)
    {
        ArrayBufferWriter<byte> line = new();
        using (Utf8JsonWriter writer = new(line))
        {
            write(writer);
        }

        line.Write("\n"u8);
        await _writing.WaitAsync(cancellationToken);
        try
        {
            await _process.Input.WriteAsync(line.WrittenMemory, cancellationToken);
            await _process.Input.FlushAsync(cancellationToken);
        }
        catch (Exception ex) when (ex is IOException or ObjectDisposedException)
        {
            // It is gone; AgentExited says so to the session.
            LogInputClosed(ex.Message);
        }
        finally
        {
            _writing.Release();
        }
    }

    private async Task ReadAllAsync()
    {
        var reason = LastWords.ReadAsync(_process.Error);
        try
        {
            await foreach (var line in LineReader.ReadLinesAsync(_process.Output, MaxLineBytes, LogLineTooLong, CancellationToken.None))
            {
                await HandleAsync(line);
            }
        }
        catch (Exception ex)
        {
            // Whatever it was: the session must hear that the agent ended, or its turn never does.
            LogOutputLost(ex);
            await _process.StopAsync();
        }

        var exitCode = (await _process.Exited).Code;

        // A surviving grandchild could hold stderr open for ever.
        await Task.WhenAny(reason, Task.Delay(TimeSpan.FromSeconds(2)));
        await _ended.CancelAsync();
        var lastWords = reason.IsCompletedSuccessfully ? await reason : "";
        await _signals.Writer.WriteAsync(new AgentExited(exitCode, lastWords) { IdTaken = lastWords.Contains("already in use", StringComparison.Ordinal) });
        _signals.Writer.Complete();
    }

    private async Task HandleAsync(ReadOnlyMemory<byte> line)
    {
        if (JsonLine.Parse(line) is not { } document)
        {
            LogNotJson(line.Length);
            return;
        }

        using (document)
        {
            List<AgentSignal> signals = [];
            bool known;
            try
            {
                known = _lines.TryMap(document.RootElement, signals);
            }
            catch (Exception ex) when (ex is InvalidOperationException or JsonException)
            {
                // Text that JSON can spell and .NET cannot hold, in a place nobody thought of. One line is lost, not the agent; a question in it is refused.
                LogNotJson(line.Length);
                await RefuseAsync(document.RootElement);
                return;
            }

            if (!known)
            {
                var (type, subtype) = (document.RootElement.Text("type"), document.RootElement.Text("subtype"));
                LogUnknownLine(type, subtype);
            }

            Complete(document.RootElement);
            await RefuseUnknownRequestAsync(document.RootElement);
            NameAtBegin(signals);
            if (signals.Exists(signal => signal is Happened { Event: AgentError { Code: ClaudeErrors.NotLoggedIn } }))
            {
                _loginLost();
            }

            foreach (var signal in signals)
            {
                await _signals.Writer.WriteAsync(signal);
            }
        }
    }

    private void NameAtBegin(List<AgentSignal> signals)
    {
        // It has a record now that can be named, for whoever looks for the session at the desk. Not in argv, which everybody on the machine can read.
        if (_name is { Length: > 0 } name && signals.Exists(signal => signal is Happened { Event: AgentInit }))
        {
            _name = null;
            _ = ControlAsync("rename_session", writer =>
            {
                writer.WriteString("title"u8, name);
                writer.WriteString("source"u8, "host");
            }, CancellationToken.None);
        }
    }

    private void Complete(JsonElement line)
    {
        if (line.Text("type") == "control_response" && line.Get("response") is { } response
            && response.Text("request_id") is { } id && _asked.TryGetValue(id, out var answered))
        {
            answered.TrySetResult(response.Text("subtype") == "success" ? null : response.Text("error") ?? "The agent refused.");
        }
    }

    // A question that we cannot answer must not leave the agent waiting.
    private async Task RefuseUnknownRequestAsync(JsonElement line)
    {
        if (line.Get("request").Text("subtype") is not "can_use_tool")
        {
            await RefuseAsync(line);
        }
    }

    private async Task RefuseAsync(JsonElement line)
    {
        if (line.Text("type") != "control_request" || line.Text("request_id") is not { } id)
        {
            return;
        }

        await WriteAsync(
            writer =>
            {
                writer.WriteStartObject();
                writer.WriteString("type"u8, "control_response");
                writer.WriteStartObject("response"u8);
                writer.WriteString("subtype"u8, "error");
                writer.WriteString("request_id"u8, id);
                writer.WriteString("error"u8, "PocketCoder does not answer this.");
                writer.WriteEndObject();
                writer.WriteEndObject();
            },
            CancellationToken.None);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A line of the agent was longer than 64 MiB and was passed over")]
    private partial void LogLineTooLong();

    [LoggerMessage(Level = LogLevel.Warning, Message = "A line of the agent of {Bytes} bytes is not JSON and was passed over")]
    private partial void LogNotJson(int bytes);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The agent sent a line of an unknown kind: {Type} {Subtype}")]
    private partial void LogUnknownLine(string? type, string? subtype);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The agent does not read any more: {Reason}")]
    private partial void LogInputClosed(string reason);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The agent's output broke off")]
    private partial void LogOutputLost(Exception exception);
}
