using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace PocketCoder.TestSupport.Supabase;

/// <summary>Sign-ins under way: a code of five minutes, one use, that wants the verifier of its challenge.</summary>
internal sealed class SupabaseFlows(TimeProvider time)
{
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(5);
    private readonly Dictionary<string, (string User, string Challenge, string Method, DateTimeOffset Begun)> _flows = [];

    /// <summary>What is wrong with a challenge; null when nothing is.</summary>
    public static string? Problem(string challenge, string method) =>
        method is not ("s256" or "plain") ? "PKCE flow requires code_challenge_method and code_challenge"
        : challenge.Length is < 43 or > 128 ? "code challenge has to be between 43 and 128 characters"
        : !challenge.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '~' or '-') ? "code challenge can only contain alphanumeric characters, hyphens, periods, underscores and tildes"
        : null;

    public string Begin(string user, string challenge, string method)
    {
        var code = Guid.NewGuid().ToString();
        lock (_flows)
        {
            _flows[code] = (user, challenge, method, time.GetUtcNow());
        }

        return code;
    }

    public (string? User, string? Error) Redeem(string code, string verifier)
    {
        lock (_flows)
        {
            if (!_flows.TryGetValue(code, out var flow))
            {
                return (null, "flow_state_not_found");
            }

            if (time.GetUtcNow() - flow.Begun > Life)
            {
                return (null, "flow_state_expired");
            }

            var proof = flow.Method == "plain" ? verifier : Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(verifier)));
            if (proof != flow.Challenge)
            {
                return (null, "bad_code_verifier");
            }

            _flows.Remove(code);
            return (flow.User, null);
        }
    }
}
