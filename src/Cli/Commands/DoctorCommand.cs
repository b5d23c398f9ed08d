using System.CommandLine;
using System.Text.Json;
using PocketCoder.Cli.Checks;
using PocketCoder.Protocol;

namespace PocketCoder.Cli.Commands;

/// <summary>Looks at everything that PocketCoder needs and says what to do about what is missing, with a running daemon or without.</summary>
internal static class DoctorCommand
{
    public static Command Create(CliContext cli)
    {
        Option<bool> json = new("--json") { Description = "Print the checks as JSON: [{check, state: \"ok\"|\"warning\"|\"failed\", message, action?}]." };
        ManualCommand command = new("doctor", "Check everything that PocketCoder needs, and say what to do about what is missing.", """
            pocketcoder doctor
            pocketcoder doctor --json
            """, ExitCode.Failed) { json };
        command.SetAction((parsed, cancellationToken) => Serving.RunAsync(cli, stop => RunAsync(cli, parsed.GetValue(json), stop), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(CliContext cli, bool json, CancellationToken cancellationToken)
    {
        var (daemon, status) = await DaemonChecks.RunningAsync(cli, cancellationToken);
        var gateway = status?.Relay.Gateway is { } dialled ? new Uri(dialled) : Gateway.Resolve(cli.Paths);
        List<DoctorCheck> checks =
        [
            daemon,
            DaemonChecks.Files(cli.Paths),
            MachineChecks.Disk(cli.Paths),
            await ToolChecks.GitAsync(cancellationToken),
            await ToolChecks.ClaudeAsync(cancellationToken),
            .. await RelayChecks.RunAsync(cli.Paths, gateway, status, cancellationToken),
        ];
        if (OperatingSystem.IsLinux())
        {
            checks.Add(MachineChecks.Inotify(status?.Projects.Select(project => project.Path) ?? DaemonChecks.ProjectPaths(cli.Paths)));
        }

        if (json)
        {
            await cli.Out.WriteLineAsync(JsonSerializer.Serialize(checks, ProtocolJson.For<IReadOnlyList<DoctorCheck>>()));
        }
        else
        {
            await WriteAsync(cli, checks);
        }

        return checks.Any(check => check.State == CheckState.Failed) ? ExitCode.Failed : ExitCode.Done;
    }

    private static async Task WriteAsync(CliContext cli, List<DoctorCheck> checks)
    {
        var width = checks.Max(check => check.Check.Length);
        foreach (var check in checks)
        {
            var (mark, colour) = check.State switch
            {
                CheckState.Ok => ("ok", 32),
                CheckState.Warning => ("warning", 33),
                _ => ("FAILED", 31),
            };
            var padded = mark.PadRight("warning".Length);
            await cli.Out.WriteLineAsync($"{(cli.Colours ? $"\e[{colour}m{padded}\e[0m" : padded)}  {check.Check.PadRight(width)}  {check.Message}");
            if (check.Action is { } action)
            {
                await cli.Out.WriteLineAsync($"{new string(' ', "warning".Length + width + 4)}→ {action}");
            }
        }
    }
}
