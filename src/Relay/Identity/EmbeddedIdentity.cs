using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Data.Sqlite;
using PocketCoder.Protocol;
using PocketCoder.Storage;

namespace PocketCoder.Relay.Identity;

/// <summary>
/// The identity of a self-hosted relay, nothing outside needed: one owner; devices join by a one-time code and stay by refresh tokens
/// that change with each use. A spent token that is used again ends its device: somebody has copied it.
/// </summary>
internal sealed class EmbeddedIdentity(Database database, AccessTokens tokens, string ownerId, TimeProvider time)
{
    /// <summary>One answer for every failure, so that a caller learns nothing from it.</summary>
    public static RequestException Refused() => new(ErrorCode.Unauthorized, "That did not work. Pair this device again: pocketcoder pair prints a new link.");

    public string OwnerId => ownerId;

    /// <summary>Raised with the device's id when it is revoked.</summary>
    public event Action<string>? Revoked;

    public static async Task<EmbeddedIdentity> OpenAsync(Database database, TimeProvider time)
    {
        var tokens = await AccessTokens.OpenAsync(database, time);
        var owner = await database.WriteAsync(connection =>
        {
            connection.Execute("INSERT INTO account SELECT $1 WHERE NOT EXISTS (SELECT 1 FROM account)", $"user_{Guid.NewGuid():N}");
            return connection.Query("SELECT user_id FROM account", row => row.GetString(0))[0];
        });
        return new EmbeddedIdentity(database, tokens, owner, time);
    }

    /// <summary>Makes a code of 128 random bits.</summary>
    public async Task<PairingCodeCreateResponse> CreatePairingCodeAsync(string userId)
    {
        // One that begins with a dash would be an option where somebody pastes it behind a command.
        string code;
        do
        {
            code = Random128();
        }
        while (code[0] == '-');

        var expiresAt = time.GetUtcNow() + Limits.PairingCode;
        await database.WriteAsync(connection =>
        {
            connection.Execute("DELETE FROM pairing_codes WHERE expires_at < $1", time.GetUtcNow());
            connection.Execute("INSERT INTO pairing_codes VALUES ($1, $2, $3)", Hash(code), userId, expiresAt);
        });
        return new PairingCodeCreateResponse(code, expiresAt);
    }

    /// <summary>Trades a pairing code for the tokens of a new device.</summary>
    public async Task<AuthExchangeResponse> ExchangeAsync(AuthExchangeRequest request)
    {
        var grant = await database.WriteAsync(connection =>
        {
            // Deleting is what makes it one use: of two exchanges at once only one finds the row.
            var users = connection.Query("DELETE FROM pairing_codes WHERE hash = $1 AND expires_at > $2 RETURNING user_id",
                row => row.GetString(0), Hash(request.Code), time.GetUtcNow());
            return users is [var userId] ? Enrol(connection, userId, name: null) : null;
        });
        return grant is null ? throw Refused() : Response(grant);
    }

    /// <summary>Enrols a daemon on the relay's own machine, without a code.</summary>
    public async Task<AuthExchangeResponse> EnrolLocalAsync(string name) =>
        Response(await database.WriteAsync(connection => Enrol(connection, ownerId, name)));

    /// <summary>
    /// Trades a refresh token for the next. A client that lost the answer on the way may ask again with the same <c>attempt</c>;
    /// anybody else who shows a spent token ends the family.
    /// </summary>
    public async Task<TokenRefreshResponse> RefreshAsync(TokenRefreshRequest request)
    {
        string? revoked = null;
        var grant = await database.WriteAsync(connection =>
        {
            var now = time.GetUtcNow();
            var found = connection.Query("""
                SELECT t.device_id, d.user_id, t.expires_at, t.spent_at, t.attempt, d.revoked_at
                FROM refresh_tokens t JOIN devices d USING (device_id) WHERE t.hash = $1
                """,
                row => new
                {
                    DeviceId = row.GetString(0),
                    UserId = row.GetString(1),
                    ExpiresAt = row.Time(2),
                    SpentAt = row.NullableTime(3),
                    Attempt = row.NullableString(4),
                    Revoked = !row.IsDBNull(5),
                },
                Hash(request.RefreshToken));
            if (found is not [var token] || token.Revoked || token.ExpiresAt <= now)
            {
                return null;
            }

            if (token.SpentAt is { } spentAt)
            {
                var retry = token.Attempt is not null && token.Attempt == request.Attempt && now - spentAt < Limits.RefreshRetry;
                if (!retry)
                {
                    revoked = Revoke(connection, token.DeviceId);
                    return null;
                }

                // The successor went astray with the lost answer.
                connection.Execute("DELETE FROM refresh_tokens WHERE device_id = $1 AND spent_at IS NULL", token.DeviceId);
            }

            connection.Execute("UPDATE refresh_tokens SET spent_at = $2, attempt = $3 WHERE hash = $1", Hash(request.RefreshToken), now, request.Attempt);
            connection.Execute("DELETE FROM refresh_tokens WHERE expires_at < $1", now);
            connection.Execute("UPDATE devices SET last_seen_at = $2 WHERE device_id = $1", token.DeviceId, now);
            return Issue(connection, token.DeviceId, token.UserId);
        });

        if (revoked is not null)
        {
            Announce(revoked);
        }

        return grant is null ? throw Refused() : new TokenRefreshResponse(grant.Access.Token, grant.Refresh, grant.Access.ExpiresAt.ToUnixTimeSeconds(), grant.UserId);
    }

