using System.Buffers.Binary;
using System.Security.Cryptography;

namespace PocketCoder.Daemon.Features.Push;

/// <summary>
/// Message encryption for web push: RFC 8291, on the content coding aes128gcm of RFC 8188, in one record. Only the browser that made the subscription can read it.
/// </summary>
internal static class PushCipher
{
    public const int PointBytes = 65;
    public const int AuthBytes = 16;

    /// <summary>The most that a push service takes (RFC 8030 names 4096 bytes for the body).</summary>
    public const int MaxPlaintext = RecordSize - HeaderBytes - TagBytes - 1;

    private const int RecordSize = 4096;
    private const int SaltBytes = 16;
    private const int HeaderBytes = SaltBytes + 4 + 1 + PointBytes;
    private const int TagBytes = 16;

    /// <summary>Texts of about the same length look alike to who carries them.</summary>
    private const int Step = 512;

    /// <exception cref="CryptographicException">The receiver's key is not a point of the curve.</exception>
    public static byte[] Encrypt(ReadOnlySpan<byte> plaintext, ReadOnlySpan<byte> receiver, ReadOnlySpan<byte> auth)
    {
        using var sender = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        return Encrypt(plaintext, receiver, auth, sender, RandomNumberGenerator.GetBytes(SaltBytes), Padded(plaintext.Length));
    }

    /// <summary>With everything that is random given, and the length of the text with its padding, for the example of the RFC.</summary>
    internal static byte[] Encrypt(ReadOnlySpan<byte> plaintext, ReadOnlySpan<byte> receiver, ReadOnlySpan<byte> auth, ECDiffieHellman sender, ReadOnlySpan<byte> salt, int padded)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(plaintext.Length, MaxPlaintext);
        var own = Point(sender.ExportParameters(includePrivateParameters: false).Q);
        using var theirs = ECDiffieHellman.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = Point(receiver) });
        var shared = sender.DeriveRawSecretAgreement(theirs.PublicKey);
        var keyMaterial = HKDF.DeriveKey(HashAlgorithmName.SHA256, shared, 32, auth.ToArray(), [.. "WebPush: info\0"u8, .. receiver, .. own]);
        var key = HKDF.DeriveKey(HashAlgorithmName.SHA256, keyMaterial, 16, salt.ToArray(), [.. "Content-Encoding: aes128gcm\0"u8]);
        var nonce = HKDF.DeriveKey(HashAlgorithmName.SHA256, keyMaterial, 12, salt.ToArray(), [.. "Content-Encoding: nonce\0"u8]);

        // The delimiter 2 says that this record is the last; zeros after it are padding.
        var text = new byte[padded + 1];
        plaintext.CopyTo(text);
        text[plaintext.Length] = 2;

        var body = new byte[HeaderBytes + text.Length + TagBytes];
        salt.CopyTo(body);
        BinaryPrimitives.WriteUInt32BigEndian(body.AsSpan(SaltBytes), RecordSize);
        body[SaltBytes + 4] = PointBytes;
        own.CopyTo(body, SaltBytes + 5);
        using AesGcm aes = new(key, TagBytes);
        aes.Encrypt(nonce, text, body.AsSpan(HeaderBytes, text.Length), body.AsSpan(HeaderBytes + text.Length));
        return body;
    }

    /// <summary>An uncompressed point as its two numbers.</summary>
    /// <exception cref="CryptographicException">It is not one; whether it lies on the curve is seen when a key is made of it.</exception>
    public static ECPoint Point(ReadOnlySpan<byte> uncompressed) => uncompressed.Length == PointBytes && uncompressed[0] == 4
        ? new ECPoint { X = uncompressed[1..33].ToArray(), Y = uncompressed[33..].ToArray() }
        : throw new CryptographicException("Not an uncompressed point of P-256.");

    private static byte[] Point(ECPoint point) => [4, .. point.X!, .. point.Y!];

    private static int Padded(int length) => Math.Min(MaxPlaintext, (length + Step - 1) / Step * Step);
}
