using PocketCoder.Protocol;
using PocketCoder.Relay.Stores;

namespace PocketCoder.Relay.Identity.Supabase;

/// <summary>
/// Users of a Supabase project, as the reference has them: its tokens, a session of its is a device. What the relay adds is its own list of devices and
/// their revocation, which holds at once and whatever Supabase says.
/// </summary>
internal sealed class SupabaseIdentity(SupabaseClient supabase, SupabaseTokenRules rules, IRefreshTokenStore sessions, SupabaseSignIn signIn, Devices devices) : IIdentity
{
    public AuthMode Mode => AuthMode.Supabase;

    public Devices Devices => devices;

    public ISignIn SignIn => signIn;

    public async Task<AuthExchangeResponse> ExchangeAsync(AuthExchangeRequest request)
    {
        var tokens = request is { Code.Length: > 0, CodeVerifier.Length: > 0 } ? await supabase.ExchangeAsync(request.Code, request.CodeVerifier) : null;
        var (granted, grant) = await AcceptAsync(tokens);
        return new AuthExchangeResponse(granted.AccessToken, granted.RefreshToken, grant.ExpiresAt.ToUnixTimeSeconds(), grant.UserId);
    }

    public async Task<TokenRefreshResponse> RefreshAsync(TokenRefreshRequest request)
    {
        var tokens = request.RefreshToken.Length > 0 ? await supabase.RefreshAsync(request.RefreshToken) : null;
        if (tokens is null && await devices.RevokeByTokenAsync(request.RefreshToken) is { } ended)
        {
            // Supabase has ended the session (a spent token was used again): so have we, also on live connections.
            devices.Announce(ended);
        }

        var (granted, grant) = await AcceptAsync(tokens);
        return new TokenRefreshResponse(granted.AccessToken, granted.RefreshToken, grant.ExpiresAt.ToUnixTimeSeconds(), grant.UserId);
    }

    public async Task<string?> RevokeAsync(TokenRevokeRequest request)
    {
        var revoked = await devices.RevokeByTokenAsync(request.RefreshToken);
        try
        {
            // Supabase ends a session by its access token only.
            if (request.RefreshToken.Length > 0 && await supabase.RefreshAsync(request.RefreshToken) is { } tokens)
            {
                if (revoked is null && await rules.VerifyAsync(tokens.AccessToken) is { } grant)
                {
                    revoked = await devices.RevokeAsync(grant.UserId, grant.DeviceId);
                }

                await supabase.LogOutAsync(tokens.AccessToken);
            }
        }
        catch (RequestException unavailable) when (unavailable.Code == Refusals.SignInUnavailable.Code)
        {
            // Here it is over all the same.
        }

        return revoked;
    }

    public async Task<AccessGrant?> VerifyAsync(string token) => await rules.VerifyAsync(token) is { } grant && !await devices.IsBarredAsync(grant) ? grant : null;

    public Task<PairingCodeCreateResponse> CreatePairingCodeAsync(string userId, string? maker) => throw Refusals.NoPairingCodes.ToException();

    private async Task<(SupabaseTokens Tokens, AccessGrant Grant)> AcceptAsync(SupabaseTokens? tokens)
    {
        if (tokens is null || await rules.VerifyFreshAsync(tokens.AccessToken) is not { } grant || await devices.IsBarredAsync(grant))
        {
            throw Refusals.Identity.ToException();
        }

        // So that a device can be ended by a token that Supabase no longer takes.
        await sessions.RememberAsync(grant.UserId, grant.DeviceId, RefreshFamilies.SecretOf(tokens.RefreshToken));
        return (tokens, grant);
    }
}
