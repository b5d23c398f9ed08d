using System.Buffers.Text;
using System.Security.Cryptography;
using PocketCoder.Protocol;
using PocketCoder.Protocol.Messaging;

namespace PocketCoder.Daemon.Features.Push;

/// <summary>Devices say here that, and of what, they want to be told while they look elsewhere.</summary>
internal sealed class PushFeature(PushStore store, PushNotices notices, bool loopback) : IFeature
{
    public void Map(MessageRoutes routes)
    {
        routes.Map<PushSubscribeRequest, PushSubscribeResponse>(SubscribeAsync);
        routes.Map<PushUnsubscribeRequest, PushUnsubscribeResponse>(UnsubscribeAsync);
        routes.Map<PushTestRequest, PushTestResponse>(TestAsync);
    }

    private async Task<PushSubscribeResponse> SubscribeAsync(PushSubscribeRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        await store.SaveAsync(Read(request));
        return new PushSubscribeResponse();
    }

    private async Task<PushUnsubscribeResponse> UnsubscribeAsync(PushUnsubscribeRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        if (Uri.TryCreate(request.Endpoint, UriKind.Absolute, out var endpoint))
        {
            await store.ForgetAsync(endpoint);
        }

        return new PushUnsubscribeResponse();
    }

    private async Task<PushTestResponse> TestAsync(PushTestRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        var subscription = store.All().FirstOrDefault(s => s.Endpoint.AbsoluteUri == request.Endpoint)
            ?? throw new RequestException(ErrorCode.NotFound, "This device is not subscribed on this machine.");
        return await notices.TestAsync(subscription, cancellationToken) switch
        {
            PushOutcome.Sent => new PushTestResponse(),
            PushOutcome.Gone => throw new RequestException(ErrorCode.NotFound, "The push service does not know this device any more. Switch notifications off and on again."),
            _ => throw new RequestException(ErrorCode.UnknownError, "The machine could not reach the push service, or it refused. Check the machine’s connection to the internet."),
        };
    }

    private PushSubscription Read(PushSubscribeRequest request)
    {
        var endpoint = PushEndpoint.Read(request.Endpoint, loopback)
            ?? throw new RequestException(ErrorCode.InvalidRequest, $"This is not the push service of a browser that PocketCoder knows. If it is yours, name its host in {PushEndpoint.MoreHostsVariable} on the machine.");
        if (request.DeviceId.Length is 0 or > 128 || request.Wishes.Quiet is { } quiet && !QuietTime.IsValid(quiet))
        {
            throw new RequestException(ErrorCode.InvalidRequest, "deviceId or the quiet hours are not valid.");
        }

        PushSubscription subscription = new(
            endpoint, Bytes(request.P256dh, PushCipher.PointBytes), Bytes(request.Auth, PushCipher.AuthBytes),
            Bytes(request.Vapid.PublicKey, PushCipher.PointBytes), Bytes(request.Vapid.PrivateKey, 32), request.DeviceId, request.Wishes);
        try
        {
            // Keys that could not be used are told to whoever sends them, not found out when there is something to tell.
            _ = PushCipher.Encrypt([], subscription.P256dh, subscription.Auth);
            Vapid.Key(subscription.VapidPublic, subscription.VapidPrivate).Dispose();
            return subscription;
        }
        catch (CryptographicException)
        {
            throw NotKeys();
        }
    }

    private static byte[] Bytes(string base64Url, int length)
    {
        var bytes = new byte[length];
        return base64Url.Length == Base64Url.GetEncodedLength(length) && Base64Url.TryDecodeFromChars(base64Url, bytes, out var read) && read == length ? bytes : throw NotKeys();
    }

    private static RequestException NotKeys() => new(ErrorCode.InvalidRequest, "The keys of the subscription are not valid.");
}
