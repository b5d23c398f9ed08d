using PocketCoder.Protocol;

namespace PocketCoder.Relay.Identity;

/// <summary>How a relay is to know its users; <see cref="Problem"/> says what is wrong with it and what to do.</summary>
public sealed record IdentityOptions(AuthMode Mode)
{
    public static IdentityOptions Embedded { get; } = new(AuthMode.Embedded);

    /// <summary>The project's address, like https://PROJECT.supabase.co; /auth/v1 is below it.</summary>
    public string? SupabaseUrl { get; init; }

    /// <summary>The key that Supabase wants with each call: the publishable (or anon) one.</summary>
    public string? SupabaseKey { get; init; }

    /// <summary>The secret of a project that still signs with HS256.</summary>
    public string? SupabaseJwtSecret { get; init; }

    /// <summary>Where people sign in, as Supabase names it.</summary>
    public string SupabaseProvider { get; init; } = "github";

    public string? OidcIssuer { get; init; }

    public string? OidcClientId { get; init; }

    public string? OidcClientSecret { get; init; }

    public string OidcScopes { get; init; } = "openid email";

    /// <summary>Who may sign in: an address, a @domain, sub:SUBJECT, or * for everybody the provider knows.</summary>
    public IReadOnlyList<string> OidcAllow { get; init; } = [];

    /// <summary>A sentence for the operator; null when nothing is wrong.</summary>
    public string? Problem => Mode switch
    {
        AuthMode.Supabase => SupabaseProblem,
        AuthMode.Oidc => OidcProblem,
        _ => null,
    };

    private string? SupabaseProblem =>
        SupabaseUrl is null ? "The Supabase project is missing. Give its address, like https://PROJECT.supabase.co, with --supabase-url or POCKETCODER_SUPABASE_URL."
        : !IsSecure(SupabaseUrl) ? "The address of the Supabase project must be like https://PROJECT.supabase.co; plain http is taken on this machine only."
        : SupabaseKey is null ? "Supabase's key is missing. Its publishable (or anon) key is in the project's API settings; give it with POCKETCODER_SUPABASE_KEY."
        : SupabaseJwtSecret is { Length: < 32 } ? "POCKETCODER_SUPABASE_JWT_SECRET is shorter than 32 characters, which no secret of Supabase is. Leave it out when the project signs with keys (JWKS)."
        : null;

    private string? OidcProblem =>
        OidcIssuer is null ? "The OpenID provider is missing. Give its issuer, like https://accounts.example.org, with --oidc-issuer or POCKETCODER_OIDC_ISSUER."
        : !IsSecure(OidcIssuer) ? "The issuer must be an address like https://accounts.example.org; plain http is taken on this machine only."
        : OidcClientId is null ? "The client id is missing. Register this relay at the provider, and give its client id with --oidc-client-id or POCKETCODER_OIDC_CLIENT_ID."
        : !OidcScopes.Split(' ').Contains("openid") ? "The scopes must have openid among them."
        : OidcAllow.Count == 0 ? "Nobody is allowed to sign in yet. Say who may, with --oidc-allow or POCKETCODER_OIDC_ALLOW: addresses (ann@example.org), domains (@example.org), sub:SUBJECT, or * for everybody the provider knows."
        : OidcAllow.FirstOrDefault(rule => !IsRule(rule)) is { } bad ? $"\"{bad}\" allows nobody. Give an address (ann@example.org), a domain (@example.org), sub:SUBJECT, or *."
        : null;

    private static bool IsRule(string rule) => rule == "*" || rule.StartsWith("sub:", StringComparison.Ordinal) && rule.Length > 4 || rule.IndexOf('@') is >= 0 and var at && at < rule.Length - 1 && rule.LastIndexOf('@') == at;

    private static bool IsSecure(string address) =>
        Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.UserInfo.Length == 0 && uri.Query.Length == 0 && uri.Fragment.Length == 0
        && (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback));
}

/// <summary>A relay cannot start as it is configured; the message is for its operator.</summary>
public sealed class RelayConfigurationException(string message) : Exception(message);
