using System.Text;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace PocketCoder.Relay.Identity.Supabase;

/// <summary>
/// Checks Supabase's access tokens without asking it: with the project's public keys, or with the legacy secret. A token signed with the secret (HS256) is
/// checked with the secret alone, every other with the one key it names, so that no public key is ever taken for a secret.
/// </summary>
internal sealed class SupabaseTokenRules(string issuer, string? secret, JsonWebKeys keys, TimeProvider time)
{
    private const string Audience = "authenticated";
    private const string Session = "session_id";

    private readonly JwtRules _rules = new(issuer, Audience, ["JWT"], Skew: TimeSpan.FromSeconds(30), time);
    private readonly VerificationKey? _secret = secret is null ? null
        : new VerificationKey(new SymmetricSecurityKey(Encoding.UTF8.GetBytes(secret)), SecurityAlgorithms.HmacSha256);

    /// <summary>Whom it speaks for: the user, and the session as the device.</summary>
    public async Task<AccessGrant?> VerifyAsync(string token) => await Jwt.VerifyAsync(token, FindAsync, _rules) is { } good ? GrantOf(good) : null;

    /// <summary>
    /// The same for a token that Supabase gave us this moment. Its key may be new, and strangers with invented keys may just have had us look: a device that
    /// is told its new token is bad gives up its login.
    /// </summary>
    /// <exception cref="Protocol.RequestException">It cannot be checked: its key is not published yet, or the clocks differ.</exception>
    public async Task<AccessGrant?> VerifyFreshAsync(string token)
    {
        if (await Jwt.VerifyAsync(token, FindAsync, _rules) is { } good)
        {
            return GrantOf(good);
        }

        await keys.FetchAsync();
        return GrantOf(await Jwt.VerifyAsync(token, FindAsync, _rules) ?? throw Refusals.SignInUnavailable.ToException());
    }

    private static AccessGrant? GrantOf(JsonWebToken good) =>
        good.Text(JwtRegisteredClaimNames.Sub) is { } userId
        && Guid.TryParse(good.Text(Session), out var session)
        && !(good.TryGetPayloadValue<bool>("is_anonymous", out var anonymous) && anonymous)
        && Jwt.EndOf(good) is { } end
            ? new AccessGrant(userId, $"dev_{session:N}", end)
            : null;

    private async Task<VerificationKey?> FindAsync(string? kid, string algorithm) =>
        algorithm == SecurityAlgorithms.HmacSha256 ? _secret
        : kid is null || !JsonWebKeyParser.Algorithms.Contains(algorithm) ? null
        : await keys.FindAsync(kid);
}
