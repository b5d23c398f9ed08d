using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;

namespace PocketCoder.FakeClaude;

/// <summary>stdin and stdout: sorts what comes in by what it is for, and answers control requests at once, also in mid-turn.</summary>
internal sealed class Pipes
{
    private readonly Stream _stdout = Console.OpenStandardOutput();
    private readonly Lock _writing = new();
    private readonly Channel<JsonObject> _users = Channel.CreateUnbounded<JsonObject>();
    private readonly Channel<JsonObject> _answers = Channel.CreateUnbounded<JsonObject>();
    private readonly Channel<bool> _interrupts = Channel.CreateUnbounded<bool>();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ChannelReader<JsonObject> Users => _users.Reader;

    /// <summary>Decisions about can_use_tool, as the whole control_response.</summary>
    public ChannelReader<JsonObject> Answers => _answers.Reader;

    public ChannelReader<bool> Interrupts => _interrupts.Reader;

    public Task Ended => _ended.Task;

    public void Start(Func<JsonObject, JsonObject> respond) => _ = Task.Run(() => ReadAsync(respond));

    public void Write(JsonNode line) => WriteLine(line.ToJsonString());

    public void WriteLine(string line)
    {
        lock (_writing)
        {
            _stdout.Write(Encoding.UTF8.GetBytes(line + "\n"));
            _stdout.Flush();
        }
    }

    private async Task ReadAsync(Func<JsonObject, JsonObject> respond)
    {
        using StreamReader stdin = new(Console.OpenStandardInput());
        while (await stdin.ReadLineAsync() is { } line)
        {
            if (Parse(line) is not { } message)
            {
                // The real CLI dies of it too.
                await Console.Error.WriteLineAsync("Error parsing streaming input line");
                Environment.Exit(1);
                return;
            }

            Sort(message, respond);
        }

        _users.Writer.Complete();
        _answers.Writer.Complete();
        _interrupts.Writer.Complete();
        _ended.SetResult();
    }

    private void Sort(JsonObject message, Func<JsonObject, JsonObject> respond)
    {
        switch ((string?)message["type"])
        {
            case "user":
                _users.Writer.TryWrite(message);
                break;
            case "control_response":
                _answers.Writer.TryWrite(message);
                break;
            case "control_request":
                var response = respond(message["request"]!.AsObject());
                response["request_id"] = message["request_id"]?.DeepClone();
                Write(new JsonObject { ["type"] = "control_response", ["response"] = response });
                if ((string?)message["request"]!["subtype"] == "interrupt")
                {
                    _interrupts.Writer.TryWrite(true);
                }

                break;
        }
    }

    private static JsonObject? Parse(string line)
    {
        try
        {
            return JsonNode.Parse(line) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