    /// <summary>Who this access token speaks for; null when it is not good, or its device was revoked.</summary>
    public async Task<AccessGrant?> VerifyAsync(string token)
    {
        if (await tokens.VerifyAsync(token) is not { } grant)
        {
            return null;
        }

        return IsActive(grant) ? grant : null;
    }

    /// <summary>False once the device was revoked.</summary>
    public bool IsActive(AccessGrant grant) => database.Read(connection => connection.QueryInt64(
        "SELECT count(*) FROM devices WHERE device_id = $1 AND user_id = $2 AND revoked_at IS NULL", grant.DeviceId, grant.UserId)) == 1;

    /// <summary>Notes that a device registered, what it calls itself (null: as before) and which machine it is.</summary>
    public Task SeenAsync(string deviceId, string? name, string? machineKey) => database.WriteAsync(connection => connection.Execute(
        "UPDATE devices SET name = coalesce($2, name), machine_key = $3, last_seen_at = $4 WHERE device_id = $1", deviceId, name, machineKey, time.GetUtcNow()));

    public IReadOnlyList<DeviceEntry> DevicesOf(string userId, string asker, Func<string, bool> isConnected) => database.Read(connection => connection.Query("""
        SELECT device_id, created_at, last_seen_at, name, machine_key FROM devices
        WHERE user_id = $1 AND revoked_at IS NULL ORDER BY last_seen_at DESC, device_id
        """,
        row => new DeviceEntry(row.GetString(0), row.Time(1), row.Time(2), isConnected(row.GetString(0)), row.GetString(0) == asker)
        {
            Name = row.NullableString(3),
            MachineKey = row.NullableString(4),
        },
        userId));

    /// <summary>
    /// Takes a device's rights away; its id, or null when the user has no such device. <see cref="Announce"/> is what closes its connections.
    /// </summary>
    public Task<string?> RevokeAsync(string userId, string deviceId) => database.WriteAsync(connection =>
        connection.QueryInt64("SELECT count(*) FROM devices WHERE device_id = $1 AND user_id = $2 AND revoked_at IS NULL", deviceId, userId) == 1
            ? Revoke(connection, deviceId)
            : null);

    /// <summary>The same for the device that a refresh token belongs to, spent or not.</summary>
    public Task<string?> RevokeAsync(TokenRevokeRequest request) => database.WriteAsync(connection =>
        connection.Query("SELECT device_id FROM refresh_tokens WHERE hash = $1", row => row.GetString(0), Hash(request.RefreshToken)) is [var deviceId]
            ? Revoke(connection, deviceId)
            : null);

    public void Announce(string revokedDeviceId) => Revoked?.Invoke(revokedDeviceId);

    private sealed record Grant(string UserId, string DeviceId, SignedToken Access, string Refresh);

    private Grant Enrol(SqliteConnection connection, string userId, string? name)
    {
        var deviceId = $"dev_{Guid.NewGuid():N}";
        connection.Execute("INSERT INTO devices (device_id, user_id, name, created_at, last_seen_at) VALUES ($1, $2, $3, $4, $4)",
            deviceId, userId, name, time.GetUtcNow());
        return Issue(connection, deviceId, userId);
    }

    private Grant Issue(SqliteConnection connection, string deviceId, string userId)
    {
        var refresh = Random128() + Random128();
        connection.Execute("INSERT INTO refresh_tokens (hash, device_id, expires_at) VALUES ($1, $2, $3)",
            Hash(refresh), deviceId, time.GetUtcNow() + Limits.RefreshToken);
        return new Grant(userId, deviceId, tokens.Sign(userId, deviceId), refresh);
    }

    private string Revoke(SqliteConnection connection, string deviceId)
    {
        connection.Execute("UPDATE devices SET revoked_at = $2 WHERE device_id = $1", deviceId, time.GetUtcNow());
        connection.Execute("DELETE FROM refresh_tokens WHERE device_id = $1", deviceId);
        return deviceId;
    }

    private static AuthExchangeResponse Response(Grant grant) =>
        new(grant.Access.Token, grant.Refresh, grant.Access.ExpiresAt.ToUnixTimeSeconds(), grant.UserId);

    private static string Random128() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));

    private static byte[] Hash(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));
}
