using PocketCoder.Protocol;
using PocketCoder.Relay.Stores;

namespace PocketCoder.Relay.Identity;

/// <summary>
/// The relay's own tokens. A device is a family of refresh tokens: each use makes the next one, and a spent one that is used again ends the device, for
/// somebody has copied it.
/// </summary>
internal sealed class RefreshFamilies(IRefreshTokenStore store, AccessTokens tokens, Devices devices)
{
    private const char Separator = '.';

    /// <summary>Tokens for a new device of the user.</summary>
    public async Task<AuthExchangeResponse> EnrolAsync(string userId, string? name)
    {
        var (deviceId, refresh) = ($"dev_{Guid.NewGuid():N}", NextOf(Secrets.Random256()));
        await store.EnrolAsync(userId, deviceId, name, SecretOf(refresh));
        var access = await tokens.SignAsync(userId, deviceId);
        return new AuthExchangeResponse(access.Token, refresh, access.ExpiresAt.ToUnixTimeSeconds(), userId);
    }

    /// <summary>
    /// Trades a refresh token for the next. A client that lost the answer on the way may ask again with the same <c>attempt</c>, until somebody uses the
    /// token that it led to; anybody else who shows a spent token ends the family, and so does who shows one whose answer was taken for lost.
    /// </summary>
    public async Task<TokenRefreshResponse> RefreshAsync(TokenRefreshRequest request)
    {
        var refresh = NextOf(FamilyOf(request.RefreshToken));
        var outcome = await store.TradeAsync(SecretOf(request.RefreshToken), SecretOf(refresh), request.Attempt);
        if (outcome is { Ended: true })
        {
            devices.Announce(outcome.DeviceId);
        }

        if (outcome is not { Ended: false })
        {
            throw Refusals.Identity.ToException();
        }

        var access = await tokens.SignAsync(outcome.UserId, outcome.DeviceId);
        return new TokenRefreshResponse(access.Token, refresh, access.ExpiresAt.ToUnixTimeSeconds(), outcome.UserId);
    }

    /// <summary>What a store keeps of a token, whoever issued it.</summary>
    public static RefreshSecret SecretOf(string token) => new(Secrets.Hash(FamilyOf(token)), Secrets.Hash(token));

    private static string NextOf(string family) => $"{family}{Separator}{Secrets.Random256()}";

    // Older relays made tokens without a family's part.
    private static string FamilyOf(string token) => token.IndexOf(Separator, StringComparison.Ordinal) is > 0 and var end ? token[..end] : token;
}
