using PocketCoder.Protocol;
using PocketCoder.Relay.Routing;

namespace PocketCoder.Relay;

/// <summary>What the clients of this node hear of the machines of their account: that one is there, or gone, in the order in which it was so.</summary>
internal sealed class Statuses(LocalPeers here, Routes routes, TimeProvider time)
{
    /// <param name="userId">Whose machine.</param>
    /// <param name="place">Where it is now.</param>
    /// <param name="isNews">Clients are to look anew even when it stays where it was.</param>
    public void Heard(string userId, Place place, bool isNews) =>
        here.Tenant(userId)?.Places.Note(place, before => Tell(userId, before, place, isNews));

    /// <summary>The same for what was read from the store; see <see cref="MachinePlaces.Merge"/>.</summary>
    public void Read(Tenant tenant, Place place, long noted) =>
        tenant.Places.Merge(place, noted, before => Tell(tenant.UserId, before, place, isNews: false));

    private void Tell(string userId, Place? before, Place place, bool isNews)
    {
        var wasThere = before is { Node: not null };
        var moved = before is { Node: not null } && (before.Value.Fence != place.Fence || place.Node is null || isNews);
        if (moved)
        {
            routes.MachineGone(userId, place.MachineKey, place.Node is null || before!.Value.Fence == place.Fence ? place.Fence : place.Fence - 1, Refusals.Offline);
        }

        if (place.Node is null ? wasThere : !wasThere || isNews)
        {
            routes.TellClientsOf(userId, Envelope.Of(new DaemonStatus(place.MachineKey, place.Node is not null, place.Label, time.GetUtcNow())));
        }
    }
}
