using System.Net;
using Microsoft.AspNetCore.Http;

namespace PocketCoder.Relay.Web;

/// <summary>For whom a proxy asks. Only proxies that the operator named are believed: anybody can write the header.</summary>
internal static class ForwardedAddress
{
    /// <summary>Whom this request counts for.</summary>
    public static string Of(HttpContext context, IReadOnlyList<IPNetwork> trusted) =>
        Of(context.Connection.RemoteIpAddress, context.Request.Headers["X-Forwarded-For"], trusted);

    /// <summary>The nearest address on the way that is no trusted proxy; the connection's own when that is none.</summary>
    public static string Of(IPAddress? remote, IEnumerable<string?> forwardedFor, IReadOnlyList<IPNetwork> trusted)
    {
        var address = PeerAddress.Plain(remote ?? IPAddress.None);
        foreach (var hop in forwardedFor.SelectMany(line => (line ?? "").Split(',', StringSplitOptions.TrimEntries)).Reverse())
        {
            if (!trusted.Any(network => network.Contains(address)) || !TryParse(hop, out var next))
            {
                break;
            }

            address = next;
        }

        return PeerAddress.Of(address);
    }

    // With or without a port; IPv6 then in brackets.
    private static bool TryParse(string text, out IPAddress address)
    {
        address = IPAddress.None;
        if (IPAddress.TryParse(text, out var alone))
        {
            address = PeerAddress.Plain(alone);
            return true;
        }

        if (IPEndPoint.TryParse(text, out var withPort))
        {
            address = PeerAddress.Plain(withPort.Address);
            return true;
        }

        return false;
    }
}
