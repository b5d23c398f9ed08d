using PocketCoder.Protocol;
using PocketCoder.Relay.Stores;

namespace PocketCoder.Relay.Identity;

/// <summary>The identity of a self-hosted relay, nothing outside needed: one owner; devices join by a one-time code and stay by refresh tokens.</summary>
internal sealed class EmbeddedIdentity(string ownerId, AccessTokens tokens, RefreshFamilies families, PairingCodes codes, Devices devices) : IIdentity
{
    public AuthMode Mode => AuthMode.Embedded;

    public Devices Devices => devices;

    public ISignIn? SignIn => null;

    public string OwnerId => ownerId;

    /// <summary>The one account of this relay, made at its first start.</summary>
    public static Task<string> OwnerOfAsync(IRelayStore store) => store.OwnerAsync($"user_{Guid.NewGuid():N}");

    public Task<PairingCodeCreateResponse> CreatePairingCodeAsync(string userId, string? maker) => codes.CreateAsync(userId, maker);

    public async Task<AuthExchangeResponse> ExchangeAsync(AuthExchangeRequest request) =>
        await codes.TakeAsync(request.Code) is { } userId ? await families.EnrolAsync(userId, name: null) : throw Refusals.Identity.ToException();

    /// <summary>Enrols a daemon on the relay's own machine, without a code.</summary>
    public Task<AuthExchangeResponse> EnrolLocalAsync(string name) => families.EnrolAsync(ownerId, name);

    public Task<TokenRefreshResponse> RefreshAsync(TokenRefreshRequest request) => families.RefreshAsync(request);

    public Task<string?> RevokeAsync(TokenRevokeRequest request) => devices.RevokeByTokenAsync(request.RefreshToken);

    public async Task<AccessGrant?> VerifyAsync(string token) => await tokens.VerifyAsync(token) is { } grant && await devices.IsActiveAsync(grant) ? grant : null;
}
