using System.Text.Json;
using PocketCoder.Protocol;
using PocketCoder.Storage;

namespace PocketCoder.Daemon.Relay;

/// <summary>
/// <c>auth.json</c>: this machine's key, the tokens it has and of which relay they are, 0600, replaced as a whole. For whoever speaks to
/// <paramref name="gateway"/> the tokens of another relay are none: it must never see them.
/// </summary>
internal sealed class TokenStore(string path, Uri? gateway = null)
{
    public const string DamagedSuffix = ".damaged";

    private readonly Lock _lock = new();

    /// <summary>Keeps other processes of this user from spending, changing or deleting the tokens meanwhile.</summary>
    public Task<TokenFileLock> LockAsync(CancellationToken cancellationToken) => TokenFileLock.TakeAsync(path + ".lock", cancellationToken);

    /// <summary>What is stored; a machine key is made on first use.</summary>
    public StoredTokens Load()
    {
        lock (_lock)
        {
            if (Read() is { } stored)
            {
                return IsOfAnotherRelay(stored) ? Without(stored) : stored;
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
                Attempt = null,
            };
            Write(stored);
            return stored;
        }
    }

    /// <summary>
    /// Under which name to spend the refresh token: a random one, kept before anybody hears of it, so that asking again is known for the same and not taken
    /// for theft.
    /// </summary>
    public string BeginRefresh()
    {
        lock (_lock)
        {
            var stored = Read() ?? throw new InvalidOperationException("There is no refresh token.");
            if (stored.Attempt is { } begun)
            {
                return begun;
            }

            var attempt = Guid.NewGuid().ToString("N");
            Write(stored with { Attempt = attempt });
            return attempt;
        }
    }

    /// <summary>Keeps what a person logged in with. The relay gives a machine key to one account for good, so another account gets another key.</summary>
    public void LogIn(AuthExchangeResponse tokens, Uri gateway)
    {
        lock (_lock)
        {
            var present = Read();
            var machineKey = present is null || (present.UserId ?? tokens.UserId) != tokens.UserId ? Guid.NewGuid().ToString() : present.MachineKey;
            Write(new StoredTokens(machineKey, tokens.AccessToken, tokens.RefreshToken, tokens.ExpiresAt, tokens.UserId) { Gateway = gateway });
        }
    }

    /// <summary>
    /// Forgets the tokens, and says what they were, of whichever relay; whose machine it was, and where, stays, so that it is the same machine after the next
    /// login.
    /// </summary>
    public StoredTokens? LogOut()
    {
        lock (_lock)
        {
            var stored = Read();
            if (stored is not null)
            {
                Write(Without(stored));
            }

            return stored;
        }
    }

    public bool IsOfAnotherRelay(StoredTokens stored) => gateway is not null && stored.Gateway is { } other && !RelayDialer.IsSameRelay(gateway, other);

    /// <summary>What is stored, without making anything; null when nothing is, or it cannot be read.</summary>
    public static StoredTokens? Peek(string path)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), ProtocolJson.For<StoredTokens>());
        }
        catch (Exception ex) when (ex is IOException or JsonException)
        {
            return null;
        }
    }

    private static StoredTokens Without(StoredTokens stored) => stored with { AccessToken = null, RefreshToken = null, ExpiresAt = null, Attempt = null };

    private StoredTokens? Read()
    {
        try
        {
            return File.Exists(path) ? JsonSerializer.Deserialize(File.ReadAllBytes(path), ProtocolJson.For<StoredTokens>()) : null;
        }
        catch (JsonException)
        {
            // Set aside rather than lost: it may hold a key that somebody wants back.
            File.Move(path, path + DamagedSuffix, overwrite: true);
            return null;
        }
    }

    private void Write(StoredTokens tokens) => PrivateFile.WriteAllBytes(path, JsonSerializer.SerializeToUtf8Bytes(tokens, ProtocolJson.For<StoredTokens>()));
}
