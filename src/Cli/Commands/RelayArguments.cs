using System.CommandLine;
using PocketCoder.Daemon;
using PocketCoder.Relay;

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
        command.Options.Add(_publicMetrics);
        command.Options.Add(_unlimited);
        command.Options.Add(Json);
    }

    public RelayOptions Read(ParseResult parsed, DaemonPaths paths) => new()
    {
        Listen = new Uri(parsed.GetValue(_listen)!),
        DataDirectory = Path.GetFullPath(parsed.GetValue(_dataDirectory) ?? paths.Relay),
        PublicUrl = parsed.GetValue(_publicUrl) is { } url ? new Uri(url) : null,
        Lan = parsed.GetValue(_lan),
        PublicMetrics = parsed.GetValue(_publicMetrics),
        Rates = parsed.GetValue(_unlimited) ? RelayRates.Unlimited : RelayRates.Default,
    };
}
