using System.CommandLine;
using PocketCoder.Protocol;

namespace PocketCoder.Cli.Commands;

internal static class MachineCommand
{
    public static Command Create(CliContext cli)
    {
        Argument<string?> text = new("text") { Description = "The name to show on the phone; without it the present one is printed.", Arity = ArgumentArity.ZeroOrOne };
        ManualCommand label = new("label", "Show or set what the phone calls this machine.", """
            pocketcoder machine label
            pocketcoder machine label "Work Laptop"
            """, ExitCode.Failed, ExitCode.NotRunning) { text };
        label.SetAction((parsed, cancellationToken) => Serving.RunAsync(cli, stop => RunAsync(cli, parsed.GetValue(text), stop), cancellationToken));
        return new ManualCommand("machine", "Settings of this machine.", "pocketcoder machine label \"Work Laptop\"", ExitCode.Failed, ExitCode.NotRunning) { label };
    }

    private static async Task<int> RunAsync(CliContext cli, string? text, CancellationToken cancellationToken)
    {
        var label = text is null
            ? await cli.Daemon.GetAsync<MachineLabel>("/machine-label", cancellationToken)
            : await cli.Daemon.PostAsync<MachineLabel, MachineLabel>("/machine-label", new MachineLabel(text), cancellationToken);
        if (label is null)
        {
            return await cli.NotRunningAsync();
        }

        await cli.Out.WriteLineAsync(label.Label);
        return ExitCode.Done;
    }
}
