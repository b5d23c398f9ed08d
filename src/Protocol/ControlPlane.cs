using System.Text.Json.Serialization;

namespace PocketCoder.Protocol;

/// <summary><c>GET /status</c> of the daemon's control plane.</summary>
public sealed record DaemonStatusReport(
    string Version,
    string MachineKey,
    bool LoggedIn,
    RelayStatus Relay,
    Capabilities Capabilities,
    IReadOnlyList<ProjectStatus> Projects)
{
    public string? Label { get; init; }

    public int? Pid { get; init; }

    /// <summary>Agent sessions with a live process.</summary>
    public int? Agents { get; init; }

    public DateTimeOffset? StartedAt { get; init; }
}

public sealed record RelayStatus(
    bool Connected,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] DateTimeOffset? LastConnectedAt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] DateTimeOffset? LastHeartbeatAt)
{
    /// <summary>The address for phones.</summary>
    public string? Url { get; init; }

    /// <summary>The address that the daemon dials.</summary>
    public string? Gateway { get; init; }

    /// <summary>How long the last round trip through the relay took, in milliseconds.</summary>
    public double? RoundTripMs { get; init; }
}

public sealed record ProjectStatus(string ProjectId, string Name, string Path, bool WatcherRunning, long LastFsSeq);

/// <summary><c>GET</c> and <c>POST /machine-label</c>.</summary>
public sealed record MachineLabel(string Label);

/// <summary><c>POST /projects</c>: registers a directory.</summary>
public sealed record AddProject(string Path);

/// <summary><c>POST /pair</c>: a new one-time link.</summary>
public sealed record PairingLink(string PairUrl, string PairCode, DateTimeOffset ExpiresAt);

/// <summary><c>POST /logout</c>: the tokens are gone; whether the relay could be told so.</summary>
public sealed record LogoutReport(bool RelayTold);

/// <summary>One line of <c>pocketcoder doctor --json</c>; <c>action</c> says what to do about it.</summary>
public sealed record DoctorCheck(string Check, CheckState State, string Message, string? Action = null);

[JsonConverter(typeof(JsonStringEnumConverter<CheckState>))]
public enum CheckState
{
    [JsonStringEnumMemberName("ok")] Ok,
    [JsonStringEnumMemberName("warning")] Warning,
    [JsonStringEnumMemberName("failed")] Failed,
}

/// <summary>What the control plane says when it refuses.</summary>
public sealed record ControlPlaneError(string Error);

/// <summary>Where the control plane listens and what it wants to see, in a 0600 file of the config directory.</summary>
public sealed record ControlPlaneAddress(string Url, string Token, int Pid);

/// <summary>What <c>pocketcoder up --json</c> prints when it is ready.</summary>
public sealed record UpReady(
    string Url,
    string PairUrl,
    string PairCode,
    string MachineKey,
    string ControlPlane,
    IReadOnlyList<ReadyProject> Projects);

public sealed record ReadyProject(string ProjectId, string Path);

/// <summary>What <c>pocketcoder relay --json</c> prints when it is ready.</summary>
public sealed record RelayReady(string Url, AuthMode AuthMode, string? PairUrl, string? PairCode);

/// <summary><c>auth.json</c> in the config directory.</summary>
public sealed record StoredTokens(
    [property: JsonPropertyName("machine_key")] string MachineKey,
    [property: JsonPropertyName("access_token")] string? AccessToken = null,
    [property: JsonPropertyName("refresh_token")] string? RefreshToken = null,
    [property: JsonPropertyName("expires_at")] long? ExpiresAt = null,
    [property: JsonPropertyName("user_id")] string? UserId = null)
{
    /// <summary>The relay that the tokens are of.</summary>
    [JsonPropertyName("gateway")]
    public Uri? Gateway { get; init; }

    /// <summary>Under which name the refresh token is being spent; none: it is not.</summary>
    [JsonPropertyName("attempt")]
    public string? Attempt { get; init; }

    /// <summary>Without the tokens, wherever it is printed.</summary>
    public override string ToString() => $"tokens of {MachineKey} for {Gateway}, {(Attempt is null ? "at rest" : "being refreshed")}";
}

[JsonSerializable(typeof(DaemonStatusReport))]
[JsonSerializable(typeof(MachineLabel))]
[JsonSerializable(typeof(AddProject))]
[JsonSerializable(typeof(ProjectStatus))]
[JsonSerializable(typeof(IReadOnlyList<ProjectStatus>))]
[JsonSerializable(typeof(PairingLink))]
[JsonSerializable(typeof(IReadOnlyList<DeviceEntry>))]
[JsonSerializable(typeof(LogoutReport))]
[JsonSerializable(typeof(IReadOnlyList<DoctorCheck>))]
[JsonSerializable(typeof(ControlPlaneError))]
[JsonSerializable(typeof(ControlPlaneAddress))]
[JsonSerializable(typeof(UpReady))]
[JsonSerializable(typeof(RelayReady))]
[JsonSerializable(typeof(StoredTokens))]
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
internal sealed partial class ControlPlaneJson : JsonSerializerContext;
