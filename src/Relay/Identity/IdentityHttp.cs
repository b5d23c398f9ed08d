using System.Text.Json;
using PocketCoder.Protocol;

namespace PocketCoder.Relay.Identity;

/// <summary>Calls to a sign-in service: no redirects, ten seconds, a megabyte, 32 at once. What is no answer is <see cref="Refusals.SignInUnavailable"/>.</summary>
internal sealed class IdentityHttp : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly HttpClient _http;
    private readonly SemaphoreSlim _places = new(32);

    public IdentityHttp(Uri service) => _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = !service.IsLoopback })
    {
        Timeout = Patience,
        MaxResponseContentBufferSize = 1024 * 1024,
    };

    /// <exception cref="RequestException">No answer, or one of a service in trouble.</exception>
    public async Task<(int Status, byte[] Body)> SendAsync(HttpRequestMessage request)
    {
        if (!await _places.WaitAsync(Patience))
        {
            throw Refusals.SignInUnavailable.ToException();
        }

        try
        {
            // What is done with the answer costs signatures: not on the thread that all sockets of a relay wait for.
            using var response = await _http.SendAsync(request).ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            return (int)response.StatusCode is >= 500 or 429
                ? throw Refusals.SignInUnavailable.ToException()
                : ((int)response.StatusCode, await response.Content.ReadAsByteArrayAsync());
        }
        catch (Exception ex) when (ex is HttpRequestException or TaskCanceledException)
        {
            throw new RequestException(Refusals.SignInUnavailable.Code, Refusals.SignInUnavailable.Message, inner: ex);
        }
        finally
        {
            _places.Release();
        }
    }

    /// <summary>The body of a 200.</summary>
    /// <exception cref="RequestException">No answer, or another one.</exception>
    public async Task<byte[]> GetAsync(Uri address)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, address);
        return await SendAsync(request) is (200, var body) ? body : throw Refusals.SignInUnavailable.ToException();
    }

    /// <summary>The texts of a JSON object; null when it is none.</summary>
    public static Dictionary<string, JsonElement>? Read(byte[] body)
    {
        try
        {
            using var document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = 32 });
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? document.RootElement.EnumerateObject().GroupBy(member => member.Name).ToDictionary(members => members.Key, members => members.Last().Value.Clone(), StringComparer.Ordinal)
                : null;
        }
        catch (Exception ex) when (ex is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: half a surrogate pair.
            return null;
        }
    }

    public static string? Text(Dictionary<string, JsonElement> members, string name)
    {
        try
        {
            return members.TryGetValue(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    public void Dispose()
    {
        _http.Dispose();
        _places.Dispose();
    }
}
