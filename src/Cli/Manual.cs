using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace PocketCoder.Cli;

/// <summary>A command with the parts of its manual page that the parser does not know: examples, and the exit codes it can end with.</summary>
internal sealed class ManualCommand(string name, string description, string examples, params int[] exitCodes) : Command(name, description)
{
    public string Examples => examples;

    /// <summary>Beside <see cref="ExitCode.Done"/> and <see cref="ExitCode.Usage"/>, which every command has.</summary>
    public IReadOnlyList<int> ExitCodes => exitCodes;
}

/// <summary>Puts examples, exit codes, environment and files below what the parser says with <c>--help</c>.</summary>
internal sealed class Manual(HelpAction usage) : SynchronousCommandLineAction
{
    private static readonly (int Code, string Meaning)[] ExitCodes =
    [
        (ExitCode.Done, "done; also: there was nothing to do"),
        (ExitCode.Failed, "failed; the message says why and what to do"),
        (ExitCode.Usage, "the command line or a setting cannot be understood"),
        (ExitCode.NotRunning, "the daemon is not running, and this needs it"),
        (ExitCode.AlreadyRunning, "`up`: PocketCoder runs already"),
        (ExitCode.Interrupted, "a second Ctrl-C ended it at once"),
    ];

    private static readonly (string Name, string Meaning)[] Variables =
    [
        ("GATEWAY_URL", $"the relay, like wss://relay.example.org; else the one logged in at, else {Gateway.Default}"),
        ("POCKETCODER_HOME", "the config directory"),
        ("LOG_LEVEL", "how much is logged: trace, debug, info (default), warn, error or fatal; only trace shows messages"),
        ("POCKETCODER_CLAUDE", "the path of Claude Code; else PATH and the usual places are searched"),
        ("POCKETCODER_AGENT_WARM_MINUTES", "how long an idle agent's process stays (default 10; 0: it ends with each turn)"),
        ("POCKETCODER_AUTH", "`relay`: how people sign in, embedded, supabase or oidc; docs/identity.md has the variables of each"),
        ("POCKETCODER_RELAY_CONFIG", "`relay`: a file with the same settings"),
        ("NO_COLOR", "when set: no colours"),
    ];

    private static readonly (string Name, string Meaning)[] Files =
    [
        ("daemon.db", "projects and sessions (SQLite)"),
        ("auth.json", "this machine's key and tokens"),
        ("control-plane.json", "where the running daemon listens on 127.0.0.1 (17333, or the next free port), and its token"),
        ("machine-label.txt", "what the phone calls this machine"),
        ("daemon.pid", "the running daemon's process"),
        ("logs/daemon*.log", "the log, 5 files of 10 MB at most"),
        ("relay/", "what the relay of `up` and `relay` keeps (--data-dir), and the log of `relay`, relay*.log"),
    ];

    public override bool ClearsParseErrors => true;

    public static void AddTo(RootCommand root)
    {
        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new Manual((HelpAction)help.Action!);
        if (!OperatingSystem.IsWindows())
        {
            // Here they are paths.
            help.Aliases.Remove("/h");
            help.Aliases.Remove("/?");
        }
    }

    public override int Invoke(ParseResult parseResult)
    {
        var shown = usage.Invoke(parseResult);
        var output = parseResult.InvocationConfiguration.Output;
        var command = parseResult.CommandResult.Command as ManualCommand;
        Write(output, "Examples", (command?.Examples ?? "pocketcoder up\npocketcoder status").Split('\n').Select(line => (line, "")));
        Write(output, "Exit codes", ExitCodes
            .Where(row => command is null || row.Code is ExitCode.Done or ExitCode.Usage || command.ExitCodes.Contains(row.Code))
            .Select(row => (row.Code.ToString(System.Globalization.CultureInfo.InvariantCulture), row.Meaning)));
        Write(output, "Environment", Variables);
        Write(output, $"Files in {Daemon.DaemonPaths.FromEnvironment().Root} (0600, the directory 0700)", Files);
        return shown;
    }

    private static void Write(TextWriter output, string title, IEnumerable<(string Left, string Right)> rows)
    {
        var all = rows.ToList();
        var width = all.Max(row => row.Left.Length);
        output.WriteLine(title + ":");
        foreach (var (left, right) in all)
        {
            output.WriteLine(right.Length == 0 ? $"  {left}" : $"  {left.PadRight(width)}  {right}");
        }

        output.WriteLine();
    }
}
