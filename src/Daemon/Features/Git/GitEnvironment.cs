namespace PocketCoder.Daemon.Features.Git;

/// <summary>The environment of every git that the daemon starts.</summary>
internal static class GitEnvironment
{
    // Not a directory, so nothing can ever be put into it.
    private static readonly string Nowhere = OperatingSystem.IsWindows() ? "NUL" : "/dev/null";

    // The person's own choices about git. All else that begins with GIT_ (GIT_DIR of a hook that started the daemon) would lead to another repository.
    private static readonly HashSet<string> Kept =
    [
        "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_EXEC_PATH", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH",
        "GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL",
    ];

    private static readonly (string Key, string Value)[] Configuration =
    [
        ("core.fsmonitor", "false"), ("safe.bareRepository", "explicit"), ("protocol.ext.allow", "never"), ("core.quotePath", "false"),
        ("core.untrackedCache", "keep"), ("status.showUntrackedFiles", "all"), ("color.ui", "false"), ("i18n.logOutputEncoding", "UTF-8"),
        ("diff.suppressBlankEmpty", "false"), ("log.showSignature", "false"), ("gc.auto", "0"), ("maintenance.auto", "false"),

        // A submodule is a repository of its own that nobody registered.
        ("submodule.recurse", "false"), ("fetch.recurseSubmodules", "false"), ("push.recurseSubmodules", "no"), ("status.submoduleSummary", "false"),

        // Signing asks for a passphrase on a screen that is not there.
        ("commit.gpgSign", "false"), ("push.gpgSign", "false"), ("tag.gpgSign", "false"), ("credential.interactive", "false"),
    ];

    /// <summary>Variables to set; null removes one.</summary>
    public static Dictionary<string, string?> For(RepositoryConfig config, bool trusted)
    {
        Dictionary<string, string?> variables = Environment.GetEnvironmentVariables().Keys.Cast<string>()
            .Where(name => name.StartsWith("GIT_", StringComparison.Ordinal) && !Kept.Contains(name))
            .ToDictionary(name => name, _ => (string?)null);

        // Nobody sits at the machine: whatever would ask fails at once. Empty, not a program that says nothing, which git takes for a name and a password.
        variables["GIT_TERMINAL_PROMPT"] = "0";
        variables["GIT_ASKPASS"] = variables["SSH_ASKPASS"] = "";
        variables["SSH_ASKPASS_REQUIRE"] = variables["GCM_INTERACTIVE"] = "never";
        variables["GIT_EDITOR"] = variables["GIT_SEQUENCE_EDITOR"] = "true";
        variables["GIT_MERGE_AUTOEDIT"] = "no";
        variables["GIT_PAGER"] = "cat";

        // Messages that can be recognised.
        variables["LC_ALL"] = "C.UTF-8";
        variables["LANGUAGE"] = "";

        var overrides = Configuration.Concat(config.Overrides(trusted));
        if (trusted)
        {
            // http, because a server in the user's own network may have nothing else; file, because a remote may be a disk: its danger is the submodule that
            // points at another repository of the same user, and nothing here goes into submodules. Never ext:, which is a command, nor helpers of other names.
            variables["GIT_ALLOW_PROTOCOL"] = "https:http:ssh:file";
            variables["GIT_SSH_COMMAND"] = config.UsersSshCommand ?? Environment.GetEnvironmentVariable("GIT_SSH_COMMAND") ?? "ssh -o BatchMode=yes";
        }
        else
        {
            // A partial clone fetches what is missing while it is looked at, with the program that its configuration names.
            variables["GIT_ALLOW_PROTOCOL"] = "none";
            variables["GIT_NO_LAZY_FETCH"] = "1";
            variables["GIT_OPTIONAL_LOCKS"] = "0";
            variables["GIT_LITERAL_PATHSPECS"] = "1";
            overrides = overrides.Prepend(("core.hooksPath", Nowhere));
        }

        var count = 0;
        foreach (var (key, value) in overrides)
        {
            variables[$"GIT_CONFIG_KEY_{count}"] = key;
            variables[$"GIT_CONFIG_VALUE_{count++}"] = value;
        }

        variables["GIT_CONFIG_COUNT"] = $"{count}";
        return variables;
    }
}
