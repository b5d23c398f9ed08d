using System.CommandLine;
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
        command.Options.Add(Json);
    }

    /// <param name="parsed">The command line.</param>
    /// <param name="paths">Whose relay, unless it says where it keeps its state.</param>
    /// <param name="identity">How it knows its users; null: the relay of <c>up</c> is its owner's.</param>
    public RelayOptions Read(ParseResult parsed, DaemonPaths paths, IdentityArguments? identity = null) => new()
    {
        Listen = new Uri(parsed.GetValue(_listen)!),
        DataDirectory = Path.GetFullPath(parsed.GetValue(_dataDirectory) ?? paths.Relay),
        PublicUrl = parsed.GetValue(_publicUrl) is { } url ? new Uri(url) : null,
        Lan = parsed.GetValue(_lan),
        Identity = identity?.Read(parsed) ?? IdentityOptions.Embedded,
        RotateSigningKey = identity?.Rotates(parsed) ?? false,
    };
}
