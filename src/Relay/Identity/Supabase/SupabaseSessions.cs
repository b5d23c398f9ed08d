using PocketCoder.Storage;

namespace PocketCoder.Relay.Identity.Supabase;

/// <summary>Which session a refresh token of Supabase's is of, as a hash: so that a device can be ended by a token that Supabase no longer takes.</summary>
internal sealed class SupabaseSessions(Database database, Devices devices, TimeProvider time)
{
    public async Task RememberAsync(AccessGrant grant, string refreshToken)
    {
        await devices.SeenTokenAsync(grant);
        await database.WriteAsync(connection =>
        {
            connection.Execute("DELETE FROM refresh_tokens WHERE expires_at < $1", time.GetUtcNow());
            connection.Execute("INSERT INTO refresh_tokens (hash, device_id, expires_at) VALUES ($1, $2, $3) ON CONFLICT (hash) DO UPDATE SET expires_at = excluded.expires_at",
                Secrets.Hash(refreshToken), grant.DeviceId, time.GetUtcNow() + Limits.RefreshToken);
        });
    }
}
