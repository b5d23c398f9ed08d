using System.CommandLine;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using PocketCoder.Daemon;
using PocketCoder.Protocol;
using PocketCoder.Relay;

namespace PocketCoder.Cli.Commands;

/// <summary>The main job: a relay and the daemon in one process, joined by a real WebSocket.</summary>
internal static class UpCommand
{
    private static readonly TimeSpan RegistrationPatience = TimeSpan.FromSeconds(20);

    public static Command Create(CliContext cli)
    {
        Argument<string[]> path = new("path") { Description = "Projects to register; the current directory when none is given.", Arity = ArgumentArity.ZeroOrMore };
        RelayArguments relay = new();
        Option<bool> noOpen = new("--no-open") { Description = "Do not open a browser." };
        ManualCommand command = new("up", "Start everything here: a relay, the daemon, and a code to pair a phone.", """
            pocketcoder up
            pocketcoder up ~/src/my-app ~/src/other --lan
            pocketcoder up --json --listen http://127.0.0.1:0
            """, ExitCode.Failed, ExitCode.AlreadyRunning, ExitCode.Interrupted) { path, noOpen };
        relay.AddTo(command);
        command.SetAction((parsed, cancellationToken) => Serving.RunAsync(cli, async stop =>
        {
            var paths = parsed.GetValue(path) is { Length: > 0 } given ? given : [Environment.CurrentDirectory];
            return await RunAsync(cli, paths, relay.Read(parsed, cli.Paths), parsed.GetValue(relay.Json), stop);
        }, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(CliContext cli, string[] projects, RelayOptions options, bool json, CancellationToken stop)
    {
        if (projects.FirstOrDefault(p => !Directory.Exists(p)) is { } missing)
        {
            return await cli.FailAsync($"There is no directory {Path.GetFullPath(missing)}.");
        }

        if (InstanceLock.RunningPid(cli.Paths) is { } pid)
        {
            await cli.Error.WriteLineAsync($"PocketCoder runs already, as process {pid}. Add a project: pocketcoder add PATH. Pair a phone: pocketcoder pair. End it: pocketcoder stop");
            return ExitCode.AlreadyRunning;
        }

        cli.Paths.Create();
        await using var log = Logs.Open(cli.Paths);
        await using var relay = await RelayHost.StartAsync(options, Logs.Into(log), stop);
        await using var daemon = await Daemon.Daemon.StartAsync(
            Serving.OptionsFor(cli, relay.LocalUrl) with
            {
                PublicGateway = relay.PhoneUrl,
                TokenFile = Path.Combine(options.DataDirectory, "daemon-auth.json"),
                Enrol = _ => relay.EnrolLocalDaemonAsync(Environment.MachineName),
            },
            Logs.Into(log),
            stop);
        if (daemon is null)
        {
            return await cli.FailAsync("Another PocketCoder started at the same moment. Look at: pocketcoder status");
        }

        List<ProjectStatus> added = [];
        foreach (var project in projects)
        {
            added.Add(await daemon.AddProjectAsync(project, stop));
        }

        await daemon.Registered.WaitAsync(RegistrationPatience, stop);
        await daemon.ReRegisterAsync(stop);
        var link = await relay.CreatePairingLinkAsync();
        if (json)
        {
            UpReady ready = new(
                relay.PhoneUrl.ToString().TrimEnd('/'), link.PairUrl, link.PairCode, daemon.MachineKey, daemon.ControlPlaneUrl,
                [.. added.Select(p => new ReadyProject(p.ProjectId, p.Path))]);
            await cli.Out.WriteLineAsync(JsonSerializer.Serialize(ready, ProtocolJson.For<UpReady>()));
        }
        else
        {
            await DescribeAsync(cli, daemon, added, link, stop);
        }

        await Serving.UntilStoppedAsync(daemon, stop);
        return ExitCode.Done;
    }

    private static async Task DescribeAsync(CliContext cli, Daemon.Daemon daemon, List<ProjectStatus> projects, PairingLink link, CancellationToken stop)
    {
        foreach (var project in projects)
        {
            await cli.Out.WriteLineAsync($"  Project {project.Name}  {project.Path}");
        }

        await cli.Out.WriteLineAsync("  Claude Code may read and, when you allow it, change these directories; their own hooks and settings apply.");
        foreach (var warning in (await daemon.StatusAsync(stop)).Capabilities.Warnings ?? [])
        {
            await cli.Out.WriteLineAsync($"  ! {warning}");
        }

        await PairingText.WriteAsync(cli, link);
        await cli.Out.WriteLineAsync("\n  Ready. Ctrl-C stops it.");
    }
}
