using System.Net;
using System.Net.Sockets;

namespace PocketCoder.Relay;

/// <summary>What limits by address count by: an IPv4 address, or the first 64 bits of an IPv6 address, for all behind those are one subscriber's.</summary>
internal static class PeerAddress
{
    private const int SubscriberBytes = 8;

    public static string Of(IPAddress address)
    {
        var plain = Plain(address);
        if (plain.AddressFamily != AddressFamily.InterNetworkV6 || IPAddress.IsLoopback(plain))
        {
            return plain.ToString();
        }

        var bytes = plain.GetAddressBytes();
        bytes.AsSpan(SubscriberBytes).Clear();
        return $"{new IPAddress(bytes)}/64";
    }

    /// <summary>An IPv4 address that came as an IPv6 one, as what it is.</summary>
    public static IPAddress Plain(IPAddress address) => address is { AddressFamily: AddressFamily.InterNetworkV6, IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address;
}
