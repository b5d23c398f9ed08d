using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using PocketCoder.Relay.Stores;

namespace PocketCoder.Relay.Identity;

/// <summary>A sign-in under way: where it goes back to, and what only the relay may know of it.</summary>
internal sealed record SignInFlow(string RedirectUri, string State, string CodeChallenge, string Verifier, string Nonce, long ExpiresAt);

[JsonSerializable(typeof(SignInFlow))]
internal sealed partial class SignInJson : JsonSerializerContext;

/// <summary>
/// Gives a sign-in under way to the browser to carry, encrypted and sealed: nothing is kept for strangers who begin one and never return, and any node that
/// has the relay's keys can go on with it.
/// </summary>
internal sealed class SignInState(SigningKeys keys, IOneTimeStore used, TimeProvider time)
{
    private const int NonceBytes = 12, TagBytes = 16;

    public async Task<string> SealAsync(SignInFlow flow)
    {
        var key = await keys.CurrentAsync();
        var plain = JsonSerializer.SerializeToUtf8Bytes(flow, SignInJson.Default.SignInFlow);
        var result = new byte[NonceBytes + plain.Length + TagBytes];
        RandomNumberGenerator.Fill(result.AsSpan(0, NonceBytes));
        using AesGcm cipher = new(key.SealKey, TagBytes);
        cipher.Encrypt(result.AsSpan(0, NonceBytes), plain, result.AsSpan(NonceBytes, plain.Length), result.AsSpan(NonceBytes + plain.Length));
        return Base64Url.EncodeToString(result);
    }

    /// <summary>Null for anything that this relay did not seal, after ten minutes, and the second time.</summary>
    public async Task<SignInFlow?> TakeAsync(string? text) =>
        (Open(text) ?? await OpenAnewAsync(text)) is { } flow && await used.UseAsync(Secrets.Hash(text!), DateTimeOffset.FromUnixTimeSeconds(flow.ExpiresAt)) ? flow : null;

    // Another node may have sealed it, with a key that this one has not seen.
    private async Task<SignInFlow?> OpenAnewAsync(string? text)
    {
        await keys.ReloadSoonAsync();
        return Open(text);
    }

    private SignInFlow? Open(string? text)
    {
        if (text is null || text.Length > 4096 || !Base64Url.IsValid(text) || Base64Url.DecodeFromChars(text) is not { Length: > NonceBytes + TagBytes } bytes)
        {
            return null;
        }

        return keys.Usable.Select(key => Open(bytes, key.SealKey)).FirstOrDefault(flow => flow is not null) is { } flow && flow.ExpiresAt > time.GetUtcNow().ToUnixTimeSeconds()
            ? flow
            : null;
    }

    private static SignInFlow? Open(byte[] bytes, byte[] key)
    {
        var plain = new byte[bytes.Length - NonceBytes - TagBytes];
        try
        {
            using AesGcm cipher = new(key, TagBytes);
            cipher.Decrypt(bytes.AsSpan(0, NonceBytes), bytes.AsSpan(NonceBytes, plain.Length), bytes.AsSpan(NonceBytes + plain.Length), plain);
            return JsonSerializer.Deserialize(plain, SignInJson.Default.SignInFlow);
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }
}
