using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Relay.Tests.Cluster;

/// <summary>A real Redis for the tests of a class, each with a database of its own.</summary>
public sealed class RedisFixture : IAsyncLifetime
{
    public TestRedis Redis { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Redis = await TestRedis.StartAsync();

    public ValueTask DisposeAsync() => Redis.DisposeAsync();
}

// What holds for a relay with a file holds for one node with Redis, promise by promise.
public sealed class DeviceInRedisTests(RedisFixture fixture) : DeviceTests, IClassFixture<RedisFixture>
{
    protected override string? Redis { get; } = fixture.Redis.NextUrl();
}

public sealed class IdentityInRedisTests(RedisFixture fixture) : IdentityTests, IClassFixture<RedisFixture>
{
    protected override string? Redis { get; } = fixture.Redis.NextUrl();
}

public sealed class SigningKeyInRedisTests(RedisFixture fixture) : SigningKeyTests, IClassFixture<RedisFixture>
{
    protected override string? Redis { get; } = fixture.Redis.NextUrl();
}

public sealed class RoutingInRedisTests(RedisFixture fixture) : RoutingTests, IClassFixture<RedisFixture>
{
    protected override string? Redis { get; } = fixture.Redis.NextUrl();
}

public sealed class SupabaseInRedisTests(RedisFixture fixture) : SupabaseTests, IClassFixture<RedisFixture>
{
    protected override string? Redis { get; } = fixture.Redis.NextUrl();
}

/// <summary>The matrix of all messages, with the client on one node, its machine on another and the stranger's on a third.</summary>
public sealed class TenantOnNodesTests(TenantOnNodesTests.Nodes tenants) : TenantTests(tenants), IClassFixture<TenantOnNodesTests.Nodes>
{
    public sealed class Nodes : Tenants
    {
        private TestRedis _redis = null!;

        protected override async Task<IReadOnlyList<TestRelay>> StartNodesAsync()
        {
            _redis = await TestRedis.StartAsync();
            return [await TestRelay.StartAsync(redis: _redis.Url), await TestRelay.StartAsync(redis: _redis.Url), await TestRelay.StartAsync(redis: _redis.Url)];
        }

        public override async ValueTask DisposeAsync()
        {
            await base.DisposeAsync();
            await _redis.DisposeAsync();
        }
    }
}
