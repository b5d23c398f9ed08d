using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using PocketCoder.Daemon.Processes;

namespace PocketCoder.Daemon.Features.Agent.Acp;

/// <summary>What an agent answered: a result, or why not.</summary>
internal sealed record AcpAnswer(JsonElement Result, AcpRefusal? Refusal);

/// <summary>Why the agent does not do it, in a sentence.</summary>
/// <param name="Code">One of an <c>error</c> event's; <see cref="Gone"/> when there is no agent any more, which says so itself.</param>
internal sealed record AcpRefusal(string Code, string Message, string? Action = null)
{
    public const string Gone = "gone", NotLoggedIn = "not_logged_in";
}

/// <summary>
/// JSON-RPC 2.0 with an agent: one object a line on its stdin and stdout. What it says is handled one line after the other, the answers to our own requests too:
/// the end of a turn never overtakes what was said before it.
/// </summary>
internal sealed partial class AcpConnection(SupervisedProcess process, AcpAgent agent, ILogger logger) : IAsyncDisposable
{
    private const int MaxLineBytes = 64 * 1024 * 1024;
    private const int AuthRequired = -32000, MethodNotFound = -32601;
    private static readonly AcpAnswer NotThere = new(default, new AcpRefusal(AcpRefusal.Gone, "The agent is gone."));

    private readonly ConcurrentDictionary<string, Func<AcpAnswer, Task>> _asked = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _writing = new(1);
    private int _lastId;
    private volatile bool _ended;

    public int ProcessId => process.Id;

    /// <summary>Asks, and takes the answer before the agent's next line.</summary>
    public async Task AskAsync(string method, Action<Utf8JsonWriter> parameters, Func<AcpAnswer, Task> answered)
    {
        var id = Interlocked.Increment(ref _lastId).ToString(CultureInfo.InvariantCulture);
        _asked[id] = answered;
        if (_ended && _asked.TryRemove(id, out _))
        {
            await answered(NotThere);
            return;
        }

        await WriteAsync(writer =>
        {
            writer.WritePropertyName("id"u8);
            writer.WriteRawValue(id);
            WriteCall(writer, method, parameters);
        });
    }

    /// <summary>Asks, and waits for the answer.</summary>
    public async Task<AcpAnswer> AskAsync(string method, Action<Utf8JsonWriter> parameters, TimeSpan patience, CancellationToken cancellationToken)
    {
        TaskCompletionSource<AcpAnswer> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _ = AskAsync(method, parameters, given =>
        {
            answer.TrySetResult(given);
            return Task.CompletedTask;
        });
        try
        {
            return await answer.Task.WaitAsync(patience, cancellationToken);
        }
        catch (TimeoutException)
        {
            return new AcpAnswer(default, new AcpRefusal("stuck", $"{agent.Title} did not answer."));
        }
    }

    public Task NotifyAsync(string method, Action<Utf8JsonWriter> parameters) => WriteAsync(writer => WriteCall(writer, method, parameters));

    /// <summary>Answers a request of the agent; <paramref name="id"/> is its id as it stood there.</summary>
    public Task AnswerAsync(string id, Action<Utf8JsonWriter> result) => WriteAsync(writer =>
    {
        writer.WritePropertyName("id"u8);
        writer.WriteRawValue(id);
        writer.WriteStartObject("result"u8);
        result(writer);
        writer.WriteEndObject();
    });

    /// <summary>Says no to a request that we do not know.</summary>
    public Task RefuseAsync(string id) => WriteAsync(writer =>
    {
        writer.WritePropertyName("id"u8);
        writer.WriteRawValue(id);
        writer.WriteStartObject("error"u8);
        writer.WriteNumber("code"u8, MethodNotFound);
        writer.WriteString("message"u8, "PocketCoder does not do this.");
        writer.WriteEndObject();
    });

