using System.Text.Json.Serialization;

namespace PocketCoder.Protocol;

/// <summary>How a relay knows its users.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<AuthMode>))]
public enum AuthMode
{
    [JsonStringEnumMemberName("embedded")] Embedded,
    [JsonStringEnumMemberName("supabase")] Supabase,
    [JsonStringEnumMemberName("oidc")] Oidc,
}

/// <summary>The relay's greeting on every socket.</summary>
public sealed record Connected(int ProtocolVersion, AuthMode AuthMode) : IEvent
{
    public static string Type => "connected";
}

/// <summary>Trades a one-time pairing code (or an OAuth code with its verifier) for tokens. Every failure is <c>UNAUTHORIZED</c>.</summary>
public sealed record AuthExchangeRequest(
    string Code,
    [property: JsonPropertyName("code_verifier")] string? CodeVerifier = null,
    [property: JsonPropertyName("redirect_uri")] string? RedirectUri = null) : IRequest<AuthExchangeResponse>
{
    public static string Type => "auth_exchange";
}

/// <summary>An access token (JWT, minutes), a refresh token (one use, days), the access token's end in Unix seconds.</summary>
public sealed record AuthExchangeResponse(
    [property: JsonPropertyName("access_token")] string AccessToken,
    [property: JsonPropertyName("refresh_token")] string RefreshToken,
    [property: JsonPropertyName("expires_at")] long ExpiresAt,
    [property: JsonPropertyName("user_id")] string UserId) : IMessage
{
    public static string Type => "auth_exchange_response";
}

/// <summary>
/// Trades a refresh token for new tokens. Using a spent one revokes its whole family, unless it repeats the <c>attempt</c> (any random text of the
/// client's) whose answer was lost on the way, and nobody has used that answer.
/// </summary>
public sealed record TokenRefreshRequest(
    [property: JsonPropertyName("refresh_token")] string RefreshToken,
    string? Attempt = null) : IRequest<TokenRefreshResponse>
{
    public static string Type => "token_refresh";
}

/// <summary>The same members as <c>auth_exchange_response</c>.</summary>
public sealed record TokenRefreshResponse(
    [property: JsonPropertyName("access_token")] string AccessToken,
    [property: JsonPropertyName("refresh_token")] string RefreshToken,
    [property: JsonPropertyName("expires_at")] long ExpiresAt,
    [property: JsonPropertyName("user_id")] string UserId) : IMessage
{
    public static string Type => "token_refresh_response";
}

/// <summary>The access token of this socket ends in a minute: refresh, then register again on the same socket.</summary>
public sealed record TokenExpiring([property: JsonPropertyName("expires_at")] long ExpiresAt) : IEvent
{
    public static string Type => "token_expiring";
}

/// <summary>A registered daemon asks the relay for a one-time code that pairs one more device with its user.</summary>
public sealed record PairingCodeCreateRequest : IRequest<PairingCodeCreateResponse>
{
    public static string Type => "pairing_code_create";
}

/// <summary>The code (128 bits, one use) and when it ends.</summary>
public sealed record PairingCodeCreateResponse(string Code, DateTimeOffset ExpiresAt) : IMessage
{
    public static string Type => "pairing_code_create_response";
}

/// <summary>
/// Ends the device that a refresh token belongs to: its tokens and its live connections (4401). Answered alike whether the token was good, spent or
/// invented, so that it tells nothing. May be sent before registration.
/// </summary>
public sealed record TokenRevokeRequest([property: JsonPropertyName("refresh_token")] string RefreshToken) : IRequest<TokenRevokeResponse>
{
    public static string Type => "token_revoke";
}

public sealed record TokenRevokeResponse : IMessage
{
    public static string Type => "token_revoke_response";
}

/// <summary>The devices that may act for the asker's user, the latest seen first; the relay answers, to daemons and clients alike.</summary>
public sealed record DevicesListRequest : IRequest<DevicesListResponse>
{
    public static string Type => "devices_list";
}

public sealed record DevicesListResponse(IReadOnlyList<DeviceEntry> Devices) : IMessage
{
    public static string Type => "devices_list_response";
}

/// <summary>One paired device. <c>current</c>: it is the one that asks.</summary>
public sealed record DeviceEntry(string DeviceId, DateTimeOffset CreatedAt, DateTimeOffset LastSeenAt, bool Connected, bool Current)
{
    /// <summary>What it calls itself; for a machine its label. Absent until it first registered.</summary>
    public string? Name { get; init; }

    /// <summary>Set when the device is a machine with a daemon.</summary>
    public string? MachineKey { get; init; }
}

/// <summary>
/// Ends a device of the asker's user: its tokens and its live connections (4401). <c>NOT_FOUND</c> for one that does not exist, was revoked
/// already or is somebody else's.
/// </summary>
public sealed record DeviceRevokeRequest(string DeviceId) : IRequest<DeviceRevokeResponse>
{
    public static string Type => "device_revoke";
}

public sealed record DeviceRevokeResponse : IMessage
{
    public static string Type => "device_revoke_response";
}

[JsonSerializable(typeof(Connected))]
[JsonSerializable(typeof(AuthExchangeRequest))]
[JsonSerializable(typeof(AuthExchangeResponse))]
[JsonSerializable(typeof(TokenRefreshRequest))]
[JsonSerializable(typeof(TokenRefreshResponse))]
[JsonSerializable(typeof(TokenExpiring))]
[JsonSerializable(typeof(PairingCodeCreateRequest))]
[JsonSerializable(typeof(PairingCodeCreateResponse))]
[JsonSerializable(typeof(TokenRevokeRequest))]
[JsonSerializable(typeof(TokenRevokeResponse))]
[JsonSerializable(typeof(DevicesListRequest))]
[JsonSerializable(typeof(DevicesListResponse))]
[JsonSerializable(typeof(DeviceRevokeRequest))]
[JsonSerializable(typeof(DeviceRevokeResponse))]
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
internal sealed partial class IdentityJson : JsonSerializerContext;
