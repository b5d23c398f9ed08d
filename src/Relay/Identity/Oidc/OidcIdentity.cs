using PocketCoder.Protocol;

namespace PocketCoder.Relay.Identity.Oidc;

/// <summary>Users of an OpenID provider, one account for each issuer and subject. After the sign-in the tokens are the relay's own, as are devices and codes that pair one more.</summary>
internal sealed class OidcIdentity(OidcSignIn signIn, AccessTokens tokens, RefreshFamilies families, PairingCodes codes, Devices devices) : IIdentity
{
    public AuthMode Mode => AuthMode.Oidc;

    public Devices Devices => devices;

    public ISignIn SignIn => signIn;

    // A pairing code comes without a verifier; a sign-in's never does.
    public async Task<AuthExchangeResponse> ExchangeAsync(AuthExchangeRequest request) =>
        await (request.CodeVerifier is null ? codes.TakeAsync(request.Code) : signIn.TakeAsync(request)) is { } userId
            ? await families.EnrolAsync(userId, name: null)
            : throw Refusals.Identity.ToException();

    public Task<TokenRefreshResponse> RefreshAsync(TokenRefreshRequest request) => families.RefreshAsync(request);

    public Task<string?> RevokeAsync(TokenRevokeRequest request) => devices.RevokeByTokenAsync(request.RefreshToken);

    public async Task<AccessGrant?> VerifyAsync(string token) => await tokens.VerifyAsync(token) is { } grant && await devices.IsActiveAsync(grant) ? grant : null;

    public Task<PairingCodeCreateResponse> CreatePairingCodeAsync(string userId, string? maker) => codes.CreateAsync(userId, maker);
}
