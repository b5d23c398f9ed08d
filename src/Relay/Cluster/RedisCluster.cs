using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using PocketCoder.Protocol;
using PocketCoder.Relay.Routing;
using PocketCoder.Relay.Stores;
using PocketCoder.Relay.Stores.Redis;
using StackExchange.Redis;

namespace PocketCoder.Relay.Cluster;

/// <summary>Where nodes talk of one account: what is said of it here, and how it is heard.</summary>
internal sealed record AccountBus(BusChannel Channel, ChannelMessageQueue Heard);

/// <summary>
/// Many nodes as one relay. Each listens to a channel of its own, and to one of each account that somebody of is connected to it. What goes from one node to
/// another goes through Redis, which keeps nothing of it: what is lost there is known to the sender or to the listener, and then clients are told to look anew.
/// </summary>
internal sealed class RedisCluster : ICluster
{
    private const string ClientPrefix = "cl_";
    private const int NodeLength = 12;

    private readonly RedisConnection _redis;
    private readonly LocalPeers _here;
    private readonly Statuses _statuses;
    private readonly Routes _routes;
    private readonly RelayRates _rates;
    private readonly Presence _presence;
    private readonly BusListener _listener;
    private readonly BusChannel _revoked;
    private readonly ConcurrentDictionary<string, BusChannel> _nodes = new(StringComparer.Ordinal);
    private Heartbeat? _heartbeat;

    public RedisCluster(RedisConnection redis, LocalPeers here, Routes routes, Statuses statuses, RelayRates rates)
    {
        (_redis, _here, _routes, _statuses, _rates) = (redis, here, routes, statuses, rates);
        _presence = new Presence(redis, Node);
        _listener = new BusListener(here, routes, statuses, WayTo, Node);
        _revoked = Channel(RevokedChannel, static _ => { });
    }

    /// <summary>Raised with the id of a device that was revoked at another node.</summary>
    public event Action<string>? Revoked
    {
        add => _listener.Revoked += value;
        remove => _listener.Revoked -= value;
    }

