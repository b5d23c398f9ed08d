using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using PocketCoder.TestSupport;

namespace PocketCoder.Daemon.Tests.Features;

/// <summary>A push service on this machine, and the browser behind it: it checks the sender's signature and decrypts what arrives with the subscriber's keys.</summary>
internal sealed class PushService : IAsyncDisposable
{
    private readonly ECDiffieHellman _browser = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
    private readonly ECDsa _vapid = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly byte[] _auth = RandomNumberGenerator.GetBytes(16);
    private readonly Channel<Arrived> _arrived = Channel.CreateUnbounded<Arrived>();
    private readonly WebApplication _app;
    private readonly TimeProvider _time;

    /// <summary>What to answer next; 201 when there is nothing.</summary>
    public Queue<int> Answers { get; } = new();

    private PushService(TimeProvider time)
    {
        _time = time;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        _app = builder.Build();
        _app.Run(TakeAsync);
    }

    internal sealed record Arrived(string Path, IHeaderDictionary Headers, JsonObject Notice, int BodyBytes);

    public static async Task<PushService> StartAsync(TimeProvider time)
    {
        PushService service = new(time);
        await service._app.StartAsync();
        return service;
    }

    public string Endpoint => _app.Urls.Single() + "/push/one";

    /// <summary>The payload of a <c>push_subscribe</c>.</summary>
    public JsonObject Subscription(string deviceId, JsonObject? wishes = null)
    {
        var vapid = _vapid.ExportParameters(includePrivateParameters: true);
        return new JsonObject
        {
            ["endpoint"] = Endpoint,
            ["p256dh"] = Base64Url.EncodeToString(Point(_browser.ExportParameters(false).Q)),
            ["auth"] = Base64Url.EncodeToString(_auth),
            ["vapid"] = new JsonObject { ["publicKey"] = Base64Url.EncodeToString(Point(vapid.Q)), ["privateKey"] = Base64Url.EncodeToString(vapid.D) },
            ["deviceId"] = deviceId,
            ["wishes"] = wishes ?? new JsonObject { ["needsYou"] = true, ["finished"] = true, ["failed"] = true },
        };
    }

    public async Task<Arrived> NextAsync() => await _arrived.Reader.ReadAsync().AsTask().WaitAsync(TestClient.Patience);

    public bool IsEmpty => _arrived.Reader.Count == 0;

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _browser.Dispose();
        _vapid.Dispose();
    }

    private async Task TakeAsync(HttpContext context)
    {
        using MemoryStream body = new();
        await context.Request.Body.CopyToAsync(body);
        var notice = JsonNode.Parse(Decrypt(body.ToArray()))!.AsObject();
        CheckSignature(context.Request.Headers.Authorization.ToString());
        var status = Answers.TryDequeue(out var next) ? next : StatusCodes.Status201Created;
        context.Response.StatusCode = status;
        if (status is StatusCodes.Status302Found)
        {
            context.Response.Headers.Location = _app.Urls.Single() + "/elsewhere";
        }

        _arrived.Writer.TryWrite(new Arrived(context.Request.Path, new HeaderDictionary(context.Request.Headers.ToDictionary()), notice, (int)body.Length));
    }

    private string Decrypt(byte[] body)
    {
        var (salt, sender) = (body[..16], body[21..86]);
        using var theirs = ECDiffieHellman.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new ECPoint { X = sender[1..33], Y = sender[33..] } });
        var own = Point(_browser.ExportParameters(false).Q);
        var material = HKDF.DeriveKey(HashAlgorithmName.SHA256, _browser.DeriveRawSecretAgreement(theirs.PublicKey), 32, _auth, [.. "WebPush: info\0"u8, .. own, .. sender]);
        using AesGcm aes = new(HKDF.DeriveKey(HashAlgorithmName.SHA256, material, 16, salt, [.. "Content-Encoding: aes128gcm\0"u8]), 16);
        var text = new byte[body.Length - 86 - 16];
        aes.Decrypt(HKDF.DeriveKey(HashAlgorithmName.SHA256, material, 12, salt, [.. "Content-Encoding: nonce\0"u8]), body.AsSpan(86, text.Length), body.AsSpan(86 + text.Length), text);
        var end = text.AsSpan().LastIndexOf((byte)2);
        return Encoding.UTF8.GetString(text.AsSpan(0, end));
    }

    private void CheckSignature(string authorization)
    {
        var parts = authorization["vapid t=".Length..].Split(", k=");
        var token = parts[0].Split('.');
        var claims = JsonNode.Parse(Base64Url.DecodeFromChars(token[1]))!;
        var signed = _vapid.VerifyData(Encoding.ASCII.GetBytes($"{token[0]}.{token[1]}"), Base64Url.DecodeFromChars(token[2]), HashAlgorithmName.SHA256);
        if (!signed || (string?)claims["aud"] != _app.Urls.Single() || parts[1] != Base64Url.EncodeToString(Point(_vapid.ExportParameters(false).Q))
            || (long)claims["exp"]! > _time.GetUtcNow().AddHours(24).ToUnixTimeSeconds() || !((string)claims["sub"]!).StartsWith("https://", StringComparison.Ordinal))
        {
            throw new InvalidOperationException($"A push service would refuse this sender: {authorization}");
        }
    }

    private static byte[] Point(ECPoint point) => [4, .. point.X!, .. point.Y!];
}
