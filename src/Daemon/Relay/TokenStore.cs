using System.Text.Json;
using PocketCoder.Protocol;
using PocketCoder.Storage;

namespace PocketCoder.Daemon.Relay;

/// <summary><c>auth.json</c>: this machine's key and the tokens it has, 0600, replaced as a whole.</summary>
internal sealed class TokenStore(string path)
{
    private readonly Lock _lock = new();

    /// <summary>What is stored; a machine key is made on first use.</summary>
    public StoredTokens Load()
    {
        lock (_lock)
        {
            if (Read() is { } stored)
            {
                return stored;
            }

            StoredTokens fresh = new(Guid.NewGuid().ToString());
            Write(fresh);
            return fresh;
        }
    }

    public StoredTokens Save(string accessToken, string refreshToken, long expiresAt, string userId)
    {
        lock (_lock)
        {
            var stored = (Read() ?? new StoredTokens(Guid.NewGuid().ToString())) with
            {
                AccessToken = accessToken,
                RefreshToken = refreshToken,
                ExpiresAt = expiresAt,
                UserId = userId,
            };
            Write(stored);
            return stored;
        }
    }

    private StoredTokens? Read()
    {
        try
        {
            return File.Exists(path) ? JsonSerializer.Deserialize(File.ReadAllBytes(path), ProtocolJson.For<StoredTokens>()) : null;
        }
        catch (JsonException)
        {
            // Set aside rather than lost: it may hold a key that somebody wants back.
            File.Move(path, path + ".damaged", overwrite: true);
            return null;
        }
    }

    private void Write(StoredTokens tokens) => PrivateFile.WriteAllBytes(path, JsonSerializer.SerializeToUtf8Bytes(tokens, ProtocolJson.For<StoredTokens>()));
}
