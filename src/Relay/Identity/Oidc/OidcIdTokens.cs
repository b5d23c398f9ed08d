using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;

namespace PocketCoder.Relay.Identity.Oidc;

/// <summary>Reads who somebody is from an id token that was checked as OpenID Connect Core 3.1.3.7 says.</summary>
internal sealed class OidcIdTokens(string clientId, OidcProvider provider, JsonWebKeys keys, TimeProvider time)
{
    /// <summary>Null when the token is not good, or is not the answer to this sign-in.</summary>
    /// <param name="tokens">What the provider gave for the code.</param>
    /// <param name="nonce">What the sign-in began with.</param>
    /// <param name="withEmail">Ask the provider for the address when the token does not say it.</param>
    public async Task<OidcUser?> ReadAsync(OidcTokens tokens, string nonce, bool withEmail)
    {
        var metadata = await provider.MetadataAsync();
        JwtRules rules = new(metadata.Issuer, clientId, Types: null, Skew: TimeSpan.FromSeconds(30), time);
        if (await Jwt.VerifyAsync(tokens.IdToken, FindAsync, rules) is not { } good
            || good.Text(JwtRegisteredClaimNames.Sub) is not { } subject
            || good.Text(JwtRegisteredClaimNames.Nonce) is not { } said || !Secrets.Same(said, nonce)
            || (good.Audiences.Count() > 1 && good.Text(JwtRegisteredClaimNames.Azp) != clientId))
        {
            return null;
        }

        var email = good.Text("email") is { } address && good.TryGetPayloadValue<bool>("email_verified", out var verified) && verified ? address : null;
        return new OidcUser(subject, email is null && withEmail && tokens.AccessToken is { } access ? await EmailAsync(access, subject) : email);
    }

    private async Task<string?> EmailAsync(string accessToken, string subject) =>
        await provider.UserInfoAsync(accessToken) is { } info && IdentityHttp.Text(info, "sub") == subject
        && info.TryGetValue("email_verified", out var verified) && verified.ValueKind == JsonValueKind.True
            ? IdentityHttp.Text(info, "email")
            : null;

    private async Task<VerificationKey?> FindAsync(string? kid, string algorithm) =>
        JsonWebKeyParser.Algorithms.Contains(algorithm) ? await keys.FindAsync(kid ?? JsonWebKeyParser.Unnamed) : null;
}
