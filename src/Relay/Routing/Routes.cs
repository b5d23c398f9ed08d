using PocketCoder.Protocol;

namespace PocketCoder.Relay.Routing;

internal enum Delivery
{
    Sent,
    NotConnected,
    NotReadable,

    /// <summary>It is connected to another node, which cannot be reached now.</summary>
    NodesApart,
}

/// <summary>
/// To whom of this node an envelope goes, by the name of its receiver. Who comes from another node comes in here too. The checks of who may speak to whom
/// are the switchboard's, before; that both are of one account is looked at here once more.
/// </summary>
internal sealed class Routes(LocalPeers here)
{
    /// <param name="daemon">The machine's connection.</param>
    /// <param name="message">What it gets.</param>
    /// <param name="clientName">Who asks, as JSON.</param>
    /// <param name="batch">Where it is flushed with.</param>
    public static Delivery ToMachine(Peer daemon, in RoutedMessage message, ReadOnlySpan<byte> clientName, Batch batch) =>
        message.IsBinary && !daemon.ReadsBinary ? Delivery.NotReadable
        : daemon.Send(message, default, clientName, batch) ? Delivery.Sent
        : Delivery.NotConnected;

    /// <summary>To one client of the machine's user: an answer to what it asked, or an event. False when no such client is here.</summary>
    public bool ToClient(ReadOnlySpan<char> clientId, string userId, string machineKey, in RoutedMessage message, ReadOnlySpan<byte> machineName, Batch batch)
    {
        if (here.Client(clientId) is not { } client)
        {
            return false;
        }

        if (client.Registration?.UserId != userId || client.Pending is not { } pending)
        {
            return true;
        }

        if (message.RequestId.IsSet)
        {
            var isReadable = client.ReadsBinary || !message.IsBinary;
            Span<char> requestId = stackalloc char[Limits.FieldBytes];
            if (!pending.TryAnswer(message.RequestId.Decode(requestId), machineKey, !isReadable || Wire.IsTerminal(message.Type.Value)))
            {
                return true;
            }

            if (!isReadable)
            {
                client.Send(Envelope.OfError(Refusals.NoBinaryAnswer, message.RequestId.Text, machineKey: machineKey));
                return true;
            }
        }

        Deliver(client, message, machineName, batch);
        return true;
    }

    /// <summary>Ends a request of a client of this node that went to another, and could not be delivered there.</summary>
    public void Refuse(ReadOnlySpan<char> clientId, string userId, string machineKey, string requestId, ErrorInfo refusal)
    {
        if (here.Client(clientId) is { Pending: { } pending } client && client.Registration?.UserId == userId && pending.TryAnswer(requestId, machineKey, isTerminal: true))
        {
            client.Send(Envelope.OfError(refusal, requestId, machineKey: machineKey));
        }
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

    /// <summary>Nothing more comes from this connection of a machine, nor from one before it: who waits for it hears so.</summary>
    public void MachineGone(string userId, string machineKey, long fence, ErrorInfo refusal)
    {
        foreach (var client in here.Of(userId))
        {
            client.Pending?.MachineGone(machineKey, fence, refusal);
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
