using System.Text.Json;
using PocketCoder.Protocol;
using PocketCoder.Storage;

namespace PocketCoder.Daemon.Features.Push;

/// <summary>One browser that wants to be told.</summary>
internal sealed record PushSubscription(Uri Endpoint, byte[] P256dh, byte[] Auth, byte[] VapidPublic, byte[] VapidPrivate, string DeviceId, PushWishes Wishes);

/// <summary>The subscriptions: some, and for some time, so that forgotten phones are not told for ever.</summary>
internal sealed class PushStore(Database database, TimeProvider time)
{
    private const int MaxSubscriptions = 16;
    private static readonly TimeSpan KeptFor = TimeSpan.FromDays(30);

    public IReadOnlyList<PushSubscription> All() => database.Read(connection => connection.Query(
        "SELECT endpoint, p256dh, auth, vapid_public, vapid_private, device_id, wishes FROM push_subscriptions WHERE seen_at > $1 ORDER BY seen_at DESC",
        row => new PushSubscription(
            new Uri(row.GetString(0)), row.GetFieldValue<byte[]>(1), row.GetFieldValue<byte[]>(2), row.GetFieldValue<byte[]>(3), row.GetFieldValue<byte[]>(4), row.GetString(5),
            JsonSerializer.Deserialize(row.GetFieldValue<byte[]>(6), ProtocolJson.For<PushWishes>())!),
        time.GetUtcNow() - KeptFor));

    /// <summary>Keeps one, in place of what was kept of its endpoint, and of the device's earlier endpoint; beyond the limit the one that was seen longest ago goes.</summary>
    public Task SaveAsync(PushSubscription subscription) => database.WriteAsync(connection =>
    {
        connection.Execute("DELETE FROM push_subscriptions WHERE endpoint = $1 OR device_id = $2", subscription.Endpoint.AbsoluteUri, subscription.DeviceId);
        connection.Execute("INSERT INTO push_subscriptions VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            subscription.Endpoint.AbsoluteUri, subscription.P256dh, subscription.Auth, subscription.VapidPublic, subscription.VapidPrivate, subscription.DeviceId,
            JsonSerializer.SerializeToUtf8Bytes(subscription.Wishes, ProtocolJson.For<PushWishes>()), time.GetUtcNow());
        return connection.Execute("""
            DELETE FROM push_subscriptions WHERE endpoint NOT IN (SELECT endpoint FROM push_subscriptions ORDER BY seen_at DESC, rowid DESC LIMIT $1)
            """, MaxSubscriptions);
    });

    public Task ForgetAsync(Uri endpoint) => database.WriteAsync(connection => connection.Execute(
        "DELETE FROM push_subscriptions WHERE endpoint = $1", endpoint.AbsoluteUri));

    public Task CleanAsync() => database.WriteAsync(connection => connection.Execute(
        "DELETE FROM push_subscriptions WHERE seen_at <= $1", time.GetUtcNow() - KeptFor));
}
