using PocketCoder.Daemon;

namespace PocketCoder.Cli.Autostart;

/// <summary>What a service manager is told: which program, in which environment. Its arguments are always <c>start --foreground</c>.</summary>
internal sealed record AutostartSpec(string Executable, IReadOnlyList<KeyValuePair<string, string>> Environment)
{
    public static readonly string[] Arguments = ["start", "--foreground"];

    // PATH too: a service manager's own is short, and what the agent runs is looked for there. No secrets: the file is no place for them.
    private static readonly string[] CarriedOver =
        ["GATEWAY_URL", "POCKETCODER_HOME", "LOG_LEVEL", "POCKETCODER_CLAUDE", "POCKETCODER_AGENT_WARM_MINUTES", "CLAUDE_CONFIG_DIR", "PATH"];

    /// <exception cref="CommandException">A path or variable has a control character, which no service manager takes.</exception>
    public static AutostartSpec OfThisProcess(DaemonPaths paths)
    {
        List<KeyValuePair<string, string>> environment = [];
        foreach (var name in CarriedOver)
        {
            // Absolute: the service starts in another directory.
            var value = name == "POCKETCODER_HOME" && System.Environment.GetEnvironmentVariable(name) is { Length: > 0 } ? paths.Root : System.Environment.GetEnvironmentVariable(name);
            if (value is { Length: > 0 })
            {
                environment.Add(new(name, value));
            }
        }

        AutostartSpec spec = new(System.Environment.ProcessPath!, environment);
        return environment.Select(variable => variable.Value).Append(spec.Executable).Any(text => text.Any(char.IsControl))
            ? throw new CommandException("A path or variable for the service has a control character in it, which a service manager cannot be told.")
            : spec;
    }
}
