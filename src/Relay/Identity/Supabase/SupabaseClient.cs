using System.Collections.Frozen;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;

namespace PocketCoder.Relay.Identity.Supabase;

internal sealed record SupabaseTokens(string AccessToken, string RefreshToken);

/// <summary>The part of Supabase Auth's HTTP interface that a relay speaks. Nobody else speaks to it: neither daemons nor pages.</summary>
internal sealed partial class SupabaseClient(IdentityOptions options, IdentityHttp http, ILogger logger)
{
    // What is said of a code, a refresh token, its session or its user. Nothing else is a verdict: neither a conflict, nor a word of a proxy.
    private static readonly FrozenSet<string> Verdicts = FrozenSet.Create(StringComparer.Ordinal,
        "refresh_token_not_found", "refresh_token_already_used", "session_not_found", "session_expired", "user_not_found", "user_banned",
        "flow_state_not_found", "flow_state_expired", "bad_code_verifier");

    private readonly Uri _root = new(options.SupabaseUrl!.TrimEnd('/') + "/auth/v1/");

    /// <summary>The <c>iss</c> of its tokens.</summary>
    public string Issuer => _root.AbsoluteUri.TrimEnd('/');

    /// <summary>Where the browser goes; it comes back to <paramref name="redirectTo"/> with a code.</summary>
    public Uri AuthorizeUrl(Uri redirectTo, string codeChallenge) => new(_root,
        $"authorize?provider={Uri.EscapeDataString(options.SupabaseProvider)}&redirect_to={Uri.EscapeDataString(redirectTo.AbsoluteUri)}&code_challenge={Uri.EscapeDataString(codeChallenge)}&code_challenge_method=s256");

    /// <summary>Null when Supabase refuses the code or its verifier.</summary>
    /// <exception cref="Protocol.RequestException">It says neither yes nor no.</exception>
    public Task<SupabaseTokens?> ExchangeAsync(string code, string verifier) =>
        TokensAsync("pkce", new JsonObject { ["auth_code"] = code, ["code_verifier"] = verifier });

    /// <summary>Null when Supabase refuses the token.</summary>
    /// <exception cref="Protocol.RequestException">It says neither yes nor no.</exception>
    public Task<SupabaseTokens?> RefreshAsync(string refreshToken) => TokensAsync("refresh_token", new JsonObject { ["refresh_token"] = refreshToken });

    /// <summary>Ends the session that the access token is of, and no other of its user's.</summary>
    public async Task LogOutAsync(string accessToken)
    {
        using var request = Request(HttpMethod.Post, "logout?scope=local");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", accessToken);
        await http.SendAsync(request);
    }

    public Task<byte[]> KeysAsync() => http.GetAsync(new Uri(_root, ".well-known/jwks.json"));

    private async Task<SupabaseTokens?> TokensAsync(string grantType, JsonObject body)
    {
        using var request = Request(HttpMethod.Post, $"token?grant_type={grantType}");
        request.Content = new StringContent(body.ToJsonString(), mediaType: new MediaTypeHeaderValue("application/json"));
        var (status, answer) = await http.SendAsync(request);
        if (status == 401)
        {
            // The key of the project, not the user's code: whoever asks keeps what it has.
            LogKeyRefused();
            throw Refusals.SignInUnavailable.ToException();
        }

        var said = IdentityHttp.Read(answer) ?? [];
        if (status == 200 && IdentityHttp.Text(said, "access_token") is { } access && IdentityHttp.Text(said, "refresh_token") is { } refresh)
        {
            return new SupabaseTokens(access, refresh);
        }

        if (!IsRefusal(status, said))
        {
            LogNoVerdict(status);
            throw Refusals.SignInUnavailable.ToException();
        }

        return null;
    }

    private static bool IsRefusal(int status, Dictionary<string, JsonElement> said) =>
        status is 400 or 403 && IdentityHttp.Text(said, "error") == "invalid_grant"
        || status is 400 or 403 or 404 && IdentityHttp.Text(said, "error_code") is { } code && Verdicts.Contains(code);

    private HttpRequestMessage Request(HttpMethod method, string path)
    {
        HttpRequestMessage request = new(method, new Uri(_root, path));
        request.Headers.Add("apikey", options.SupabaseKey);
        return request;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Supabase refuses the relay's key. Look at POCKETCODER_SUPABASE_KEY")]
    private partial void LogKeyRefused();

    [LoggerMessage(Level = LogLevel.Warning, Message = "Supabase answers {Status} and neither gives tokens nor refuses them")]
    private partial void LogNoVerdict(int status);
}
