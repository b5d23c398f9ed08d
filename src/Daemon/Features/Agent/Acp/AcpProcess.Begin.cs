using System.Text.Json;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Agent.Acp;

// From the agent's first word to a session that takes prompts, and what we write to it.
internal sealed partial class AcpProcess
{
    private const int ProtocolVersion = 1;
    private const int MaxSessionId = 200;

    // An interpreter that was not used for long, a login that is looked up, tools that are started: some agents take many seconds.
    private static readonly TimeSpan BeginPatience = TimeSpan.FromSeconds(60);

    private volatile string _sessionId = "";
    private string _version = "";
    private bool _takesImages;

    /// <summary>Null when the agent is ready, else why it is not.</summary>
    private async Task<AcpRefusal?> BeginAsync()
    {
        var initialized = await AskAsync("initialize", static writer =>
        {
            writer.WriteNumber("protocolVersion"u8, ProtocolVersion);
            writer.WriteStartObject("clientCapabilities"u8);
            writer.WriteStartObject("fs"u8);
            writer.WriteBoolean("readTextFile"u8, false);
            writer.WriteBoolean("writeTextFile"u8, false);
            writer.WriteEndObject();
            writer.WriteBoolean("terminal"u8, false);
            writer.WriteEndObject();
        });
        if (initialized.Refusal is { } refused)
        {
            return refused;
        }

        if (initialized.Result.Number("protocolVersion") != ProtocolVersion)
        {
            return new AcpRefusal("version", $"{_agent.Title} speaks another version of its protocol than PocketCoder. Update both.");
        }

        var capabilities = initialized.Result.Get("agentCapabilities");
        _takesImages = capabilities.Get("promptCapabilities") is { } prompts && prompts.Flag("image");
        _version = initialized.Result.Get("agentInfo").Text("version") ?? "";

        return (_start.Resume ? await ResumeAsync(capabilities) : await NewAsync())
            ?? await ChooseModeAsync(_start.Mode, CancellationToken.None)
            ?? (_start.Model is { } model ? await ChooseModelAsync(model, CancellationToken.None) : null);
    }

    private async Task<AcpRefusal?> NewAsync()
    {
        var session = await AskAsync("session/new", WritePlace);
        if (session.Refusal is { } refused)
        {
            return refused;
        }

        // It becomes part of what marks the process, so it has to be a word.
        if (session.Result.Text("sessionId") is not { Length: > 0 and <= MaxSessionId } id || id.Any(c => char.IsControl(c) || char.IsSurrogate(c)))
        {
            return new AcpRefusal("failed", $"{_agent.Title} began no session.");
        }

        _sessionId = id;
        _settings.Read(session.Result);
        await TellAsync(new AgentIdChanged(id));
        return null;
    }

    private async Task<AcpRefusal?> ResumeAsync(JsonElement? capabilities)
    {
        var method = capabilities.Get("sessionCapabilities").Get("resume") is not null ? "session/resume"
            : capabilities is { } known && known.Flag("loadSession") ? "session/load" : null;
        if (method is not null)
        {
            // What was said is told again while it loads, and with some agents for a while after; it is in our log already. The first prompt ends that.
            _replaying = true;
            _sessionId = _start.AgentId;
            var session = await AskAsync(method, writer =>
            {
                WriteSession(writer);
                WritePlace(writer);
            });
            if (session.Refusal is null)
            {
                _settings.Read(session.Result);
                return null;
            }

            if (session.Refusal.Code is not "failed")
            {
                return session.Refusal;
            }
        }

        await TellAsync(Problem("not_resumed", $"{_agent.Title} cannot resume this session. It does not remember what was said before."));
        return await NewAsync();
    }

    private async Task<AcpRefusal?> ChooseModeAsync(PermissionMode mode, CancellationToken cancellationToken)
    {
        if (_settings.Offered(mode) is not { } id)
        {
            // What has no modes asks as it sees fit, which is what the default means.
            return mode == PermissionMode.Default && _settings.Mode.Length == 0 ? null : new AcpRefusal("mode", $"{_agent.Title} does not offer the mode {mode.Name()} here.");
        }

        // While a session was loaded, also when it has the mode already: its history is over when this is answered.
        if (id == _settings.Mode && !_replaying)
        {
            return null;
        }

        var answer = await _rpc.AskAsync("session/set_mode", writer =>
        {
            WriteSession(writer);
            writer.WriteString("modeId"u8, id);
        }, Patience, cancellationToken);
        if (answer.Refusal is null)
        {
            _settings.Took(id, model: null);
        }

        return answer.Refusal;
    }

    private async Task<AcpRefusal?> ChooseModelAsync(string model, CancellationToken cancellationToken)
    {
        if (model == _settings.Model)
        {
            return null;
        }

        if (_settings.ModelRequest(model) is not { } request)
        {
            return new AcpRefusal("model", $"{_agent.Title} does not let its model be chosen from here.");
        }

        var answer = await _rpc.AskAsync(request.Method, writer =>
        {
            WriteSession(writer);
            request.Members(writer);
        }, Patience, cancellationToken);
        if (answer.Refusal is null)
        {
            _settings.Took(mode: null, model);
        }

        return answer.Refusal;
    }

    private Task<AcpAnswer> AskAsync(string method, Action<Utf8JsonWriter> parameters) => _rpc.AskAsync(method, parameters, BeginPatience, CancellationToken.None);

    private void WriteSession(Utf8JsonWriter writer) => writer.WriteString("sessionId"u8, _sessionId);

    private void WritePlace(Utf8JsonWriter writer)
    {
        writer.WriteString("cwd"u8, _start.Cwd);
        writer.WriteStartArray("mcpServers"u8);
        writer.WriteEndArray();
    }

    private void WritePrompt(Utf8JsonWriter writer, UserInput input)
    {
        WriteSession(writer);
        writer.WriteStartArray("prompt"u8);
        foreach (var image in input.Images)
        {
            writer.WriteStartObject();
            writer.WriteString("type"u8, "image");
            writer.WriteString("mimeType"u8, image.MediaType);
            writer.WriteString("data"u8, image.Data);
            writer.WriteEndObject();
        }

        writer.WriteStartObject();
        writer.WriteString("type"u8, "text");
        writer.WriteString("text"u8, input.Content);
        writer.WriteEndObject();
        writer.WriteEndArray();
    }

    private static void WriteOutcome(Utf8JsonWriter writer, string? option)
    {
        writer.WriteStartObject("outcome"u8);
        writer.WriteString("outcome"u8, option is null ? "cancelled" : "selected");
        if (option is not null)
        {
            writer.WriteString("optionId"u8, option);
        }

        writer.WriteEndObject();
    }
}
