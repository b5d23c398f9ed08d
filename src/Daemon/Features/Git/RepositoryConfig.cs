using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Git;

/// <summary>
/// The configuration that git would follow in a directory, told apart by who wrote it: the user (global, system) or the repository. Included files count
/// to the scope that includes them, which is why git is asked for the scope and not for --local, which leaves them out.
/// </summary>
internal sealed class RepositoryConfig
{
    // Far more than any honest repository names; an environment that holds them must stay below the system's limit.
    private const int MaxPrograms = 1_000, MaxKeyChars = 8_192;

    private readonly List<(string Key, string Value)> _users = [];
    private readonly List<(string Key, string Value)> _repositorys = [];

    /// <summary>Reads <c>git config --list --show-scope -z</c>: SCOPE NUL KEY LF VALUE NUL …, without LF VALUE for a key that stands alone.</summary>
    public static RepositoryConfig Parse(string output)
    {
        RepositoryConfig config = new();
        var fields = output.Split('\0');
        for (var i = 0; i + 1 < fields.Length; i += 2)
        {
            var (key, value) = fields[i + 1].Split('\n', 2) is [var name, var text] ? (name, text) : (fields[i + 1], "true");

            // Whatever scope a later git invents is the repository's until we know better.
            (fields[i] is "system" or "global" or "command" ? config._users : config._repositorys).Add((key, value));
        }

        return config;
    }

    /// <summary>The user's own way to start ssh, if there is one.</summary>
    public string? UsersSshCommand => _users.LastOrDefault(e => e.Key == "core.sshcommand").Value;

    /// <summary>Names of the configured remotes.</summary>
    public IReadOnlyList<string> Remotes =>
        [.. _users.Concat(_repositorys).Select(e => Split(e.Key)).Where(k => k is { Section: "remote", Name: "url" or "pushurl", Subsection: not "" }).Select(k => k.Subsection).Distinct()];

    /// <summary>
    /// What to put over the programs that the repository names. Trusted work runs its hooks, filters and drivers, as at the desk; nothing ever runs the rest.
    /// </summary>
    public IReadOnlyList<(string Key, string Value)> Overrides(bool trusted)
    {
        List<(string Key, string Value)> overrides = [];
        foreach (var key in _repositorys.Select(e => e.Key).Distinct())
        {
            if ((Never(key) ?? (trusted ? null : NotWhenLooking(key))) is { } inert)
            {
                overrides.Add((key, inert));
            }
        }

        // An empty helper clears the whole list, the user's own included: these come again.
        if (overrides.Any(o => IsCredentialHelper(o.Key)))
        {
            overrides.AddRange(_users.Where(e => IsCredentialHelper(e.Key)));
        }

        return overrides.Count <= MaxPrograms && overrides.TrueForAll(o => o.Key.Length <= MaxKeyChars)
            ? overrides
            : throw new RequestException(ErrorCode.GitError, "The repository's configuration names more than 1,000 programs, or one by a name of endless length. Look at .git/config on the machine.");
    }

    // For git fetch an empty program would mean that the shell runs the remote's path, so these get the name they have by default.
    private static string? Never(string key) => Split(key) switch
    {
        { Section: "remote", Name: "uploadpack" } => "git-upload-pack",
        { Section: "remote", Name: "receivepack" } => "git-receive-pack",
        { Section: "credential", Name: "helper" } => "",
        { Section: "gpg", Name: "program" or "defaultkeycommand" } => "false",
        { Section: "core", Name: "sshcommand" or "askpass" or "pager" or "editor" or "gitproxy" or "alternaterefscommand" } => "false",
        { Section: "sequence", Name: "editor" } => "false",
        _ => null,
    };

    private static string? NotWhenLooking(string key) => Split(key) switch
    {
        { Section: "filter", Name: "clean" or "smudge" or "process" } => "",
        { Section: "filter", Name: "required" } => "false",
        { Section: "diff", Name: "textconv" or "command" or "external" } => "",
        { Section: "merge", Name: "driver" } => "false",
        { Section: "trailer", Name: "command" or "cmd" } => "",

        // Git LFS is the user's own filter, and these are programs that it runs in turn.
        { Section: "lfs", Name: "clean" or "smudge" or "path" or "standalonetransferagent" } => "",
        _ => null,
    };

    private static bool IsCredentialHelper(string key) => Split(key) is { Section: "credential", Name: "helper" };

    // git gives section and name in lower case and the subsection, which may hold dots, as it is written.
    private static (string Section, string Subsection, string Name) Split(string key)
    {
        var (first, last) = (key.IndexOf('.', StringComparison.Ordinal), key.LastIndexOf('.'));
        return first < 0 ? (key, "", "") : (key[..first], first == last ? "" : key[(first + 1)..last], key[(last + 1)..]);
    }
}
