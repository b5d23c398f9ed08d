using PocketCoder.Protocol;

namespace PocketCoder.Relay.Identity;

/// <summary>Whom an access token speaks for, and until when.</summary>
internal sealed record AccessGrant(string UserId, string DeviceId, DateTimeOffset ExpiresAt);

/// <summary>
/// How a relay knows its users; one of three. What fails to prove who it is gets <see cref="Refusals.Identity"/>, whatever the reason; a service outside
/// that does not answer is <see cref="Refusals.SignInUnavailable"/>, which is no verdict and takes nothing from anybody.
/// </summary>
internal interface IIdentity
{
    AuthMode Mode { get; }

    /// <summary>The devices that act for users, whoever signed their tokens.</summary>
    Devices Devices { get; }

    /// <summary>The way through a browser; null where devices are paired with codes alone.</summary>
    ISignIn? SignIn { get; }

    /// <summary>Trades a pairing code, or the code of a sign-in with its verifier, for tokens.</summary>
    Task<AuthExchangeResponse> ExchangeAsync(AuthExchangeRequest request);

    /// <summary>Trades a refresh token for the next.</summary>
    Task<TokenRefreshResponse> RefreshAsync(TokenRefreshRequest request);

    /// <summary>
    /// Takes the rights of the device that a refresh token belongs to; its id, or null when there is none. <see cref="Devices.Announce"/> closes its
    /// connections.
    /// </summary>
    Task<string?> RevokeAsync(TokenRevokeRequest request);

    /// <summary>Who this access token speaks for; null when it is not good, or its device was revoked.</summary>
    Task<AccessGrant?> VerifyAsync(string token);

    /// <summary>Makes a one-time code that pairs one more device with the user. It ends with the device that made it; null: the relay's own console.</summary>
    Task<PairingCodeCreateResponse> CreatePairingCodeAsync(string userId, string? maker);
}

/// <summary>What a client asks for when it opens <c>/auth/authorize</c>; checked already.</summary>
internal sealed record SignInRequest(Uri RedirectUri, string State, string CodeChallenge);

/// <summary>What a browser brings back to <c>/auth/callback</c>.</summary>
internal sealed record SignInReturn(string? Sealed, string? State, string? Code, string? Error, string? Issuer);

/// <summary>Sends a browser to where people sign in, and back to the client that began it with a code.</summary>
internal interface ISignIn
{
    /// <param name="request">What the client wants.</param>
    /// <param name="callback">The relay's own <c>/auth/callback</c>, as the browser reaches it.</param>
    /// <returns>Where the browser goes.</returns>
    Task<Uri> BeginAsync(SignInRequest request, Uri callback);

    /// <returns>Where the browser goes with its code or error; null when this is no return of ours, or one that is too old.</returns>
    Task<Uri?> ReturnAsync(SignInReturn returned, Uri callback);
}
