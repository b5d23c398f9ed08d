using System.Net;

namespace PocketCoder.Daemon.Features.Push;

/// <summary>Where a push message may be sent: to the push services of browsers by https, so that a subscription is no way to have this machine call anybody else.</summary>
internal static class PushEndpoint
{
    public const int MaxLength = 2048;

    /// <summary>Names a host of one's own (a push service that one runs) beside the known ones; several with commas.</summary>
    public const string MoreHostsVariable = "POCKETCODER_PUSH_HOSTS";

    private static readonly string[] Known =
    [
        "fcm.googleapis.com", "jmt17.google.com", ".push.services.mozilla.com", ".push.apple.com", ".notify.windows.com",
    ];

    /// <summary>The endpoint as an address, or null when nothing is sent there.</summary>
    /// <param name="loopback">Tests have their push service on this machine, without TLS.</param>
    public static Uri? Read(string endpoint, bool loopback)
    {
        if (endpoint.Length > MaxLength || !Uri.TryCreate(endpoint, UriKind.Absolute, out var uri) || uri.UserInfo.Length > 0 || uri.Fragment.Length > 0)
        {
            return null;
        }

        if (loopback && uri.Scheme == Uri.UriSchemeHttp && IPAddress.TryParse(uri.Host, out var address) && IPAddress.IsLoopback(address))
        {
            return uri;
        }

        return uri.Scheme == Uri.UriSchemeHttps && uri.IsDefaultPort && uri.HostNameType == UriHostNameType.Dns && Known.Concat(More()).Any(known => Fits(uri.IdnHost, known)) ? uri : null;
    }

    private static bool Fits(string host, string known) =>
        known[0] == '.' ? host.EndsWith(known, StringComparison.OrdinalIgnoreCase) : host.Equals(known, StringComparison.OrdinalIgnoreCase);

    private static string[] More() =>
        Environment.GetEnvironmentVariable(MoreHostsVariable)?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];
}
