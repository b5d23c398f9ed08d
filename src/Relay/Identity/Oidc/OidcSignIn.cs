using System.Text.Json;
using Microsoft.Extensions.Logging;
using PocketCoder.Protocol;
using PocketCoder.Relay.Stores;

namespace PocketCoder.Relay.Identity.Oidc;

/// <summary>What the code of a sign-in stands for: a user who proved who it is, for the client that began with this challenge.</summary>
internal sealed record SignedIn(string UserId, string CodeChallenge, string RedirectUri);

[System.Text.Json.Serialization.JsonSerializable(typeof(SignedIn))]
internal sealed partial class SignedInJson : System.Text.Json.Serialization.JsonSerializerContext;

/// <summary>
/// The relay as a client of an OpenID provider, with its own PKCE and nonce; and towards the client that began it, a code that is worth something only with
/// the client's own verifier.
/// </summary>
internal sealed partial class OidcSignIn(
    IdentityOptions options, OidcProvider provider, OidcIdTokens idTokens, SignInState states, IOneTimeStore codes, TimeProvider time, ILogger logger) : ISignIn
{
    private readonly OidcAllowList _allowed = new(options.OidcAllow);

    public async Task<Uri> BeginAsync(SignInRequest request, Uri callback)
    {
        SignInFlow flow = new(
            request.RedirectUri.AbsoluteUri, request.State, request.CodeChallenge, Secrets.Random256(), Secrets.Random128(), (time.GetUtcNow() + Limits.SignIn).ToUnixTimeSeconds());
        var authorization = (await provider.MetadataAsync()).Authorization;
        Dictionary<string, string> query = new()
        {
            ["response_type"] = "code",
            ["client_id"] = options.OidcClientId!,
            ["redirect_uri"] = callback.AbsoluteUri,
            ["scope"] = options.OidcScopes,
            ["state"] = await states.SealAsync(flow),
            ["nonce"] = flow.Nonce,
            ["code_challenge"] = Secrets.ChallengeOf(flow.Verifier),
            ["code_challenge_method"] = "S256",
        };
        return new UriBuilder(authorization)
        {
            Query = string.Join('&', [.. authorization.Query.TrimStart('?') is { Length: > 0 } own ? [own] : (string[])[], .. query.Select(p => $"{p.Key}={Uri.EscapeDataString(p.Value)}")]),
        }.Uri;
    }

    public async Task<Uri?> ReturnAsync(SignInReturn returned, Uri callback)
    {
        if (await states.TakeAsync(returned.State) is not { } flow)
        {
            return null;
        }

        try
        {
            return await UserAsync(returned, flow, callback) is { } userId
                ? SignInAnswer.WithCode(flow, await CodeAsync(new SignedIn(userId, flow.CodeChallenge, flow.RedirectUri)))
                : SignInAnswer.WithError(flow, returned.Error);
        }
        catch (RequestException unavailable) when (unavailable.Code == Refusals.SignInUnavailable.Code)
        {
            return SignInAnswer.WithError(flow, "temporarily_unavailable");
        }
    }

    /// <summary>The user, when the code is one of ours and this is the client that began its sign-in.</summary>
    public async Task<string?> TakeAsync(AuthExchangeRequest request) =>
        await codes.TakeAsync(Secrets.Hash(request.Code)) is { } kept && JsonSerializer.Deserialize(kept, SignedInJson.Default.SignedIn) is { } signedIn
        && Secrets.Same(Secrets.ChallengeOf(request.CodeVerifier ?? ""), signedIn.CodeChallenge) && request.RedirectUri == signedIn.RedirectUri
            ? signedIn.UserId
            : null;

    private async Task<string?> UserAsync(SignInReturn returned, SignInFlow flow, Uri callback)
    {
        var metadata = await provider.MetadataAsync();
        if (returned.Code is not { Length: > 0 } code || (returned.Issuer is { } issuer && issuer != metadata.Issuer)
            || await provider.RedeemAsync(code, flow.Verifier, callback) is not { } tokens)
        {
            return null;
        }

        if (await idTokens.ReadAsync(tokens, flow.Nonce, _allowed.NeedsEmail) is not { } user)
        {
            LogBadIdToken();
            return null;
        }

        if (!_allowed.Allows(user))
        {
            LogNotAllowed();
            return null;
        }

        return $"{metadata.Issuer}|{user.Subject}";
    }

    private async Task<string> CodeAsync(SignedIn signedIn)
    {
        var code = Secrets.Random256();
        await codes.PutAsync(Secrets.Hash(code), JsonSerializer.Serialize(signedIn, SignedInJson.Default.SignedIn), time.GetUtcNow() + Limits.SignInCode);
        return code;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "An id token of the sign-in service is not good: its signature, issuer, audience, nonce or time")]
    private partial void LogBadIdToken();

    [LoggerMessage(Level = LogLevel.Information, Message = "Somebody signed in whom the allow-list does not have")]
    private partial void LogNotAllowed();
}
