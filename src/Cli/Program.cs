using System.CommandLine;
using System.CommandLine.Invocation;
using PocketCoder.Cli;
using PocketCoder.Cli.Autostart;
using PocketCoder.Cli.Commands;
using PocketCoder.Daemon;
using PocketCoder.Daemon.Processes;

// The supervisor of child processes is this executable too; it must start in a few milliseconds and own its children.
if (!OperatingSystem.IsWindows() && args is [Supervisor.Verb, ..])
{
    return Supervisor.Run(args.AsSpan(1));
}

args = EnvironmentArguments.Apply(args);
var paths = DaemonPaths.FromEnvironment();
CliContext cli = new(Console.Out, Console.Error, paths, new ControlPlaneClient(paths), CliContext.ShowsColours());
RootCommand root = new("Your own Claude Code, on your own machine, in your pocket.")
{
    UpCommand.Create(cli),
    PairCommand.Create(cli),
    StatusCommand.Create(cli),
    AddCommand.Create(cli),
    RemoveCommand.Create(cli),
    ProjectsCommand.Create(cli),
    DevicesCommand.Create(cli),
    LogsCommand.Create(cli),
    DoctorCommand.Create(cli),
    StopCommand.Create(cli),
    RelayCommand.Create(cli),
    LoginCommand.Create(cli),
    LogoutCommand.Create(cli),
    StartCommand.Create(cli),
    MachineCommand.Create(cli),
    AutostartCommands.Enable(cli),
    AutostartCommands.Disable(cli),
    CompletionCommand.Create(cli),
};
root.SetAction((_, cancellationToken) => Serving.RunAsync(cli, stop => NextStep.WriteAsync(cli, stop), cancellationToken));
Manual.AddTo(root);

try
{
    var parsed = root.Parse(args);
    if (parsed.Action is ParseErrorAction || UsageError.UnknownOptions(parsed).Any())
    {
        return await UsageError.WriteAsync(cli, parsed);
    }

    // Commands that serve stop themselves on Ctrl-C and SIGTERM; nobody else should end the process under them.
    return await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromSeconds(20), EnableDefaultExceptionHandler = false });
}
catch (Exception ex)
{
    // A bug. Whoever looks for it sets LOG_LEVEL=debug; nobody else wants to read a stack trace.
    var debugging = Environment.GetEnvironmentVariable("LOG_LEVEL") is "debug" or "trace";
    return await cli.FailAsync($"Something went wrong in PocketCoder itself: {(debugging ? ex.ToString() : ex.Message)}");
}
