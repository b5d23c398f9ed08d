using System.CommandLine;
using System.Net.WebSockets;
using System.Security.Authentication;
using PocketCoder.Daemon.Relay;
using PocketCoder.Protocol;

namespace PocketCoder.Cli.Commands;

/// <summary>Joins this machine to a relay with a one-time code.</summary>
internal static class LoginCommand
{
    public static Command Create(CliContext cli)
    {
        Argument<string?> code = new("code")
        {
            Description = "The link that the relay shows, or its code alone when GATEWAY_URL names the relay. Without it: asked for, or read from standard input.",
            HelpName = "CODE|LINK",
            Arity = ArgumentArity.ZeroOrOne,
        };
        ManualCommand command = new("login", "Join this machine to a relay, with a link or code that the relay shows.", """
            pocketcoder login https://relay.example.org/#pair=CODE
            GATEWAY_URL=wss://relay.example.org pocketcoder login CODE
            """, ExitCode.Failed) { code };
        command.SetAction((parsed, cancellationToken) => Serving.RunAsync(cli, stop => RunAsync(cli, parsed.GetValue(code), stop), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(CliContext cli, string? given, CancellationToken cancellationToken)
    {
        if (given is null && !Console.IsInputRedirected)
        {
            await cli.Out.WriteAsync("Paste the link or code that the relay shows (there: pocketcoder pair): ");
        }

        // Not only for convenience: other users of the machine can read arguments.
        given ??= await Console.In.ReadLineAsync(cancellationToken);
        if (string.IsNullOrWhiteSpace(given))
        {
            return await cli.FailAsync("Say with which link or code: pocketcoder login LINK. The relay's machine shows one with: pocketcoder pair", ExitCode.Usage);
        }

        var (linked, code) = Gateway.ParseLink(given);
        if ((Gateway.Chosen() ?? linked ?? RelayLogin.GatewayOf(cli.Paths)) is not { } gateway)
        {
            return await cli.FailAsync("Say which relay: give its whole link, or its address with GATEWAY_URL, like wss://relay.example.org.", ExitCode.Usage);
        }

        try
        {
            await RelayLogin.ExchangeAsync(gateway, code, cli.Paths, cancellationToken);
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

        if (status.Relay.Gateway != gateway.ToString())
        {
            return "Logged in. The daemon still runs for another relay; start it anew: pocketcoder stop, then: pocketcoder start";
        }

        await cli.Daemon.SendAsync(HttpMethod.Post, "/re-register", cancellationToken);
        return "Logged in.";
    }
}
