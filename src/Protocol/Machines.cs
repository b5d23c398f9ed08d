using System.Text.Json.Serialization;

namespace PocketCoder.Protocol;

/// <summary>What a machine says of itself. <c>label</c> has at most 64 characters.</summary>
public sealed record MachineInfo(string Label, string Hostname, string Platform, string Arch, string DaemonVersion);

/// <summary>A project as the relay may know it: no path.</summary>
public sealed record RegisteredProject(string ProjectId, string Name);

/// <summary>What the machine can do, and what stands in the way.</summary>
public sealed record Capabilities(bool HasGit, bool HasClaude)
{
    /// <summary>Claude's own session store was found.</summary>
    public bool ClaudeStoreFound { get; init; }

    /// <summary>The agent's version, when it is there.</summary>
    public string? ClaudeVersion { get; init; }

    /// <summary>Sentences about what does not work and what to do about it.</summary>
    public IReadOnlyList<string>? Warnings { get; init; }
}

/// <summary>A daemon presents itself. The same machine registering again replaces its older socket (4409).</summary>
public sealed record DaemonRegisterRequest(
    string MachineKey,
    string Token,
    MachineInfo Machine,
    IReadOnlyList<RegisteredProject> Projects,
    Capabilities Capabilities,
    IReadOnlyList<string>? Features = null) : IRequest<DaemonRegisterResponse>
{
    public static string Type => "daemon_register";
}

public sealed record DaemonRegisterResponse([property: JsonPropertyName("user_id")] string UserId) : IMessage
{
    public static string Type => "daemon_register_response";
}

/// <summary>What a client calls itself in the list of paired devices.</summary>
public sealed record DeviceInfo(string Name);

/// <summary>A client presents itself.</summary>
public sealed record ClientRegisterRequest(string Token, DeviceInfo? Device = null, IReadOnlyList<string>? Features = null) : IRequest<ClientRegisterResponse>
{
    public static string Type => "client_register";
}

public sealed record ClientRegisterResponse(
    [property: JsonPropertyName("user_id")] string UserId,
    string ClientId,
    IReadOnlyList<MachineEntry> Machines) : IMessage
{
    public static string Type => "client_register_response";
}

/// <summary>The user's machines; the relay answers.</summary>
public sealed record MachinesListRequest : IRequest<MachinesListResponse>
{
    public static string Type => "machines_list";
}

public sealed record MachinesListResponse(IReadOnlyList<MachineEntry> Machines) : IMessage
{
    public static string Type => "machines_list_response";
}

public sealed record MachineEntry(
    string MachineKey,
    string Label,
    string Hostname,
    string Platform,
    bool Connected,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] DateTimeOffset? LastSeenAt,
    string DaemonVersion);

/// <summary>
/// Sets what the machine is called, to 1 to 64 characters without control characters; else <c>INVALID_REQUEST</c>. The machine answers, keeps it, and every
/// client of its user is told with <c>daemon_status</c>. Carries no project.
/// </summary>
public sealed record MachineRenameRequest(string Label) : IRequest<MachineRenameResponse>
{
    public static string Type => "machine_rename";
}

/// <summary>The label as it is kept, without white space at its ends.</summary>
public sealed record MachineRenameResponse(string Label) : IMessage
{
    public static string Type => "machine_rename_response";
}

/// <summary>A machine came, went or changed its label or projects; sent to every client of its user.</summary>
public sealed record DaemonStatus(string MachineKey, bool Connected, string Label, [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] DateTimeOffset? LastSeenAt) : IEvent
{
    public static string Type => "daemon_status";
}

/// <summary>The relay tells a daemon that a client's socket is gone, so that it stops sending to it.</summary>
public sealed record ClientDisconnected(string ClientId) : IEvent
{
    public static string Type => "client_disconnected";
}

[JsonSerializable(typeof(DaemonRegisterRequest))]
[JsonSerializable(typeof(DaemonRegisterResponse))]
[JsonSerializable(typeof(ClientRegisterRequest))]
[JsonSerializable(typeof(ClientRegisterResponse))]
[JsonSerializable(typeof(MachinesListRequest))]
[JsonSerializable(typeof(MachinesListResponse))]
[JsonSerializable(typeof(MachineRenameRequest))]
[JsonSerializable(typeof(MachineRenameResponse))]
[JsonSerializable(typeof(DaemonStatus))]
[JsonSerializable(typeof(ClientDisconnected))]
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
internal sealed partial class MachinesJson : JsonSerializerContext;
