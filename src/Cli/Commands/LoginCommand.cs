using System.CommandLine;
using PocketCoder.Protocol;

namespace PocketCoder.Cli.Commands;

/// <summary>Joins this machine to a relay with a one-time code.</summary>
internal static class LoginCommand
{
    public static Command Create(CliContext cli)
    {
        Argument<string> code = new("code") { Description = "A pairing code or link of the relay that GATEWAY_URL names." };
        Command command = new("login", "Join this machine to a relay, with a code that the relay shows.") { code };
        command.SetAction((parsed, cancellationToken) => Serving.RunAsync(cli, stop => RunAsync(cli, parsed.GetValue(code)!, stop), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(CliContext cli, string code, CancellationToken cancellationToken)
    {
        if (!Uri.TryCreate(Environment.GetEnvironmentVariable("GATEWAY_URL"), UriKind.Absolute, out var gateway))
        {
            return await cli.FailAsync("Say which relay with GATEWAY_URL, an address like wss://relay.example.org.");
        }

        try
        {
            await Daemon.Relay.RelayLogin.ExchangeAsync(gateway, CodeOf(code), cli.Paths, cancellationToken);
        }
        catch (RequestException refused)
        {
            return await cli.FailAsync(refused.Message);
        }
        catch (System.Net.WebSockets.WebSocketException)
        {
            return await cli.FailAsync($"The relay at {gateway} cannot be reached.");
        }

        await cli.Daemon.SendAsync(HttpMethod.Post, "/re-register", cancellationToken);
        await cli.Out.WriteLineAsync("Logged in. Start the daemon with: pocketcoder start");
        return ExitCode.Done;
    }

    private static string CodeOf(string text) => text.LastIndexOf("#pair=", StringComparison.Ordinal) is var at and >= 0 ? text[(at + "#pair=".Length)..] : text;
}
