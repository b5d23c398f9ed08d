using System.Net.NetworkInformation;

namespace PocketCoder.Daemon.Relay;

/// <summary>
/// Tells when this machine has other addresses than before. The system's own event comes for every container that starts; those have link-local addresses alone,
/// which do not count, nor does what loops back.
/// </summary>
internal sealed class NetworkWatch : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Action _changed;

    // Beside the start, which need not wait for it.
    private Task<string> _known = Task.Run(Addresses);

    public NetworkWatch(Action changed)
    {
        _changed = changed;
        NetworkChange.NetworkAddressChanged += Look;
    }

    public void Dispose() => NetworkChange.NetworkAddressChanged -= Look;

    private void Look(object? sender, EventArgs e)
    {
        lock (_lock)
        {
            var now = Addresses();
            if (now == _known.Result)
            {
                return;
            }

            _known = Task.FromResult(now);
        }

        _changed();
    }

    private static string Addresses()
    {
        try
        {
            return string.Join(' ', NetworkInterface.GetAllNetworkInterfaces()
                .Where(network => network.OperationalStatus != OperationalStatus.Down && network.NetworkInterfaceType != NetworkInterfaceType.Loopback)
                .SelectMany(network => network.GetIPProperties().UnicastAddresses)
                .Select(unicast => unicast.Address)
                .Where(address => !address.IsIPv6LinkLocal)
                .Select(address => address.ToString())
                .Order(StringComparer.Ordinal));
        }
        catch (NetworkInformationException)
        {
            // An interface that goes away meanwhile; the next event tells.
            return "";
        }
    }
}
