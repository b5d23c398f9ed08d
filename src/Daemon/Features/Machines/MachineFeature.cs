using PocketCoder.Protocol;
using PocketCoder.Protocol.Messaging;

namespace PocketCoder.Daemon.Features.Machines;

/// <summary>What this machine is called, as it is set from a phone.</summary>
internal sealed class MachineFeature(MachineDescription machine, Func<CancellationToken, Task> tellRelay) : IFeature
{
    public void Map(MessageRoutes routes) => routes.MapReplying<MachineRenameRequest, MachineRenameResponse>(RenameAsync);

    private async Task RenameAsync(MachineRenameRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        if (!machine.TrySetLabel(request.Label))
        {
            throw new RequestException(ErrorCode.InvalidRequest, MachineDescription.LabelRule);
        }

        await context.ReplyAsync(new MachineRenameResponse(machine.Label), cancellationToken);
        await tellRelay(cancellationToken);
    }
}
