using System.Collections.Concurrent;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using PocketCoder.Daemon.Processes;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Agent.Acp;

/// <summary>One process of an agent that speaks the Agent Client Protocol, for one session.</summary>
internal sealed partial class AcpProcess : IAgentTransport
{
    public static readonly StopPolicy Policy = new("TERM", TimeSpan.FromSeconds(5));
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly AcpConnection _rpc;
    private readonly AcpAgent _agent;
    private readonly AgentStart _start;
    private readonly AcpUpdates _updates;
    private readonly AcpSettings _settings = new();
    private readonly Action<IReadOnlyList<AgentCommand>> _commands;
    private readonly Channel<AgentSignal> _signals = Channel.CreateBounded<AgentSignal>(new BoundedChannelOptions(1024) { SingleReader = true });
    private readonly ConcurrentDictionary<string, bool> _questions = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _telling = new(1), _turn = new(1);
    private readonly Task _reading;
    private readonly Task<AcpRefusal?> _ready;
    private readonly Lock _mapping = new();
    private bool _gone, _prompting;
    private volatile bool _cancelled, _replaying;

    public AcpProcess(SupervisedProcess process, AcpAgent agent, AgentStart start, Action<IReadOnlyList<AgentCommand>> commands, ILogger logger)
    {
        (_agent, _start, _commands) = (agent, start, commands);
        (_rpc, _updates) = (new AcpConnection(process, agent, logger), new AcpUpdates(start.Cwd));
        _reading = Task.Run(ReadAllAsync);
        _ready = Task.Run(BeginAsync);
    }

    public ChannelReader<AgentSignal> Signals => _signals.Reader;

    public int ProcessId => _rpc.ProcessId;

    // The protocol has one prompt a turn.
    public bool CanSteer => false;

    /// <summary>Takes the message; an agent that is still coming up, which takes seconds, gets it then.</summary>
    public Task SendAsync(UserInput input, CancellationToken cancellationToken)
    {
        _cancelled = false;
        _ = Task.Run(() => PromptAsync(input), CancellationToken.None);
        return Task.CompletedTask;
    }

    public async Task InterruptAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            _cancelled = true;
            if (!_prompting)
            {
                return;
            }

