using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace PocketCoder.Relay.Identity.Oidc;

/// <summary>What discovery says of a provider.</summary>
internal sealed record OidcMetadata(string Issuer, Uri Authorization, Uri Token, Uri Keys, Uri? UserInfo, bool TakesBasic);

internal sealed record OidcTokens(string IdToken, string? AccessToken);

/// <summary>An OpenID provider over HTTP: discovery (kept for an hour; the last goes on while it is down), the code's exchange, userinfo.</summary>
internal sealed partial class OidcProvider(IdentityOptions options, IdentityHttp http, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan Age = TimeSpan.FromHours(1);

    private volatile OidcMetadata? _metadata;
    private long _readAt;

    /// <exception cref="Protocol.RequestException">It does not answer, and never did.</exception>
    /// <exception cref="RelayConfigurationException">What answers is not that provider.</exception>
    public async Task<OidcMetadata> MetadataAsync()
    {
        if (_metadata is { } known && time.GetElapsedTime(Volatile.Read(ref _readAt)) < Age)
        {
            return known;
        }

        try
        {
            using HttpRequestMessage request = new(HttpMethod.Get, new Uri(options.OidcIssuer!.TrimEnd('/') + "/.well-known/openid-configuration"));
            var (status, body) = await http.SendAsync(request);
            _metadata = status == 200 ? Read(body) : throw Wrong();
            Volatile.Write(ref _readAt, time.GetTimestamp());
            return _metadata;
        }
        catch (Exception ex) when (ex is Protocol.RequestException or RelayConfigurationException && _metadata is { } last)
        {
            LogDiscoveryFailed(ex.Message);
            return last;
        }
    }

    public async Task<byte[]> KeysAsync() => await http.GetAsync((await MetadataAsync()).Keys);

    /// <summary>Null when the provider refuses the code.</summary>
    public async Task<OidcTokens?> RedeemAsync(string code, string verifier, Uri callback)
    {
        var metadata = await MetadataAsync();
        Dictionary<string, string> form = new()
        {
            ["grant_type"] = "authorization_code",
            ["code"] = code,
            ["redirect_uri"] = callback.AbsoluteUri,
            ["code_verifier"] = verifier,
        };
        using HttpRequestMessage request = new(HttpMethod.Post, metadata.Token);
        if (options.OidcClientSecret is { } secret && metadata.TakesBasic)
        {
            var credentials = $"{Uri.EscapeDataString(options.OidcClientId!)}:{Uri.EscapeDataString(secret)}";
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(credentials)));
        }
        else
        {
            form["client_id"] = options.OidcClientId!;
            if (options.OidcClientSecret is { } posted)
            {
                form["client_secret"] = posted;
            }
        }

        request.Content = new FormUrlEncodedContent(form);
        var (status, body) = await http.SendAsync(request);
        if (status == 200 && IdentityHttp.Read(body) is { } tokens && IdentityHttp.Text(tokens, "id_token") is { } idToken)
        {
            return new OidcTokens(idToken, IdentityHttp.Text(tokens, "access_token"));
        }

        LogRefused(status, IdentityHttp.Read(body) is { } error && IdentityHttp.Text(error, "error") is { Length: < 64 } why ? why : "no id_token");
        return null;
    }

    /// <summary>What the provider says of the user beside the id token; null when it says nothing.</summary>
    public async Task<Dictionary<string, JsonElement>?> UserInfoAsync(string accessToken)
    {
        if ((await MetadataAsync()).UserInfo is not { } address)
        {
            return null;
        }

        using HttpRequestMessage request = new(HttpMethod.Get, address);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", accessToken);
        return await http.SendAsync(request) is (200, var body) ? IdentityHttp.Read(body) : null;
    }

    private OidcMetadata Read(byte[] body)
    {
        // The issuer must call itself exactly what the operator does: it is part of every account's name.
        var members = IdentityHttp.Read(body) ?? throw Wrong();
        var issuer = IdentityHttp.Text(members, "issuer");
        if (issuer?.TrimEnd('/') != options.OidcIssuer!.TrimEnd('/') || Address(members, "authorization_endpoint") is not { } authorization
            || Address(members, "token_endpoint") is not { } token || Address(members, "jwks_uri") is not { } keys)
        {
            throw Wrong();
        }

        var methods = members.TryGetValue("token_endpoint_auth_methods_supported", out var list) && list.ValueKind == JsonValueKind.Array
            ? list.EnumerateArray().Where(method => method.ValueKind == JsonValueKind.String).Select(method => method.GetString()).ToList()
            : ["client_secret_basic"];
        return new OidcMetadata(issuer!, authorization, token, keys, Address(members, "userinfo_endpoint"), methods.Contains("client_secret_basic"));
    }

    private static Uri? Address(Dictionary<string, JsonElement> members, string name) =>
        Uri.TryCreate(IdentityHttp.Text(members, name), UriKind.Absolute, out var uri) && (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback)) ? uri : null;

    private RelayConfigurationException Wrong() => new(
        $"{options.OidcIssuer} is not the address of an OpenID provider, or not what it calls itself. Compare it with \"issuer\" in its /.well-known/openid-configuration.");

    [LoggerMessage(Level = LogLevel.Warning, Message = "The sign-in service cannot be asked anew; what it last said goes on: {Reason}")]
    private partial void LogDiscoveryFailed(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The sign-in service refused a code ({Status} {Reason}). If that goes on, look at the client id, its secret and the redirect address that is registered there")]
    private partial void LogRefused(int status, string reason);
}
