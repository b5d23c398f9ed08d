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
/// Trades a refresh token for new tokens. Using a spent one revokes its whole family, unless it repeats an <c>attempt</c> (any random text of the
/// client's) of the last two minutes whose answer was lost on the way.
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

[JsonSerializable(typeof(Connected))]
[JsonSerializable(typeof(AuthExchangeRequest))]
[JsonSerializable(typeof(AuthExchangeResponse))]
[JsonSerializable(typeof(TokenRefreshRequest))]
[JsonSerializable(typeof(TokenRefreshResponse))]
[JsonSerializable(typeof(TokenExpiring))]
[JsonSerializable(typeof(PairingCodeCreateRequest))]
[JsonSerializable(typeof(PairingCodeCreateResponse))]
internal sealed partial class IdentityJson : JsonSerializerContext;
