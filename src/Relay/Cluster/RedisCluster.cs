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
internal sealed record AccountBus(BusChannel Channel, ChannelMessageQueue Heard)
{
    /// <summary>The clients on other nodes that asked machines of this one, and their nodes.</summary>
    public ConcurrentDictionary<string, string> Clients { get; } = new(StringComparer.Ordinal);
}

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
    private readonly ConcurrentDictionary<string, BusChannel> _nodes = new(StringComparer.Ordinal);
    private Heartbeat? _heartbeat;
    private int _parting;

    public RedisCluster(RedisConnection redis, LocalPeers here, Routes routes, Statuses statuses, RelayRates rates)
    {
        (_redis, _here, _routes, _statuses, _rates) = (redis, here, routes, statuses, rates);
        _presence = new Presence(redis, Node);
        _listener = new BusListener(here, routes, statuses, WayTo, Node);
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
        _heartbeat = new Heartbeat(_redis, _presence, _here, _statuses, devices, Node, () => [.. _nodes.Keys], NodeGone, (machine, isConnected) => Say(machine, isConnected, Notice.Doubt), ReadAsync, logger);
        _redis.Lost += NodesApart;
    }

    public async Task EnterAsync(Tenant tenant)
    {
        if (tenant.Bus is null)
        {
            var channel = AccountChannel(tenant.UserId);
            try
            {
                var heard = await _redis.Bus.SubscribeAsync(channel);
                tenant.Bus = new AccountBus(Channel(channel, Troubled), heard);
                heard.OnMessage(_listener.Take);
            }
            catch (Exception ex) when (RedisConnection.IsTrouble(ex))
            {
                // The library goes on trying for a queue that nobody has.
                await _redis.Bus.UnsubscribeAsync(channel, flags: CommandFlags.FireAndForget);
                throw RedisConnection.Unavailable(ex);
            }
        }

        await ReadAsync(tenant);
    }

    public void Leave(Tenant tenant) => tenant.Bus?.Heard.Unsubscribe(CommandFlags.FireAndForget);

    public async Task<bool> TryAdmitAsync(string userId, string deviceId)
    {
        try
        {
            return await _presence.TryAdmitAsync(userId, deviceId, _rates.SocketsPerUser);
        }
        catch (RequestException)
        {
            // It may have been counted all the same.
            _heartbeat!.Miscounted(userId, deviceId);
            throw;
        }
    }

    public void Release(string userId, string deviceId) => _ = ReleaseAsync(userId, deviceId);

    public Task<IReadOnlyCollection<string>> DevicesElsewhereAsync(string userId) => _presence.DevicesAsync(userId);

    public Task<long> NextFenceAsync() => _presence.NextFenceAsync();

    public async Task<bool> TryJoinAsync(DaemonRegistration machine, Notice notice)
    {
        var joined = await _presence.TryJoinAsync(machine);
        if (joined)
        {
            Say(machine, isConnected: true, notice);
        }

        return joined;
    }

    public Task LeftAsync(DaemonRegistration machine) => _heartbeat!.SayAsync(async () =>
    {
        await _presence.LeaveAsync(machine);
        Say(machine, isConnected: false, Notice.None);
    });

    // Behind what it asked: on the channels of the nodes where its account's machines are.
    public void ClientLeft(ClientRegistration client) => _ = _heartbeat!.SayAsync(() =>
    {
        if (!_redis.IsConnected)
        {
            throw Refusals.StoreUnavailable.ToException();
        }

        foreach (var node in _here.Tenant(client.UserId)?.Places.All.Select(place => place.Node).OfType<string>().Distinct() ?? [])
        {
            if (node != Node)
            {
                var way = WayTo(node);
                way.TryAdd(new BusRecord { Kind = BusKind.ClientLeft, User = Encoding.UTF8.GetBytes(client.UserId), To = Encoding.UTF8.GetBytes(client.ClientId) });
                way.Flush();
            }
        }

        return Task.CompletedTask;
    });

    void ICluster.Revoked(string deviceId) => _ = _heartbeat!.SayAsync(() =>
    {
        BusRecord record = new() { Kind = BusKind.Revoked, To = Encoding.UTF8.GetBytes(deviceId) };
        return _redis.PublishAsync(RevokedChannel, BusChannel.Publication(Node, record));
    });

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
        if (_redis.IsConnected && way.TryAdd(record))
        {
            batch.Add(way);
        }
        else
        {
            _heartbeat!.Unheard(from);
        }
    }

    public void ToClientsOf(DaemonRegistration from, in RoutedMessage message, ReadOnlySpan<byte> machineName)
    {
        if (!TrySay(from.UserId, new BusRecord { Kind = BusKind.ToClients, User = Encoding.UTF8.GetBytes(from.UserId), From = machineName, Message = message, HasMessage = true }))
        {
            _heartbeat!.Unheard(from);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _redis.Lost -= NodesApart;
        if (_heartbeat is not null)
        {
            await _heartbeat.DisposeAsync();
        }
    }

    private RedisChannel RevokedChannel => _redis.Channel("revoked", "");

    private RedisChannel NodeChannel(string node) => _redis.Channel("to-node", node);

    private RedisChannel AccountChannel(string userId) => _redis.Channel("of-account", userId);

    private BusChannel Channel(RedisChannel channel, Action<BusTrouble> troubled) => new(_redis.Bus, channel, Node, troubled);

    private BusChannel WayTo(string node) => _nodes.GetOrAdd(node, static (node, self) => self.Channel(self.NodeChannel(node), trouble =>
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

    private async Task ReleaseAsync(string userId, string deviceId)
    {
        try
        {
            await _presence.ReleaseAsync(userId, deviceId);
        }
        catch (RequestException)
        {
            _heartbeat!.Miscounted(userId, deviceId);
        }
    }

    // Where the account's machines are, as Redis has it.
    private async Task ReadAsync(Tenant tenant)
    {
        var noted = tenant.Places.Noted;
        foreach (var machine in await _presence.OfAsync(tenant.UserId))
        {
            // Of who is here this node knows more: the machine may be about to leave.
            var node = machine.Node == Node && !_here.Stands(machine.MachineKey, machine.Fence) ? null : machine.Node;
            if (node is not null && node != Node)
            {
                WayTo(node);
            }

            _statuses.Read(tenant, new Place(machine.MachineKey, machine.Label, machine.Fence, node), noted);
        }
    }

    private void Say(DaemonRegistration machine, bool isConnected, Notice notice)
    {
        if (!TrySay(machine.UserId, new BusRecord
        {
            Kind = BusKind.Status, Flags = (isConnected ? BusFlags.Connected : 0) | (notice switch { Notice.News => BusFlags.News, Notice.Doubt => BusFlags.Doubt, _ => 0 }), Fence = machine.Fence,
            User = Encoding.UTF8.GetBytes(machine.UserId), To = Encoding.UTF8.GetBytes(machine.MachineKey), Text = Encoding.UTF8.GetBytes(machine.Label),
        }))
        {
            _heartbeat!.Doubt();
        }
    }

    private bool TrySay(string userId, in BusRecord record)
    {
        // The last of an account to leave is told of too.
        var channel = _here.Tenant(userId)?.Bus?.Channel ?? Channel(AccountChannel(userId), Troubled);
        if (!_redis.IsConnected || !channel.TryAdd(record))
        {
            return false;
        }

        channel.Flush();
        return true;
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
        List<Tenant> concerned = [];
        foreach (var (tenant, place) in Elsewhere().Where(known => known.Place.Node == node))
        {
            concerned.Add(tenant);
            _statuses.Heard(tenant.UserId, place with { Node = null });
        }

        foreach (var tenant in _here.Tenants)
        {
            foreach (var (clientId, _) in tenant.Bus?.Clients.Where(client => client.Value == node) ?? [])
            {
                tenant.Bus!.Clients.TryRemove(clientId, out _);
                _routes.TellMachinesOf(tenant.UserId, Envelope.Of(new ClientDisconnected(clientId)));
            }
        }

        // It may have been late only, and back by now.
        _heartbeat?.Reread(concerned);
    }

    private void NodesApart()
    {
        if (Interlocked.Exchange(ref _parting, 1) == 1)
        {
            return;
        }

        foreach (var (tenant, place) in Elsewhere())
        {
            _routes.MachineGone(tenant.UserId, place.MachineKey, place.Fence, Refusals.NodesApart);
        }

        Volatile.Write(ref _parting, 0);
    }

    private IEnumerable<(Tenant Tenant, Place Place)> Elsewhere() =>
        _here.Tenants.SelectMany(tenant => tenant.Places.All.Where(place => place.Node is { } node && node != Node).Select(place => (tenant, place)));
}
