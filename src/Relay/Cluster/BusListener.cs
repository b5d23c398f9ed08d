using PocketCoder.Protocol;
using PocketCoder.Relay.Routing;
using StackExchange.Redis;

namespace PocketCoder.Relay.Cluster;

/// <summary>What other nodes say, and to whom of this one it goes.</summary>
/// <param name="here">Who is connected to this node.</param>
/// <param name="routes">The ways to them.</param>
/// <param name="statuses">What clients hear of machines.</param>
/// <param name="wayTo">The way to another node.</param>
/// <param name="self">This node's name.</param>
internal sealed class BusListener(LocalPeers here, Routes routes, Statuses statuses, Func<string, BusChannel> wayTo, string self)
{
    public event Action<string>? Revoked;

    /// <summary>Takes one publication; those of one channel come one after the other.</summary>
    public void Take(ChannelMessage publication) => Take(((ReadOnlyMemory<byte>)publication.Message).Span);

    private void Take(ReadOnlySpan<byte> bytes)
    {
        var node = BusRecord.Name(bytes[..self.Length]);
        if (node == self)
        {
            return;
        }

        Batch batch = new();
        var rest = bytes[self.Length..];
        while (!rest.IsEmpty)
        {
            Take(node, BusRecord.Read(ref rest), batch);
        }

        batch.Flush();
    }

    private void Take(string node, in BusRecord record, Batch batch)
    {
        var (user, to) = (BusRecord.Name(record.User), BusRecord.Name(record.To));
        switch (record.Kind)
        {
            case BusKind.ToMachine:
                ToMachine(node, user, to, record, batch);
                break;
            case BusKind.ToClient:
                routes.ToClient(to, user, BusRecord.Name(record.From[1..^1]), record.Message, record.From, batch);
                break;
            case BusKind.Refused:
                routes.Refuse(to, user, BusRecord.Name(record.Text), record.Message.RequestId.Text!, record.Flags == BusFlags.NotReadable ? Refusals.NoBinary : Refusals.Offline);
                break;
            case BusKind.ToClients:
                routes.ToClientsOf(user, record.Message, record.From, batch);
                break;
            case BusKind.Status:
                Status(node, user, to, record);
                break;
            case BusKind.ClientLeft:
                here.Tenant(user)?.Bus?.Clients.TryRemove(to, out _);
                routes.TellMachinesOf(user, Envelope.Of(new ClientDisconnected(to)));
                break;
            case BusKind.Revoked:
                Revoked?.Invoke(to);
                break;
        }
    }

    private void ToMachine(string node, string user, string machineKey, in BusRecord record, Batch batch)
    {
        var way = wayTo(node);

        // The very connection that the client's node meant: it has told the client of any other that this one is gone.
        var delivery = here.Machine(machineKey) is { Registration: DaemonRegistration there } daemon && there.UserId == user && there.Fence == record.Fence
            ? Routes.ToMachine(daemon, record.Message, record.From, batch)
            : Delivery.NotConnected;
        if (delivery == Delivery.Sent)
        {
            here.Tenant(user)?.Bus?.Clients.TryAdd(BusRecord.Name(record.From[1..^1]), node);
            return;
        }

        BusRecord refused = new()
        {
            Kind = BusKind.Refused, Flags = delivery == Delivery.NotReadable ? BusFlags.NotReadable : BusFlags.None, User = record.User, To = record.From[1..^1], Text = record.To,
            Message = new RoutedMessage { Type = record.Message.Type, RequestId = record.Message.RequestId }, HasMessage = true,
        };
        if (way.TryAdd(refused))
        {
            batch.Add(way);
        }
    }

    private void Status(string node, string user, string machineKey, in BusRecord record)
    {
        var isConnected = record.Flags.HasFlag(BusFlags.Connected);
        if (isConnected)
        {
            wayTo(node);
            if (here.Machine(machineKey) is { Registration: DaemonRegistration there } daemon && there.UserId == user && there.Fence < record.Fence)
            {
                daemon.Close(CloseCode.Replaced, Switchboard.Replaced);
            }
        }

        statuses.Heard(user, new Place(machineKey, BusRecord.Name(record.Text), record.Fence, isConnected ? node : null),
            record.Flags.HasFlag(BusFlags.Doubt) ? Notice.Doubt : record.Flags.HasFlag(BusFlags.News) ? Notice.News : Notice.None);
    }
}
