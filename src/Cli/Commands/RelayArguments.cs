using System.CommandLine;
using System.Net;
using PocketCoder.Daemon;
using PocketCoder.Relay;
using PocketCoder.Relay.Identity;

namespace PocketCoder.Cli.Commands;

/// <summary>The options that <c>up</c> and <c>relay</c> share.</summary>
internal sealed class RelayArguments
{
    private const string DefaultListen = "http://127.0.0.1:17380";

    private readonly Option<string> _listen = new("--listen")
    {
        Description = "Where the relay listens; port 0 means a free one.",
        HelpName = "URL",
        DefaultValueFactory = _ => DefaultListen,
    };

    private readonly Option<string?> _dataDirectory = new("--data-dir") { Description = "Where the relay keeps its state.", HelpName = "DIR" };
    private readonly Option<string?> _publicUrl = new("--public-url") { Description = "The address that phones use, when a proxy or tunnel stands before the relay.", HelpName = "URL" };
    private readonly Option<string?> _certificate = new("--cert") { Description = "Also serve HTTPS with this certificate (PEM, with its chain), read anew when it changes.", HelpName = "FILE" };
    private readonly Option<string?> _key = new("--key") { Description = "The key of --cert (PEM).", HelpName = "FILE" };
    private readonly Option<int> _httpsPort = new("--https-port") { Description = "The port of --cert and --lan.", HelpName = "PORT", DefaultValueFactory = _ => 17443 };
    private readonly Option<string[]> _trustedProxies = new("--trust-proxy") { Description = "A proxy whose X-Forwarded-For is believed: an address, or a network like 10.0.0.0/8.", HelpName = "ADDRESS" };
    private readonly Option<bool> _publicMetrics = new("--public-metrics") { Description = "Give /metrics to everybody who can reach the relay, not only to this machine." };

    // For bench/relay alone, which measures what a relay can do and not what it lets one user do.
    private readonly Option<bool> _unlimited = new("--unlimited") { Hidden = true };
    private readonly Option<bool> _lan = new("--lan") { Description = "Also serve HTTPS to phones in the same network, with a certificate of its own." };

    public RelayArguments()
    {
        _listen.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is not { } text || !Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Scheme != "http" || uri.PathAndQuery != "/")
            {
                result.AddError("--listen takes an address like http://127.0.0.1:17380. For HTTPS use --lan, or a proxy and --public-url.");
            }
        });
        _trustedProxies.Validators.Add(result =>
        {
            if (result.Tokens.Any(token => Network(token.Value) is null))
            {
                result.AddError("--trust-proxy takes an address like 10.0.0.1 or a network like 10.0.0.0/8.");
            }
        });
        _publicUrl.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is { } text && (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https")))
            {
                result.AddError("--public-url takes an address like https://pocket.example.org.");
            }
        });
    }

    public Option<bool> Json { get; } = new("--json") { Description = "Print one line of JSON when ready, for scripts." };

    public void AddTo(Command command)
    {
        command.Options.Add(_listen);
        command.Options.Add(_dataDirectory);
        command.Options.Add(_publicUrl);
        command.Options.Add(_lan);
        command.Options.Add(_certificate);
        command.Options.Add(_key);
        command.Options.Add(_httpsPort);
        command.Options.Add(_trustedProxies);
        command.Options.Add(_publicMetrics);
        command.Validators.Add(result =>
        {
            if (result.GetValue(_certificate) is null != result.GetValue(_key) is null)
            {
                result.AddError("--cert and --key go together.");
            }
            else if (result.GetValue(_certificate) is not null && result.GetValue(_publicUrl) is null)
            {
                result.AddError("--cert needs --public-url: the name that the certificate is for.");
            }
        });
        command.Options.Add(_unlimited);
        command.Options.Add(Json);
    }

    /// <param name="parsed">The command line.</param>
    /// <param name="paths">Whose relay, unless it says where it keeps its state.</param>
    /// <param name="shared">What a relay for many is told; null: the relay of <c>up</c> is its owner's.</param>
    public RelayOptions Read(ParseResult parsed, DaemonPaths paths, SharedRelayArguments? shared = null) => new()
    {
        Listen = new Uri(parsed.GetValue(_listen)!),
        DataDirectory = Path.GetFullPath(parsed.GetValue(_dataDirectory) ?? paths.Relay),
        PublicUrl = parsed.GetValue(_publicUrl) is { } url ? new Uri(url) : null,
        Lan = parsed.GetValue(_lan),
        Identity = shared?.Read(parsed) ?? IdentityOptions.Embedded,
        Redis = shared?.ReadRedis(parsed),
        RotateSigningKey = shared?.Rotates(parsed) ?? false,
        LanPort = parsed.GetValue(_httpsPort),
        CertificateFiles = parsed.GetValue(_certificate) is { } certificate && parsed.GetValue(_key) is { } key ? (Path.GetFullPath(certificate), Path.GetFullPath(key)) : null,
        TrustedProxies = [.. (parsed.GetValue(_trustedProxies) ?? []).Select(text => Network(text)!.Value)],
        PublicMetrics = parsed.GetValue(_publicMetrics),
        Rates = parsed.GetValue(_unlimited) ? RelayRates.Unlimited : RelayRates.Default,
    };

    private static IPNetwork? Network(string text) =>
        IPNetwork.TryParse(text, out var network) ? network : IPAddress.TryParse(text, out var address) ? new IPNetwork(address, address.GetAddressBytes().Length * 8) : null;
}
