using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace PocketCoder.Daemon.Features.Push;

/// <summary>Who sends, for the push service: RFC 8292. The key is the one that the subscription was made with.</summary>
internal static class Vapid
{
    /// <summary>RFC 8292 allows a day; clocks that differ get their share of it.</summary>
    private static readonly TimeSpan GoodFor = TimeSpan.FromHours(12);

    /// <summary>The value of the Authorization header for this endpoint.</summary>
    /// <param name="contact">Whom the push service may turn to: an https: or mailto: address.</param>
    public static string Authorization(Uri endpoint, byte[] publicKey, byte[] privateKey, string contact, DateTimeOffset now)
    {
        using var key = Key(publicKey, privateKey);
        var audience = endpoint.GetLeftPart(UriPartial.Authority);
        var claims = $$"""{"aud":{{Quote(audience)}},"exp":{{(now + GoodFor).ToUnixTimeSeconds()}},"sub":{{Quote(contact)}}}""";
        var signed = $"{Encode("""{"typ":"JWT","alg":"ES256"}"""u8)}.{Encode(Encoding.UTF8.GetBytes(claims))}";
        var signature = key.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        return $"vapid t={signed}.{Encode(signature)}, k={Encode(publicKey)}";
    }

    /// <exception cref="CryptographicException">The two are not a key pair of P-256.</exception>
    public static ECDsa Key(byte[] publicKey, byte[] privateKey)
    {
        var key = ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = PushCipher.Point(publicKey), D = privateKey });
        var proof = key.SignData(publicKey, HashAlgorithmName.SHA256);
        using var check = ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = PushCipher.Point(publicKey) });
        return check.VerifyData(publicKey, proof, HashAlgorithmName.SHA256) ? key : throw new CryptographicException("The two keys are no pair.");
    }

    private static string Encode(ReadOnlySpan<byte> bytes) => Base64Url.EncodeToString(bytes);

    private static string Quote(string text) => $"\"{JsonEncodedText.Encode(text)}\"";
}