    /// <summary>New at each start: what a node left behind is never taken for its successor's.</summary>
    public string Node { get; } = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(NodeLength / 2));

    public string NewClientId() => $"{ClientPrefix}{Node}_{Guid.NewGuid():N}";

    /// <summary>Says that this node is there, and listens.</summary>
    public async Task StartAsync(IDeviceStore devices, ILogger<RedisCluster> logger)
    {
        await _presence.RenewAsync();
        (await _redis.Bus.SubscribeAsync(NodeChannel(Node))).OnMessage(_listener.Take);
        (await _redis.Bus.SubscribeAsync(RevokedChannel)).OnMessage(_listener.Take);
        _heartbeat = new Heartbeat(_redis, _presence, _here, _statuses, devices, Node, () => [.. _nodes.Keys], NodeGone, Say, logger);
        _redis.Lost += NodesApart;
    }

    public async Task EnterAsync(Tenant tenant)
    {
        try
        {
            if (tenant.Bus is null)
            {
                var channel = AccountChannel(tenant.UserId);
                var heard = await _redis.Bus.SubscribeAsync(channel);
                tenant.Bus = new AccountBus(Channel(channel, Troubled), heard);
                heard.OnMessage(_listener.Take);
            }
        }
        catch (Exception ex) when (RedisConnection.IsTrouble(ex))
        {
            throw Refusals.StoreUnavailable.ToException();
        }

        var noted = tenant.Places.Noted;
        foreach (var machine in await _presence.OfAsync(tenant.UserId))
        {
            if (machine.Node is { } node)
            {
                WayTo(node);
            }

            _statuses.Read(tenant, new Place(machine.MachineKey, machine.Label, machine.Fence, machine.Node), noted);
        }
    }

    public void Leave(Tenant tenant) => tenant.Bus?.Heard.Unsubscribe(CommandFlags.FireAndForget);

    public Task<bool> TryAdmitAsync(string userId, string deviceId) => _presence.TryAdmitAsync(userId, deviceId, _rates.SocketsPerUser);

    public void Release(string userId, string deviceId) => _ = _heartbeat!.TryAsync(() => _presence.ReleaseAsync(userId, deviceId), orLater: new Unsaid(userId, deviceId));

    public Task<IReadOnlyCollection<string>> DevicesElsewhereAsync(string userId) => _presence.DevicesAsync(userId);

    public Task<long> NextFenceAsync() => _presence.NextFenceAsync();

    public async Task<bool> TryJoinAsync(DaemonRegistration machine, bool isNews)
    {
        var joined = await _presence.TryJoinAsync(machine);
        if (joined)
        {
            Say(machine, isConnected: true, isNews);
        }

        return joined;
    }

    public async Task LeftAsync(DaemonRegistration machine)
    {
        await _heartbeat!.TryAsync(() => _presence.LeaveAsync(machine), orLater: new Unsaid(machine.UserId, machine.DeviceId, machine));
        Say(machine, isConnected: false, isNews: false);
    }

    public void ClientLeft(ClientRegistration client) => Say(client.UserId, new BusRecord
    {
        Kind = BusKind.ClientLeft, User = Encoding.UTF8.GetBytes(client.UserId), To = Encoding.UTF8.GetBytes(client.ClientId),
    });

    void ICluster.Revoked(string deviceId)
    {
        _revoked.TryAdd(new BusRecord { Kind = BusKind.Revoked, To = Encoding.UTF8.GetBytes(deviceId) });
        _revoked.Flush();
    }

    public Delivery ToMachine(in Place place, string userId, in RoutedMessage message, ReadOnlySpan<byte> clientName, Batch batch)
    {
        if (!_redis.IsConnected)
        {
            return Delivery.NodesApart;
        }

        var way = WayTo(place.Node!);
        BusRecord record = new()
        {
            Kind = BusKind.ToMachine, Fence = place.Fence, User = Encoding.UTF8.GetBytes(userId), To = Encoding.UTF8.GetBytes(place.MachineKey), From = clientName,
            Message = message, HasMessage = true,
        };
        if (!way.TryAdd(record))
        {
            return Delivery.NodesApart;
        }

        batch.Add(way);
        return Delivery.Sent;
    }

    public void ToClient(ReadOnlySpan<char> clientId, DaemonRegistration from, in RoutedMessage message, ReadOnlySpan<byte> machineName, Batch batch)
    {
        // Only to nodes that were heard of: a machine could make names up.
        if (!clientId.StartsWith(ClientPrefix) || clientId.Length <= ClientPrefix.Length + NodeLength
            || !_nodes.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(clientId.Slice(ClientPrefix.Length, NodeLength), out var way))
        {
            return;
        }

        Span<byte> to = stackalloc byte[Limits.FieldBytes];
        BusRecord record = new()
        {
            Kind = BusKind.ToClient, User = Encoding.UTF8.GetBytes(from.UserId), To = to[..Encoding.UTF8.GetBytes(clientId, to)], From = machineName, Message = message, HasMessage = true,
        };
        if (way.TryAdd(record))
        {
            batch.Add(way);
        }
        else
        {
            Troubled(BusTrouble.NotSent);
        }
    }

    public void ToClientsOf(DaemonRegistration from, in RoutedMessage message, ReadOnlySpan<byte> machineName) => Say(from.UserId, new BusRecord
    {
        Kind = BusKind.ToClients, User = Encoding.UTF8.GetBytes(from.UserId), From = machineName, Message = message, HasMessage = true,
    });

    public async ValueTask DisposeAsync()
    {
        _redis.Lost -= NodesApart;
        if (_heartbeat is not null)
        {
            await _heartbeat.DisposeAsync();
        }
    }

    private static RedisChannel RevokedChannel => RedisConnection.Channel("revoked", "");

    private static RedisChannel NodeChannel(string node) => RedisConnection.Channel("to-node", node);

    private static RedisChannel AccountChannel(string userId) => RedisConnection.Channel("of-account", userId);

    private BusChannel Channel(RedisChannel channel, Action<BusTrouble> troubled) => new(_redis.Bus, channel, Node, troubled);

    private BusChannel WayTo(string node) => _nodes.GetOrAdd(node, static (node, self) => self.Channel(NodeChannel(node), trouble =>
    {
        if (trouble == BusTrouble.NobodyThere)
        {
            self.NodeGone(node);
        }
        else
        {
            self.Troubled(trouble);
        }
    }), this);

    private void Say(DaemonRegistration machine, bool isConnected, bool isNews) => Say(machine.UserId, new BusRecord
    {
        Kind = BusKind.Status, Flags = (isConnected ? BusFlags.Connected : 0) | (isNews ? BusFlags.News : 0), Fence = machine.Fence,
        User = Encoding.UTF8.GetBytes(machine.UserId), To = Encoding.UTF8.GetBytes(machine.MachineKey), Text = Encoding.UTF8.GetBytes(machine.Label),
    });

    private void Say(string userId, in BusRecord record)
    {
        if (_here.Tenant(userId)?.Bus?.Channel is not { } channel)
        {
            return;
        }

        if (channel.TryAdd(record))
        {
            channel.Flush();
        }
        else
        {
            Troubled(BusTrouble.NotSent);
        }
    }

    // Something that was said may not have been heard: all of this node's machines are announced anew, and what was asked of others is over.
    private void Troubled(BusTrouble trouble)
    {
        if (trouble == BusTrouble.NotSent)
        {
            NodesApart();
            _heartbeat?.Doubt();
        }
    }

    private void NodeGone(string node)
    {
        _nodes.TryRemove(node, out _);
        foreach (var (tenant, place) in Elsewhere().Where(known => known.Place.Node == node))
        {
            _statuses.Heard(tenant.UserId, place with { Node = null }, isNews: true);
        }
    }

    private void NodesApart()
    {
        foreach (var (tenant, place) in Elsewhere())
        {
            _routes.MachineGone(tenant.UserId, place.MachineKey, place.Fence, Refusals.NodesApart);
        }
    }

    private IEnumerable<(Tenant Tenant, Place Place)> Elsewhere() =>
        _here.Tenants.SelectMany(tenant => tenant.Places.All.Where(place => place.Node is { } node && node != Node).Select(place => (tenant, place)));
}
