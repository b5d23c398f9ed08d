using System.CommandLine;
using PocketCoder.Cli;
using PocketCoder.Cli.Commands;
using PocketCoder.Daemon;
using PocketCoder.Daemon.Processes;

// The supervisor of child processes is this executable too; it must start in a few milliseconds and own its children.
if (!OperatingSystem.IsWindows() && args is [Supervisor.Verb, ..])
{
    return Supervisor.Run(args.AsSpan(1));
}

var paths = DaemonPaths.FromEnvironment();
CliContext cli = new(Console.Out, Console.Error, paths, new ControlPlaneClient(paths));
RootCommand root = new("Your own Claude Code, on your own machine, in your pocket.")
{
    UpCommand.Create(cli),
    RelayCommand.Create(cli),
    LoginCommand.Create(cli),
    StartCommand.Create(cli),
    StopCommand.Create(cli),
    StatusCommand.Create(cli),
    AddCommand.Create(cli),
    RemoveCommand.Create(cli),
    ProjectsCommand.Create(cli),
    PairCommand.Create(cli),
    LogsCommand.Create(cli),
    MachineCommand.Create(cli),
};
root.SetAction(_ => cli.Out.WriteLine("""
    Start here, in a project:   pocketcoder up
    It shows a code to scan with the phone. Everything else: pocketcoder --help
    """));

try
{
    // Commands that serve stop themselves on Ctrl-C and SIGTERM; nobody else should end the process under them.
    return await root.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromSeconds(20), EnableDefaultExceptionHandler = false });
}
catch (Exception ex)
{
    // A bug. Whoever looks for it sets LOG_LEVEL=debug; nobody else wants to read a stack trace.
    var debugging = Environment.GetEnvironmentVariable("LOG_LEVEL") is "debug" or "trace";
    return await cli.FailAsync($"Something went wrong in PocketCoder itself: {(debugging ? ex.ToString() : ex.Message)}");
}
