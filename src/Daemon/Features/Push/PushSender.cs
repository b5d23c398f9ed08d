using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Buffers.Text;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Push;

internal enum PushOutcome
{
    Sent,

    /// <summary>The push service does not know the subscription any more, or not with this key.</summary>
    Gone,

    /// <summary>It did not take the message, and trying again did not help.</summary>
    Failed,
}

/// <summary>Sends one encrypted message to a push service (RFC 8030): no redirects, no cookies, in bounded time, without reading what is answered.</summary>
internal sealed class PushSender(TimeProvider time, string contact) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan[] Delays = [TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(10)];
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(30);

    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        ConnectTimeout = TimeSpan.FromSeconds(5),
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        MaxResponseHeadersLength = 16,
        MaxConnectionsPerServer = 4,
    })
    {
        Timeout = Patience,
    };

    public async Task<PushOutcome> SendAsync(PushSubscription to, PushNotice notice, CancellationToken cancellationToken)
    {
        var body = PushCipher.Encrypt(PushText.ToJson(notice), to.P256dh, to.Auth);
        for (var attempt = 0; ; attempt++)
        {
            var (outcome, delay) = await TryAsync(to, notice, body, cancellationToken);
            if (outcome is not PushOutcome.Failed || delay is null || attempt == Delays.Length)
            {
                return outcome;
            }

            var wanted = delay > Delays[attempt] ? delay.Value : Delays[attempt];
            await Task.Delay(wanted < LongestDelay ? wanted : LongestDelay, time, cancellationToken);
        }
    }

    public void Dispose() => _http.Dispose();

    /// <summary>What came of it; a failure that may pass says how long to wait at least.</summary>
    private async Task<(PushOutcome Outcome, TimeSpan? Delay)> TryAsync(PushSubscription to, PushNotice notice, byte[] body, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, to.Endpoint) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        request.Content.Headers.ContentEncoding.Add("aes128gcm");
        request.Headers.TryAddWithoutValidation("Authorization", Vapid.Authorization(to.Endpoint, to.VapidPublic, to.VapidPrivate, contact, time.GetUtcNow()));
        request.Headers.Add("TTL", notice.Kind is PushKind.NeedsYou or PushKind.Withdrawn ? "86400" : "14400");
        request.Headers.Add("Urgency", notice.Kind is PushKind.NeedsYou or PushKind.Test ? "high" : "normal");

        // What is still on its way to the phone is replaced: a question that was answered meanwhile never rings.
        request.Headers.Add("Topic", Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(notice.Tag)).AsSpan(0, 16)));
        try
        {
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            return response.StatusCode switch
            {
                >= HttpStatusCode.OK and < HttpStatusCode.MultipleChoices => (PushOutcome.Sent, null),
                HttpStatusCode.NotFound or HttpStatusCode.Gone => (PushOutcome.Gone, null),
                HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError => (PushOutcome.Failed, response.Headers.RetryAfter?.Delta ?? TimeSpan.Zero),
                _ => (PushOutcome.Failed, null),
            };
        }
        catch (Exception ex) when (ex is HttpRequestException || (ex is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return (PushOutcome.Failed, TimeSpan.Zero);
        }
    }
}
