using PocketCoder.Nemesis;
using PocketCoder.Nemesis.Planted;

return args switch
{
    ["daemon-with", var bug] => await BuggyDaemon.RunAsync(bug),
    [var option, ..] when option is "--minutes" or "--seed" => await Bench.RunAsync(args),
    _ => await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args),
};
