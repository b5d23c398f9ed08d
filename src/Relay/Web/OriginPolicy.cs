using System.Net;
using System.Net.NetworkInformation;
using Microsoft.AspNetCore.Http;

namespace PocketCoder.Relay.Web;

/// <summary>
/// Which names this relay answers to. Comparing Origin with Host is not enough: after DNS rebinding a foreign page's Origin and Host
/// agree. So both must be names that are known to be ours: loopback, this machine's addresses and names, the public URL.
/// </summary>
internal sealed class OriginPolicy
{
    private readonly HashSet<string> _hosts = new(StringComparer.OrdinalIgnoreCase) { "localhost", "127.0.0.1", "::1" };
    private readonly Uri? _publicUrl;

    public OriginPolicy(Uri? publicUrl, bool lan, Uri listen)
    {
        _publicUrl = publicUrl;
        if (publicUrl is not null)
        {
            _hosts.Add(Unbracketed(publicUrl.IdnHost));
        }

        var any = listen.Host is "0.0.0.0" or "[::]" or "*" or "+";
        if (!any)
        {
            _hosts.Add(Unbracketed(listen.Host));
        }

        if (any || lan)
        {
            _hosts.Add(Dns.GetHostName());
            _hosts.Add(Dns.GetHostName() + ".local");
            _hosts.UnionWith(LocalAddresses().Select(address => address.ToString()));
        }
    }

    public bool AllowsHost(HostString host) => host.HasValue && _hosts.Contains(Unbracketed(host.Host));

    /// <summary>Was this asked for by this machine's own name for itself?</summary>
    public static bool IsLoopback(HostString host) => Unbracketed(host.Host) is "localhost" or "127.0.0.1" or "::1";

    /// <summary>No Origin: not a browser. Otherwise it must be the very origin that this request was made to, or the public URL.</summary>
    public bool AllowsOrigin(HttpRequest request) =>
        request.Headers.Origin.Count <= 1 && AllowsOrigin(request.Headers.Origin is [{ } origin] ? origin : null, request.Scheme, request.Host);

    public bool AllowsOrigin(string? text, string scheme, HostString host)
    {
        if (text is null)
        {
            return true;
        }

        if (host.Port > ushort.MaxValue || !Uri.TryCreate(text, UriKind.Absolute, out var origin) || !_hosts.Contains(Unbracketed(origin.IdnHost)))
        {
            return false;
        }

        var asked = new UriBuilder(scheme, host.Host, host.Port ?? -1).Uri;
        return SameOrigin(origin, asked) || (_publicUrl is not null && SameOrigin(origin, _publicUrl));
    }

    public static IEnumerable<IPAddress> LocalAddresses() =>
        NetworkInterface.GetAllNetworkInterfaces()
            .Where(i => i.OperationalStatus == OperationalStatus.Up)
            .SelectMany(i => i.GetIPProperties().UnicastAddresses)
            .Select(a => a.Address)
            .Where(a => !a.IsIPv6LinkLocal);

    private static bool SameOrigin(Uri a, Uri b) =>
        Uri.Compare(a, b, UriComponents.SchemeAndServer, UriFormat.SafeUnescaped, StringComparison.OrdinalIgnoreCase) == 0;

    private static string Unbracketed(string host) => host.Trim('[', ']');
}
