using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Web;

namespace PocketCoder.TestSupport;

/// <summary>A client that signs in, with a browser that follows where it is sent until it lands at the client's own address.</summary>
public sealed class SignInBrowser : IDisposable
{
    private const int MostRedirects = 20;

    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, CookieContainer = new CookieContainer() });

    public string Verifier { get; } = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    public string State { get; } = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));

    public string RedirectUri { get; init; } = "http://127.0.0.1:5999/callback";

    public string Challenge => Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(Verifier)));

    public Uri AuthorizeUrl(Uri relay) => new(relay,
        $"/auth/authorize?redirect_uri={Uri.EscapeDataString(RedirectUri)}&state={State}&code_challenge={Challenge}&code_challenge_method=S256");

    /// <summary>From the relay to wherever people sign in, and back: the query that the client gets.</summary>
    public async Task<Dictionary<string, string>> SignInAsync(Uri relay) => await FollowAsync(AuthorizeUrl(relay));

    public async Task<Dictionary<string, string>> FollowAsync(Uri address)
    {
        for (var i = 0; i < MostRedirects; i++)
        {
            using var response = await _http.GetAsync(address);
            if (response.Headers.Location is not { } location)
            {
                throw new InvalidOperationException($"{address.GetLeftPart(UriPartial.Path)} answered {(int)response.StatusCode}: {await response.Content.ReadAsStringAsync()}");
            }

            address = new Uri(address, location);
            if (address.GetLeftPart(UriPartial.Path) == RedirectUri)
            {
                var query = HttpUtility.ParseQueryString(address.Query);
                return query.AllKeys.ToDictionary(key => key!, key => query[key]!);
            }
        }

        throw new InvalidOperationException("The browser was sent around in circles.");
    }

    public async Task<HttpResponseMessage> GetAsync(Uri address) => await _http.GetAsync(address);

    public JsonObject Exchange(string code) => new() { ["code"] = code, ["code_verifier"] = Verifier, ["redirect_uri"] = RedirectUri };

    /// <summary>The payload of the tokens that a sign-in gives.</summary>
    public async Task<JsonObject> TokensAsync(Uri relay)
    {
        var landed = await SignInAsync(relay);
        await using var client = await TestClient.ConnectAsync(relay);
        return (await client.AskAsync("auth_exchange", Exchange(landed["code"])))["payload"]!.AsObject();
    }

    public void Dispose() => _http.Dispose();
}
