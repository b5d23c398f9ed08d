using System.CommandLine;
using System.Text.Json;
using PocketCoder.Protocol;

namespace PocketCoder.Cli.Commands;

internal static class AddCommand
{
    public static Command Create(CliContext cli)
    {
        Argument<string> path = new("path") { Description = "The project's directory." };
        ManualCommand command = new("add", "Register a project. Claude Code may then work in it, and its hooks and settings apply.", """
            pocketcoder add .
            pocketcoder add ~/src/my-app
            """, ExitCode.Failed, ExitCode.NotRunning) { path };
        command.SetAction((parsed, cancellationToken) => Serving.RunAsync(cli, stop => RunAsync(cli, parsed.GetValue(path)!, stop), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(CliContext cli, string path, CancellationToken cancellationToken)
    {
        if (await cli.Daemon.PostAsync<AddProject, ProjectStatus>("/projects", new AddProject(Path.GetFullPath(path)), cancellationToken) is not { } project)
        {
            return await cli.NotRunningAsync();
        }

        await cli.Out.WriteLineAsync($"{project.ProjectId}  {project.Name}  {project.Path}");
        return ExitCode.Done;
    }
}

internal static class RemoveCommand
{
    public static Command Create(CliContext cli)
    {
        Argument<string> id = new("projectId") { Description = "The id that `pocketcoder projects` shows." };
        ManualCommand command = new("remove", "Unregister a project. Its files stay as they are.", "pocketcoder remove 550e8400-e29b-41d4-a716-446655440000", ExitCode.Failed, ExitCode.NotRunning) { id };
        command.SetAction((parsed, cancellationToken) => Serving.RunAsync(cli, stop => RunAsync(cli, parsed.GetValue(id)!, stop), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(CliContext cli, string id, CancellationToken cancellationToken)
    {
        if (!await cli.Daemon.SendAsync(HttpMethod.Delete, "/projects/" + Uri.EscapeDataString(id), cancellationToken))
        {
            return await cli.NotRunningAsync();
        }

        await cli.Out.WriteLineAsync("Removed.");
        return ExitCode.Done;
    }
}

internal static class ProjectsCommand
{
    public static Command Create(CliContext cli)
    {
        Option<bool> json = new("--json") { Description = "Print the projects as JSON." };
        ManualCommand command = new("projects", "List the registered projects.", """
            pocketcoder projects
            pocketcoder projects --json
            """, ExitCode.Failed, ExitCode.NotRunning) { json };
        command.SetAction((parsed, cancellationToken) => Serving.RunAsync(cli, stop => RunAsync(cli, parsed.GetValue(json), stop), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(CliContext cli, bool json, CancellationToken cancellationToken)
    {
        if (await cli.Daemon.StatusAsync(cancellationToken) is not { } status)
        {
            return await cli.NotRunningAsync();
        }

        if (json)
        {
            await cli.Out.WriteLineAsync(JsonSerializer.Serialize(status.Projects, ProtocolJson.For<IReadOnlyList<ProjectStatus>>()));
            return ExitCode.Done;
        }

        foreach (var project in status.Projects)
        {
            await cli.Out.WriteLineAsync($"{project.ProjectId}  {project.Name}  {project.Path}");
        }

        if (status.Projects.Count == 0)
        {
            await cli.Out.WriteLineAsync("No projects yet. Register one: pocketcoder add PATH");
        }

        return ExitCode.Done;
    }
}
