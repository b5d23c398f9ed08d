using System.CommandLine;
using System.Net.WebSockets;
using System.Security.Authentication;
using PocketCoder.Cli.SignIn;
using PocketCoder.Daemon.Relay;
using PocketCoder.Protocol;

namespace PocketCoder.Cli.Commands;

/// <summary>Joins this machine to a relay: with a one-time code, or by signing in with the browser where the relay knows its users so.</summary>
internal static class LoginCommand
{
    public static Command Create(CliContext cli)
    {
        Argument<string?> code = new("code")
        {
            Description = "The link that the relay shows, or its code alone when GATEWAY_URL names the relay; it can come over standard input too. Without it: sign in with the browser.",
            HelpName = "CODE|LINK",
            Arity = ArgumentArity.ZeroOrOne,
        };
        Option<bool> noOpen = new("--no-open") { Description = "Do not open a browser; print the address to sign in at." };
        ManualCommand command = new("login", "Join this machine to a relay: sign in with the browser, or with a link or code that the relay shows.", """
            GATEWAY_URL=wss://relay.example.org pocketcoder login
            pocketcoder login https://relay.example.org/#pair=CODE
            GATEWAY_URL=wss://relay.example.org pocketcoder login CODE
            """, ExitCode.Failed) { code, noOpen };
        command.SetAction((parsed, cancellationToken) => Serving.RunAsync(
            cli, stop => RunAsync(cli, parsed.GetValue(code), open: !parsed.GetValue(noOpen), stop), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(CliContext cli, string? given, bool open, CancellationToken cancellationToken)
    {
        // Not only for convenience: other users of the machine can read arguments.
        given ??= Console.IsInputRedirected ? await Console.In.ReadLineAsync(cancellationToken) : null;
        return string.IsNullOrWhiteSpace(given)
            ? await SignInAsync(cli, open, cancellationToken)
            : await PairAsync(cli, given, cancellationToken);
    }

    private static async Task<int> PairAsync(CliContext cli, string given, CancellationToken cancellationToken)
    {
        var (linked, code) = Gateway.ParseLink(given);
        if ((Gateway.Chosen() ?? linked ?? RelayLogin.GatewayOf(cli.Paths)) is not { } gateway)
        {
            return await cli.FailAsync("Say which relay: give its whole link, or its address with GATEWAY_URL, like wss://relay.example.org.", ExitCode.Usage);
        }

        return await JoinAsync(cli, gateway, () => RelayLogin.ExchangeAsync(gateway, code, cli.Paths, cancellationToken), cancellationToken);
    }

    private static async Task<int> SignInAsync(CliContext cli, bool open, CancellationToken cancellationToken)
    {
        // A script that names no relay is not sent to the public one.
        if ((Gateway.Chosen() ?? RelayLogin.GatewayOf(cli.Paths) ?? (Console.IsInputRedirected ? null : new Uri(Gateway.Default))) is not { } gateway)
        {
            return await cli.FailAsync(
                "Say which relay: its address with GATEWAY_URL, like wss://relay.example.org; or with which link or code: pocketcoder login LINK. The relay's machine shows one with: pocketcoder pair",
                ExitCode.Usage);
        }

        return await JoinAsync(cli, gateway, async () =>
        {
            if (await RelayLogin.ModeOfAsync(gateway, cancellationToken) != AuthMode.Embedded)
            {
                await BrowserSignIn.RunAsync(cli, gateway, open, TimeProvider.System, cancellationToken);
                return;
            }

            if (Console.IsInputRedirected)
            {
                throw new CommandException($"The relay at {gateway} takes a link or code: pocketcoder login CODE. Its machine shows one with: pocketcoder pair", ExitCode.Usage);
            }

            await cli.Out.WriteAsync("Paste the link or code that the relay shows (there: pocketcoder pair): ");
            var code = await Console.In.ReadLineAsync(cancellationToken) is { } pasted && !string.IsNullOrWhiteSpace(pasted)
                ? Gateway.ParseLink(pasted).Code
                : throw new CommandException("Say with which link or code: pocketcoder login CODE. The relay's machine shows one with: pocketcoder pair", ExitCode.Usage);
            await RelayLogin.ExchangeAsync(gateway, code, cli.Paths, cancellationToken);
        }, cancellationToken);
    }

    private static async Task<int> JoinAsync(CliContext cli, Uri gateway, Func<Task> exchange, CancellationToken cancellationToken)
    {
        try
        {
            await exchange();
        }
        catch (RequestException refused)
        {
            return await cli.FailAsync(refused.Message);
        }
        catch (WebSocketException unreachable)
        {
            return await cli.FailAsync(unreachable.GetBaseException() is AuthenticationException
                ? $"The certificate of the relay at {gateway.Host} is not one that this machine trusts."
                : $"The relay at {gateway} cannot be reached. Is the address right, and the relay running?");
        }

        await cli.Out.WriteLineAsync(await TellDaemonAsync(cli, gateway, cancellationToken));
        return ExitCode.Done;
    }

    private static async Task<string> TellDaemonAsync(CliContext cli, Uri gateway, CancellationToken cancellationToken)
    {
        if (await cli.Daemon.StatusAsync(cancellationToken) is not { } status)
        {
            return "Logged in. Start the daemon with: pocketcoder start";
        }

        if (status.Relay.Gateway is not { } present || !RelayDialer.IsSameRelay(new Uri(present), gateway))
        {
            return "Logged in. The daemon still runs for another relay; start it anew: pocketcoder stop, then: pocketcoder start";
        }

        await cli.Daemon.SendAsync(HttpMethod.Post, "/re-register", cancellationToken);
        return "Logged in.";
    }
}
