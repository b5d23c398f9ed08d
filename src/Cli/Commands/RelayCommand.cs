using System.CommandLine;
using System.Text.Json;
using PocketCoder.Protocol;
using PocketCoder.Relay;

namespace PocketCoder.Cli.Commands;

/// <summary>A relay for many machines and phones, with no daemon in it.</summary>
internal static class RelayCommand
{
    public static Command Create(CliContext cli)
    {
        RelayArguments arguments = new();
        SharedRelayArguments shared = new();
        ManualCommand command = new("relay", "Start a relay alone, for many machines and phones.", """
            pocketcoder relay --public-url https://relay.example.org
            pocketcoder relay --listen http://127.0.0.1:0 --data-dir /var/lib/pocketcoder --json
            pocketcoder relay --public-url https://relay.example.org --config /etc/pocketcoder/relay.json
            pocketcoder relay --public-url https://relay.example.org --redis redis://10.0.0.5:6379
            """, ExitCode.Failed, ExitCode.Interrupted);
        arguments.AddTo(command);
        shared.AddTo(command);
        command.SetAction((parsed, cancellationToken) => Serving.RunAsync(
            cli, stop => RunAsync(cli, arguments.Read(parsed, cli.Paths, shared), parsed.GetValue(arguments.Json), stop), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(CliContext cli, RelayOptions options, bool json, CancellationToken stop)
    {
        if (options.DataDirectory == cli.Paths.Relay)
        {
            cli.Paths.Create();
        }

        // Before the first socket is made. A relay alone never blocks in a read or write, so each socket can be served on the thread that hears of it;
        // with a daemon in the same process that would not hold.
        Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");
        await using var log = Logs.OpenForRelay(options.DataDirectory);
        await using var relay = await RelayHost.StartAsync(options, Logs.Into(log), stop);
        var link = relay.Mode == AuthMode.Embedded ? await relay.CreatePairingLinkAsync() : null;
        if (json)
        {
            RelayReady ready = new(relay.PhoneUrl.ToString().TrimEnd('/'), relay.Mode, link?.PairUrl, link?.PairCode);
            await cli.Out.WriteLineAsync(JsonSerializer.Serialize(ready, ProtocolJson.For<RelayReady>()));
        }
        else
        {
            await DescribeAsync(cli, relay, link);
        }

        await Task.Delay(Timeout.Infinite, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return ExitCode.Done;
    }

    private static async Task DescribeAsync(CliContext cli, RelayHost relay, PairingLink? link)
    {
        await cli.Out.WriteLineAsync($"  Relay at {relay.PhoneUrl}");
        if (link is null)
        {
            await cli.Out.WriteLineAsync($"""
                  Sign in with the phone at that address.
                  A machine joins with:  GATEWAY_URL={relay.PhoneUrl} pocketcoder login
                """);
            return;
        }

        // A code is good once: the phone has its own, and the machine.
        await PairingText.WriteAsync(cli, link);
        var machine = await relay.CreatePairingLinkAsync();
        await cli.Out.WriteLineAsync($"  A machine joins with:  GATEWAY_URL={relay.PhoneUrl} pocketcoder login {machine.PairCode}");
    }
}
