using PocketCoder.Protocol;
using PocketCoder.Relay.Routing;

namespace PocketCoder.Relay;

/// <summary>What a status says to clients that knew where the machine is.</summary>
internal enum Notice
{
    /// <summary>Nothing new.</summary>
    None,

    /// <summary>It says something else of itself: they look anew.</summary>
    News,

    /// <summary>What was under way from or to it may be lost: what waits for it is over, and they look anew.</summary>
    Doubt,
}

/// <summary>What the clients of this node hear of the machines of their account: that one is there, or gone, in the order in which it was so.</summary>
internal sealed class Statuses(LocalPeers here, Routes routes, TimeProvider time)
{
    /// <param name="userId">Whose machine.</param>
    /// <param name="place">Where it is now.</param>
    /// <param name="notice">What clients are told when it stays where it was.</param>
    public void Heard(string userId, Place place, Notice notice = Notice.None) =>
        here.Tenant(userId)?.Places.Note(place, before => Tell(userId, before, place, notice));

    /// <summary>The same for what was read from the store; see <see cref="MachinePlaces.Merge"/>.</summary>
    public void Read(Tenant tenant, Place place, long noted) =>
        tenant.Places.Merge(place, noted, before => Tell(tenant.UserId, before, place, Notice.None));

    private void Tell(string userId, Place? before, Place place, Notice notice)
    {
        var wasThere = before is { Node: not null };
        var moved = before is { Node: not null } && (before.Value.Fence != place.Fence || place.Node is null || notice == Notice.Doubt);
        if (moved)
        {
            routes.MachineGone(userId, place.MachineKey, place.Node is null || before!.Value.Fence == place.Fence ? place.Fence : place.Fence - 1, Refusals.Gone);
        }

        if (place.Node is null ? wasThere : !wasThere || notice != Notice.None)
        {
            routes.TellClientsOf(userId, Envelope.Of(new DaemonStatus(place.MachineKey, place.Node is not null, place.Label, time.GetUtcNow())));
        }
    }
}
