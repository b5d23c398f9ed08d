using System.CommandLine;

namespace PocketCoder.Cli.Commands;

internal static class LogsCommand
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(200);

    public static Command Create(CliContext cli)
    {
        Option<int> tail = new("--tail") { Description = "How many lines of the end to show.", HelpName = "N", DefaultValueFactory = _ => 50 };
        Option<bool> follow = new("-f", "--follow") { Description = "Go on with what is written from now on." };
        tail.Validators.Add(result =>
        {
            if (!result.Tokens.All(token => int.TryParse(token.Value, out var lines) && lines >= 0))
            {
                result.AddError("--tail takes a number of lines.");
            }
        });
        ManualCommand command = new("logs", "Show the daemon's log.", """
            pocketcoder logs --tail 100
            pocketcoder logs -f
            """, ExitCode.Failed, ExitCode.Interrupted) { tail, follow };
        command.SetAction((parsed, cancellationToken) => Serving.RunAsync(
            cli, stop => RunAsync(cli, parsed.GetValue(tail), parsed.GetValue(follow), stop), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(CliContext cli, int count, bool follow, CancellationToken stop)
    {
        if (!LogFiles.Exist(cli.Paths))
        {
            return await cli.FailAsync("There is no log yet. The daemon writes one: pocketcoder start");
        }

        var (lines, position) = LogFiles.Tail(cli.Paths, count);
        await WriteAsync(cli.Out, lines);
        while (follow)
        {
            await Task.Delay(PollInterval, stop);
            (lines, position) = LogFiles.After(cli.Paths, position);
            await WriteAsync(cli.Out, lines);
        }

        return ExitCode.Done;
    }

    private static async Task WriteAsync(TextWriter output, IReadOnlyList<string> lines)
    {
        foreach (var line in lines)
        {
            await output.WriteLineAsync(line);
        }

        await output.FlushAsync(CancellationToken.None);
    }
}
