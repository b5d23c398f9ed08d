using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace PocketCoder.Relay.Identity;

/// <summary>How secrets are made, kept and compared.</summary>
internal static class Secrets
{
    public static string Random128() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));

    public static string Random256() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    /// <summary>What is kept of a secret: a stolen file opens nothing.</summary>
    public static byte[] Hash(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));

    /// <summary>RFC 7636: what a verifier's challenge is with S256.</summary>
    public static string ChallengeOf(string verifier) => Base64Url.EncodeToString(Hash(verifier));

    /// <summary>Takes the same time wherever they differ.</summary>
    public static bool Same(string a, string b) => CryptographicOperations.FixedTimeEquals(Hash(a), Hash(b));
}
