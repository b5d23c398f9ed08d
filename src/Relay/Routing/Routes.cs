using PocketCoder.Protocol;

namespace PocketCoder.Relay.Routing;

internal enum Delivery
{
    Sent,
    NotConnected,
    NotReadable,
}

/// <summary>
/// Where an envelope goes, by the name of its receiver. Alone, a relay knows its own connections and no others; whoever joins several relays
/// answers here for what is connected elsewhere. The checks of who may speak to whom are the switchboard's, before.
/// </summary>
internal sealed class Routes(LocalPeers here)
{
    public bool IsConnected(string machineKey) => here.Machine(machineKey) is not null;

    public Delivery ToMachine(ReadOnlySpan<char> machineKey, in RoutedMessage message, ReadOnlySpan<byte> clientName, Batch batch) =>
        here.Machine(machineKey) switch
        {
            null => Delivery.NotConnected,
            { ReadsBinary: false } when message.IsBinary => Delivery.NotReadable,
            var daemon => daemon.Send(message, default, clientName, batch) ? Delivery.Sent : Delivery.NotConnected,
        };

    /// <summary>To one client of the machine's user: an answer to what it asked, or an event.</summary>
    public void ToClient(ReadOnlySpan<char> clientId, DaemonRegistration from, in RoutedMessage message, ReadOnlySpan<byte> machineName, Batch batch)
    {
        if (here.Client(clientId) is not { } client || client.Registration?.UserId != from.UserId || client.Pending is not { } pending)
        {
            return;
        }

        if (message.RequestId.IsSet)
        {
            var isReadable = client.ReadsBinary || !message.IsBinary;
            var type = message.Type.Value;
            Span<char> requestId = stackalloc char[Limits.FieldBytes];
            if (!pending.TryAnswer(message.RequestId.Decode(requestId), from.MachineKey, !isReadable || Wire.IsTerminal(type)))
            {
                return;
            }

            if (!isReadable)
            {
                client.Send(Envelope.OfError(Refusals.NoBinaryAnswer, message.RequestId.Text, machineKey: from.MachineKey));
                return;
            }
        }

        Deliver(client, message, machineName, batch);
    }

    public void ToClientsOf(string userId, in RoutedMessage message, ReadOnlySpan<byte> machineName, Batch batch)
    {
        foreach (var client in here.Of(userId))
        {
            if (client.Registration is ClientRegistration)
            {
                Deliver(client, message, machineName, batch);
            }
        }
    }

    /// <summary>Tells all clients of a user something of the relay's own.</summary>
    public void TellClientsOf(string userId, Envelope message)
    {
        foreach (var client in here.Of(userId))
        {
            if (client.Registration is ClientRegistration)
            {
                client.Send(message);
            }
        }
    }

    public void TellMachinesOf(string userId, Envelope message)
    {
        foreach (var daemon in here.Of(userId))
        {
            if (daemon.Registration is DaemonRegistration)
            {
                daemon.Send(message);
            }
        }
    }

    /// <summary>Nothing more comes from this machine: who waits for it hears so.</summary>
    public void MachineGone(string userId, string machineKey)
    {
        foreach (var client in here.Of(userId))
        {
            client.Pending?.MachineGone(machineKey);
        }
    }

    private static void Deliver(Peer client, in RoutedMessage message, ReadOnlySpan<byte> machineName, Batch batch)
    {
        if (client.ReadsBinary || !message.IsBinary)
        {
            client.Send(message, machineName, default, batch);
        }
    }
}
