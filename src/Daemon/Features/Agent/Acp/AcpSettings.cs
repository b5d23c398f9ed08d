using System.Text.Json;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Agent.Acp;

/// <summary>The modes and models that a session offers, and how they are asked for.</summary>
internal sealed class AcpSettings
{
    // The agents' own names for what we call by Claude Code's.
    private static readonly (PermissionMode Mode, string[] Ids)[] Names =
    [
        (PermissionMode.Default, ["default"]),
        (PermissionMode.AcceptEdits, ["acceptEdits", "autoEdit", "auto_edit"]),
        (PermissionMode.Plan, ["plan"]),
        (PermissionMode.DontAsk, ["dontAsk"]),
        (PermissionMode.Auto, ["auto"]),
        (PermissionMode.BypassPermissions, ["bypassPermissions", "yolo"]),
    ];

    private HashSet<string> _modes = [];
    private bool _hasModels;
    private string? _modelOption;

    public string Mode { get; private set; } = "";

    public string Model { get; private set; } = "";

    public static PermissionMode? ModeOf(string? id) => Names.Where(name => name.Ids.Contains(id)).Select(name => (PermissionMode?)name.Mode).FirstOrDefault();

    /// <summary>Takes the result of <c>session/new</c>, <c>session/load</c> or <c>session/resume</c>.</summary>
    public void Read(JsonElement session)
    {
        var modes = session.Get("modes");
        _modes = [.. modes.Get("availableModes").Items().Select(mode => mode.Text("id")).OfType<string>()];
        Mode = modes.Text("currentModeId") ?? "";
        _hasModels = session.Get("models").Get("availableModels").Items().Any();
        Model = session.Get("models").Text("currentModelId") ?? "";
        ReadOptions(session);
    }

    /// <summary>Keeps what an update says about them.</summary>
    public void Note(JsonElement update)
    {
        switch (update.Text("sessionUpdate"))
        {
            case "current_mode_update":
                Mode = update.Text("currentModeId") ?? Mode;
                break;
            case "config_option_update":
                ReadOptions(update);
                break;
        }
    }

    /// <summary>The agent's name of a mode; null when it does not offer it.</summary>
    public string? Offered(PermissionMode mode) => Names.First(name => name.Mode == mode).Ids.FirstOrDefault(_modes.Contains);

    public void Took(string? mode, string? model) => (Mode, Model) = (mode ?? Mode, model ?? Model);

    /// <summary>The request that chooses a model; null when the agent leaves no choice.</summary>
    public (string Method, Action<Utf8JsonWriter> Members)? ModelRequest(string model) =>
        _modelOption is { } option ? ("session/set_config_option", writer =>
        {
            writer.WriteString("configId"u8, option);
            writer.WriteString("value"u8, model);
        })
        : _hasModels ? ("session/set_model", writer => writer.WriteString("modelId"u8, model))
        : null;

    private void ReadOptions(JsonElement session)
    {
        if (session.Items("configOptions").FirstOrDefault(option => (option.Text("category") ?? option.Text("id")) == "model") is { ValueKind: JsonValueKind.Object } found
            && found.Text("id") is { } id)
        {
            (_modelOption, Model) = (id, found.Text("currentValue") ?? Model);
        }
    }
}