            // One that does not even read is ended by force; nobody waits for it here.
            var told = _rpc.NotifyAsync("session/cancel", WriteSession);
            await Task.WhenAny(told, Task.Delay(TimeSpan.FromSeconds(1), cancellationToken));
        }
        finally
        {
            _turn.Release();
        }

        foreach (var question in _questions.Keys)
        {
            await WithdrawAsync(question);
        }
    }

    // The protocol knows no tasks beside a turn.
    public Task StopTasksAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task AnswerAsync(PromptAsked prompt, PromptAnswer answer, CancellationToken cancellationToken)
    {
        if (!_questions.TryRemove(prompt.RequestId, out _))
        {
            return;
        }

        var (option, problem) = AcpPrompts.Choose(prompt, answer);
        if (problem is not null)
        {
            // Before what comes of the answer; not awaited, for the session waits for this and must be free to hear.
            _ = TellAsync(Problem("not_carried", problem));
        }

        await _rpc.AnswerAsync(prompt.RequestId, writer => WriteOutcome(writer, option)).WaitAsync(cancellationToken);

        if (!answer.Allow && answer.Interrupt)
        {
            _ = InterruptAsync(CancellationToken.None);
        }
    }

    public async Task<string?> SetModeAsync(PermissionMode mode, CancellationToken cancellationToken) =>
        (await _ready.WaitAsync(cancellationToken) ?? await ChooseModeAsync(mode, cancellationToken))?.Message;

    public async Task<string?> SetModelAsync(string model, CancellationToken cancellationToken) =>
        (await _ready.WaitAsync(cancellationToken) ?? await ChooseModelAsync(model, cancellationToken))?.Message;

    public async Task StopAsync(bool force)
    {
        await _rpc.StopAsync(force);
        await _reading;
    }

    public async ValueTask DisposeAsync()
    {
        await _rpc.StopAsync(force: true);
        await _reading;
        await ((Task)_ready).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _rpc.DisposeAsync();
    }

    private async Task PromptAsync(UserInput input)
    {
        if (await RefusalAsync() is { } refusal)
        {
            await FailAsync(refusal);
            await _rpc.StopAsync(force: true);
            return;
        }

        if (input.Images.Count > 0 && !_takesImages)
        {
            await FailAsync(new AcpRefusal("images", $"{_agent.Title} cannot look at images. Send the message without them."));
            return;
        }

        await _turn.WaitAsync();
        try
        {
            if (!_cancelled)
            {
                _prompting = true;
                _replaying = false;
                await TellAsync(new Happened(new AgentInit(
                    _settings.Model, _start.Cwd, [], AcpSettings.ModeOf(_settings.Mode)?.Name() ?? _start.Mode.Name(), _version, [.. _updates.Commands.Select(c => c.Name)])
                { AgentSessionId = "" }));
                _ = _rpc.AskAsync("session/prompt", writer => WritePrompt(writer, input), EndTurnAsync);
                return;
            }
        }
        finally
        {
            _turn.Release();
        }

        await EndTurnAsync(failure: null);
    }

    private async Task<AcpRefusal?> RefusalAsync()
    {
        try
        {
            return await _ready;
        }
        catch (Exception ex) when (ex is InvalidOperationException or JsonException)
        {
            // Text that JSON can spell and .NET cannot hold.
            return new AcpRefusal("failed", $"{_agent.Title} cannot be understood.");
        }
    }

    // Told to the session as its agent's failure, which ends the turn.
    private async Task FailAsync(AcpRefusal refusal)
    {
        if (refusal.Code != AcpRefusal.Gone)
        {
            await TellAsync(Problem(refusal.Code, refusal.Message, refusal.Action));
            await EndTurnAsync(refusal.Message);
        }
    }

    private async Task EndTurnAsync(AcpAnswer answer)
    {
        _prompting = false;
        _questions.Clear();
        switch (answer.Refusal)
        {
            case null:
                await EndTurnAsync(signals => _updates.End(answer.Result, signals));
                break;
            case { Code: AcpRefusal.NotLoggedIn } refusal:
                await FailAsync(refusal);
                break;
            case { Code: not AcpRefusal.Gone } refusal:
                await EndTurnAsync(_cancelled ? null : refusal.Message);
                break;
        }
    }

    private Task EndTurnAsync(string? failure) => EndTurnAsync(signals => _updates.End(failure, signals));

    private Task EndTurnAsync(Action<List<AgentSignal>> end)
    {
        List<AgentSignal> signals = [];
        lock (_mapping)
        {
            end(signals);
        }

        return TellAsync([.. signals]);
    }

    private async Task ReadAllAsync()
    {
        var exited = await _rpc.ReadAllAsync(HearAsync);
        await TellAsync(exited);
        _signals.Writer.Complete();
    }

    private async Task HearAsync(string? id, string method, JsonElement parameters)
    {
        List<AgentSignal> signals = [];
        switch (method)
        {
            case "session/update" when parameters.Get("update") is { } update && IsOurs(parameters):
                lock (_mapping)
                {
                    Hear(update, signals);
                }

                break;
            case "session/request_permission" when id is not null:
                if (_cancelled || !IsOurs(parameters))
                {
                    await _rpc.AnswerAsync(id, writer => WriteOutcome(writer, option: null));
                    break;
                }

                _questions[id] = true;
                lock (_mapping)
                {
                    _updates.Ask(id, parameters, signals);
                }

                break;
            case "$/cancel_request" when parameters.Get("requestId")?.GetRawText() is { } asked:
                await WithdrawAsync(asked);
                break;
            default:
                if (id is not null)
                {
                    await _rpc.RefuseAsync(id);
                }

                break;
        }

        await TellAsync([.. signals]);
    }

    // What is said of a session before we took its id is said of the one that is beginning.
    private bool IsOurs(JsonElement parameters) => _sessionId.Length == 0 || parameters.Text("sessionId") == _sessionId;

    private void Hear(JsonElement update, List<AgentSignal> signals)
    {
        _settings.Note(update);
        var isCommands = update.Text("sessionUpdate") == "available_commands_update";
        if (!_replaying || isCommands)
        {
            _updates.Map(update, signals);
        }

        if (isCommands)
        {
            _commands(_updates.Commands);
        }
    }

    private async Task WithdrawAsync(string question)
    {
        if (_questions.TryRemove(question, out _))
        {
            _ = _rpc.AnswerAsync(question, writer => WriteOutcome(writer, option: null));
            await TellAsync(new PromptWithdrawn(question));
        }
    }

    // After the end of the agent nothing is told: it would belong to no turn.
    private async Task TellAsync(params AgentSignal[] signals)
    {
        await _telling.WaitAsync();
        try
        {
            foreach (var signal in signals.Where(_ => !_gone))
            {
                _gone = signal is AgentExited;
                await _signals.Writer.WriteAsync(signal);
            }
        }
        finally
        {
            _telling.Release();
        }
    }

    private static Happened Problem(string code, string message, string? action = null) => new(new AgentError(code, message, Action: action) { AgentSessionId = "" });
}
