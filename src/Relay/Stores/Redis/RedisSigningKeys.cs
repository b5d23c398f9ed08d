using System.Globalization;
using StackExchange.Redis;

namespace PocketCoder.Relay.Stores.Redis;

internal sealed class RedisSigningKeys(RedisConnection redis) : ISigningKeyStore
{
    private const string Load = "return redis.call('HGETALL', KEYS[1])";
    private const string Add = "return redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])";
    private const string Remove = "return redis.call('HDEL', KEYS[1], ARGV[1])";

    private static readonly RedisKey[] Keys = [RedisConnection.Key("signing-keys", "")];

    public async Task<IReadOnlyList<StoredSigningKey>> LoadAsync()
    {
        var fields = (string[])(await redis.RunAsync(Load, Keys))!;
        return [.. fields.Chunk(2).Select(pair => KeyOf(pair[0], pair[1].Split(' ')))];
    }

    public Task AddAsync(StoredSigningKey key) => redis.RunAsync(Add, Keys, key.Kid, $"{key.CreatedAt.ToUnixTimeMilliseconds()} {Convert.ToBase64String(key.Pkcs8)}");

    public Task RemoveAsync(string kid) => redis.RunAsync(Remove, Keys, kid);

    private static StoredSigningKey KeyOf(string kid, string[] parts) =>
        new(kid, Convert.FromBase64String(parts[1]), DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(parts[0], CultureInfo.InvariantCulture)));
}
