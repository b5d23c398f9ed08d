using System.Text.Json;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Agent;

/// <summary>The modes by their names on the wire, which are also Claude Code's.</summary>
internal static class ModeNames
{
    public static string Name(this PermissionMode mode) => JsonSerializer.Serialize(mode, ProtocolJson.For<PermissionMode>()).Trim('"');
}