    /// <summary>Reads to the end of the agent and says how it ended. <paramref name="hear"/> gets its requests, with their id, and its notifications.</summary>
    public async Task<AgentExited> ReadAllAsync(Func<string?, string, JsonElement, Task> hear)
    {
        var reason = LastWords.ReadAsync(process.Error);
        try
        {
            await foreach (var line in LineReader.ReadLinesAsync(process.Output, MaxLineBytes, LogLineTooLong, CancellationToken.None))
            {
                await HandleAsync(line, hear);
            }
        }
        catch (Exception ex)
        {
            // Whatever it was: the session must hear that the agent ended, or its turn never does.
            LogOutputLost(ex);
            await process.StopAsync();
        }

        var exitCode = (await process.Exited).Code;

        // A surviving grandchild could hold stderr open for ever.
        await Task.WhenAny(reason, Task.Delay(TimeSpan.FromSeconds(2)));
        _ended = true;
        foreach (var id in _asked.Keys)
        {
            if (_asked.TryRemove(id, out var answered))
            {
                await answered(NotThere);
            }
        }

        return new AgentExited(exitCode, reason.IsCompletedSuccessfully ? await reason : "");
    }

    /// <summary>Ends the agent. Without <paramref name="force"/> it hears the end of its input first, which tells it to go.</summary>
    public async Task StopAsync(bool force)
    {
        if (!force)
        {
            process.Input.Close();
            await Task.WhenAny(process.Exited, Task.Delay(TimeSpan.FromSeconds(2)));
        }

        await process.StopAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await process.DisposeAsync();
        _writing.Dispose();
    }

    private async Task HandleAsync(ReadOnlyMemory<byte> line, Func<string?, string, JsonElement, Task> hear)
    {
        if (JsonLine.Parse(line) is not { } document)
        {
            LogNotJson(line.Length);
            return;
        }

        using (document)
        {
            var message = document.RootElement;
            var id = message.Get("id")?.GetRawText();
            try
            {
                if (message.Text("method") is { } method)
                {
                    await hear(id, method, message.Get("params") ?? default);
                }
                else if (id is not null && _asked.TryRemove(id, out var answered))
                {
                    await answered(message.Get("error") is { } error
                        ? new AcpAnswer(default, ToRefusal(error))
                        : new AcpAnswer(message.Get("result")?.Clone() ?? default, null));
                }
            }
            catch (Exception ex) when (ex is InvalidOperationException or JsonException)
            {
                // Text that JSON can spell and .NET cannot hold, in a place nobody thought of. One line is lost, not the agent; a question in it is refused.
                LogNotJson(line.Length);
                if (id is not null)
                {
                    await RefuseAsync(id);
                }
            }
        }
    }

    private AcpRefusal ToRefusal(JsonElement error)
    {
        if (error.Number("code") == AuthRequired)
        {
            return new AcpRefusal(AcpRefusal.NotLoggedIn, $"{agent.Title} is not logged in on the machine. {agent.LogIn}", agent.LogIn);
        }

        // "Internal error" alone tells nobody anything; what it was stands in the data, in each agent's own way.
        var data = error.Get("data");
        var detail = data.AsText() ?? data.Text("details") ?? data.Text("message");
        var message = Cut.Content(error.Text("message") ?? "The agent refused.", out _);
        return new AcpRefusal("failed", detail is { Length: > 0 } ? $"{message}: {Cut.Content(detail, out _)}" : message);
    }

    private static void WriteCall(Utf8JsonWriter writer, string method, Action<Utf8JsonWriter> parameters)
    {
        writer.WriteString("method"u8, method);
        writer.WriteStartObject("params"u8);
        parameters(writer);
        writer.WriteEndObject();
    }

    private async Task WriteAsync(Action<Utf8JsonWriter> members)
    {
        ArrayBufferWriter<byte> line = new();
        using (Utf8JsonWriter writer = new(line))
        {
            writer.WriteStartObject();
            writer.WriteString("jsonrpc"u8, "2.0");
            members(writer);
            writer.WriteEndObject();
        }

        line.Write("\n"u8);
        await _writing.WaitAsync();
        try
        {
            await process.Input.WriteAsync(line.WrittenMemory);
            await process.Input.FlushAsync();
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

    [LoggerMessage(Level = LogLevel.Warning, Message = "A line of the agent was longer than 64 MiB and was passed over")]
    private partial void LogLineTooLong();

    [LoggerMessage(Level = LogLevel.Warning, Message = "A line of the agent of {Bytes} bytes could not be read and was passed over")]
    private partial void LogNotJson(int bytes);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The agent does not read any more: {Reason}")]
    private partial void LogInputClosed(string reason);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The agent's output broke off")]
    private partial void LogOutputLost(Exception exception);
}
