using System.Text.Json.Nodes;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Daemon.Tests.Features;

/// <summary>
/// Hostile repositories. Each names a program, the canary, in another way; first our git does what it does, and the canary must be silent, then plain git does
/// the same, and it must sing: a canary that plain git does not wake would prove nothing.
/// </summary>
public sealed class GitCanaryTests(ITestOutputHelper output) : GitFixture
{
    private string Song(string name) => Beside($"fired-{name}");

    /// <summary>A program that leaves a trace and then does what it is given.</summary>
    private string Canary(string name, string then = "cat")
    {
        new TempProject(Beside("canaries")).WriteScript(name, $"touch '{Song(name)}'\n{then}");
        return Path.Combine(Beside("canaries"), name);
    }

    private TempProject Fresh(string name)
    {
        TempProject project = new(Beside("at-" + name));
        project.Init();
        project.Write("a.txt", "1\n");
        project.CommitAll("first");
        return project;
    }

    private TempProject WithAttribute(string name, string attribute)
    {
        var project = Fresh(name);
        project.Write(".gitattributes", $"*.txt {attribute}\n");
        project.CommitAll("second");
        return project;
    }

    /// <summary>Name, how the repository is made, and the plain command that wakes the canary.</summary>
    private IEnumerable<(string Name, Func<string, TempProject> Make, string[] Plain)> WhenLooking() =>
    [
        ("fsmonitor", n => Configured(n, "core.fsmonitor", Canary(n)), ["status"]),
        ("clean", n => Configured(WithAttribute(n, "filter=x"), "filter.x.clean", Canary(n)), ["status"]),
        ("required-clean", n => Configured(Configured(WithAttribute(n, "filter=x"), "filter.x.clean", Canary(n)), "filter.x.required", "true"), ["diff"]),
        ("smudge", n => Configured(WithAttribute(n, "filter=x"), "filter.x.smudge", Canary(n)), ["cat-file", "--filters", "HEAD:a.txt"]),
        ("process", n => Configured(WithAttribute(n, "filter=x"), "filter.x.process", Canary(n, "false")), ["status"]),
        ("dotted-driver", n => Configured(WithAttribute(n, "filter=x.y.z"), "filter.x.y.z.clean", Canary(n)), ["status"]),
        ("external", n => Configured(n, "diff.external", Canary(n)), ["diff"]),
        ("diff-command", n => Configured(WithAttribute(n, "diff=x"), "diff.x.command", Canary(n)), ["diff"]),
        ("textconv", n => Configured(WithAttribute(n, "diff=x"), "diff.x.textconv", Canary(n)), ["diff"]),
        ("textconv-of-a-commit", n => Configured(WithAttribute(n, "diff=x"), "diff.x.textconv", Canary(n)), ["log", "-p"]),
        ("include", Included, ["status"]),
        ("conditional-include", ConditionallyIncluded, ["status"]),
        ("worktree-config", WorktreeConfigured, ["status"]),
        ("index-hook", n => Hooked(n, ".git/hooks"), ["status"]),
        ("hooks-path", n => Configured(Hooked(n, "hooks"), "core.hooksPath", "hooks"), ["status"]),
        ("signature", Signed, ["log"]),
        ("submodule", n => Submodule(n, configure: true), ["status"]),
        ("submodule-diff", n => Submodule(n, configure: true), ["diff"]),
        ("promisor", n => Promising(n, Beside("nowhere"), "remote.origin.uploadpack", Canary(n, "false")), ["cat-file", "-p", "HEAD:a.txt"]),
        ("promisor-ext", n => Promising(n, $"ext::{Canary(n, "false")}", "protocol.ext.allow", "always"), ["cat-file", "-p", "HEAD:a.txt"]),
        ("embedded-bare", EmbeddedBare, ["status"]),
    ];

    private IEnumerable<(string Name, Func<string, TempProject> Make, string[] Plain)> WhenWorking() =>
    [
        ("w-fsmonitor", n => Configured(n, "core.fsmonitor", Canary(n)), ["add", "."]),
        ("w-ext", n => Remote(n, $"ext::{Canary(n, "false")}", "protocol.ext.allow", "always"), ["fetch", "origin"]),
        ("w-ext-push", n => Remote(n, $"ext::{Canary(n, "false")}", "protocol.ext.allow", "always"), ["push", "origin", "main"]),
        ("w-instead-of", n => Remote(Configured(n, "protocol.ext.allow", "always"), "https://example.org/x", $"url.ext::{Canary(n, "false")} .insteadOf", "https://"), ["fetch", "origin"]),
        ("w-ssh", n => Remote(n, "ssh://localhost.invalid/x", "core.sshCommand", Canary(n, "false")), ["fetch", "origin"]),
        ("w-uploadpack", n => Remote(n, Bare(n), "remote.origin.uploadpack", Canary(n, "false")), ["fetch", "origin"]),
        ("w-receivepack", n => Remote(n, Bare(n), "remote.origin.receivepack", Canary(n, "false")), ["push", "origin", "main"]),
        ("w-alternate-refs", Alternates, ["fetch", "origin"]),
        ("w-git-proxy", n => Remote(n, "git://localhost.invalid/x", "core.gitProxy", Canary(n, "false")), ["fetch", "origin"]),
        ("w-option-url", n => Remote(n, $"--upload-pack={Canary(n, "false")}", "x.y", ""), ["fetch", $"--upload-pack={Canary("w-option-url", "false")}", Bare("w-option-url")]),
        ("w-gpg", n => Configured(Configured(n, "commit.gpgSign", "true"), "gpg.program", Canary(n, "false")), ["commit", "--allow-empty", "-m", "x"]),
        ("w-editor", n => Configured(n, "core.editor", Canary(n, "true")), ["commit", "--amend"]),
        ("w-submodule-update", n => Submodule(n, configure: false), ["submodule", "update", "--force"]),
    ];

    [Fact]
    public async Task Looking_runs_nothing_that_the_repository_names()
    {
        int plain = 0, ours = 0, count = 0;
        foreach (var (name, make, command) in WhenLooking())
        {
            var project = make(name);
            // Same size, newer time: the content has to be read to see whether it changed.
            project.Write("a.txt", "2\n");
            Silence(name);
            await LookAsync(await RegisterAsync(project.Path));
            ours += Sang(name) ? 1 : 0;
            Assert.False(Sang(name), $"Looking woke {name}.");

            // A diff refreshes the index, ours too (no hook runs at that); plain git must have as much to do as ours had.
            Touch(project, hours: 2);
            project.RunGit(command);
            plain += Sang(name) ? 1 : 0;
            Assert.True(Sang(name), $"Plain git must wake {name}, or this test shows nothing.");
            count++;
        }

        output.WriteLine($"Looking: plain git woke {plain} of {count} canaries, ours {ours} of {count}.");
    }

    [Fact]
    public async Task Work_runs_hooks_and_filters_but_no_other_program_that_the_repository_names()
    {
        int plain = 0, ours = 0, count = 0;
        foreach (var (name, make, command) in WhenWorking())
        {
            var project = make(name);
            Silence(name);
            await WorkAsync(await RegisterAsync(project.Path));
            ours += Sang(name) ? 1 : 0;
            Assert.False(Sang(name), $"Work woke {name}.");

            project.Write("later.txt", "");
            project.RunGit(command);
            plain += Sang(name) ? 1 : 0;
            Assert.True(Sang(name), $"Plain git must wake {name}, or this test shows nothing.");
            count++;
        }

        output.WriteLine($"Work: plain git woke {plain} of {count} canaries, ours {ours} of {count}.");
    }

    [Fact]
    public async Task A_credential_helper_and_an_askpass_of_the_repository_are_never_asked()
    {
        await using GitUnauthorizedServer server = new();
        var address = $"http://{server.Address}/";
        foreach (var (name, key, value) in ((string, string, string)[])
            [
                ("helper", "credential.helper", "!" + Canary("helper")), ("helper-of-url", $"credential.{address}.helper", "!" + Canary("helper-of-url")), ("askpass", "core.askPass", Canary("askpass", "echo x")),
            ])
        {
            var project = Remote(name, address + "x.git", key, value);
            await ErrorAsync("git_fetch", "{}", await RegisterAsync(project.Path));
            Assert.False(Sang(name), $"Work woke {name}.");

            project.RunGit("fetch", "origin");
            Assert.True(Sang(name), $"Plain git must wake {name}, or this test shows nothing.");
        }
    }

    [Fact]
    public async Task Hooks_and_filters_run_at_work_as_at_the_desk()
    {
        var project = WithAttribute("trusted", "filter=x");
        project.Git("config", "filter.x.clean", Canary("trusted", "tr a-z A-Z"));
        project.WriteScript("hooks/pre-commit", $"touch '{Song("trusted-hook")}'");
        project.Git("config", "core.hooksPath", "hooks");
        project.Write("new.txt", "abc\n");
        var id = await RegisterAsync(project.Path);

        await AskAsync("git_stage", """{"paths":["new.txt"]}""", id);
        await AskAsync("git_commit", """{"message":"x"}""", id);

        Assert.Equal("ABC\n", project.Git("show", "HEAD:new.txt"));
        Assert.True(Sang("trusted-hook"));
    }

    private async Task LookAsync(string id)
    {
        foreach (var (type, payload) in ((string, string)[])
            [
                ("git_status", "{}"), ("git_branches", "{}"), ("git_log", "{}"), ("git_log", """{"path":"a.txt"}"""), ("git_diff", """{"scope":"unstaged"}"""),
                ("git_diff", """{"scope":"staged"}"""), ("git_diff", """{"scope":"commit"}"""), ("git_file_base", """{"path":"a.txt"}"""), ("git_stash", """{"action":"list"}"""),
            ])
        {
            await WholeAsync(type, JsonNode.Parse(payload)!, id);
        }
    }

    private async Task WorkAsync(string id)
    {
        foreach (var (type, payload) in ((string, string)[])
            [
                ("git_fetch", "{}"), ("git_pull", "{}"), ("git_pull", """{"mode":"merge"}"""), ("git_push", """{"remote":"origin"}"""), ("git_stage", """{"paths":[""]}"""),
                ("git_commit", """{"message":"y"}"""), ("git_commit", """{"message":"","amend":true}"""), ("git_branch_create", """{"name":"b"}"""),
                ("git_checkout", """{"ref":"b"}"""), ("git_checkout", """{"ref":"main"}"""), ("git_stash", """{"action":"push"}"""),
            ])
        {
            await WholeAsync(type, JsonNode.Parse(payload)!, id);
        }
    }

    private bool Sang(string name) => File.Exists(Song(name));

    private void Silence(string name) => File.Delete(Song(name));

    private TempProject Configured(string name, string key, string value) => Configured(Fresh(name), key, value);

    private static TempProject Configured(TempProject project, string key, string value)
    {
        project.Git("config", key, value);
        return project;
    }

    private TempProject Included(string name)
    {
        var project = WithAttribute(name, "filter=x");
        project.Write(".git/hidden", $"[filter \"x\"]\n  clean = {Canary(name)}\n");
        return Configured(project, "include.path", "hidden");
    }

    private TempProject ConditionallyIncluded(string name)
    {
        var project = WithAttribute(name, "filter=x");
        project.Write(".git/hidden", $"[filter \"x\"]\n  clean = {Canary(name)}\n");
        return Configured(project, "includeIf.onbranch:main.path", "hidden");
    }

    private TempProject WorktreeConfigured(string name)
    {
        var project = Configured(name, "extensions.worktreeConfig", "true");
        project.Git("config", "--worktree", "core.fsmonitor", Canary(name));
        return project;
    }

    private TempProject Hooked(string name, string folder)
    {
        var project = Fresh(name);
        project.Write("touched.txt", "1\n");
        project.CommitAll("second");
        project.WriteScript($"{folder}/post-index-change", $"touch '{Song(name)}'");
        Touch(project, hours: 1);
        return project;
    }

    // A file that is only touched makes git write a fresher index.
    private static void Touch(TempProject project, int hours)
    {
        if (File.Exists(project["touched.txt"]))
        {
            File.SetLastWriteTimeUtc(project["touched.txt"], DateTime.UtcNow.AddHours(-hours));
        }
    }

    private TempProject Signed(string name)
    {
        var project = Fresh(name);
        var program = Canary(name, "printf '[GNUPG:] SIG_CREATED D\\n' >&2; printf -- '-----BEGIN PGP SIGNATURE-----\\n\\nx\\n-----END PGP SIGNATURE-----\\n'");
        project.Git("-c", $"gpg.program={program}", "commit", "-q", "--allow-empty", "-S", "-m", "signed");
        return Configured(Configured(project, "gpg.program", program), "log.showSignature", "true");
    }

    private TempProject Submodule(string name, bool configure)
    {
        var project = Fresh(name);
        var inner = Fresh(name + "-inner");
        project.Git("submodule", "add", "-q", inner.Path, "sub");
        project.CommitAll("with a submodule");
        if (configure)
        {
            project.Git("-C", "sub", "config", "core.fsmonitor", Canary(name));
        }
        else
        {
            project.Git("config", "submodule.sub.update", "!" + Canary(name, "true"));
            project.Git("config", "submodule.recurse", "true");
            project.Git("-C", "sub", "checkout", "-q", "--orphan", "elsewhere");
            project.Git("-C", "sub", "commit", "-q", "-m", "elsewhere");
        }

        return project;
    }

    private TempProject Promising(string name, string address, string key, string value)
    {
        var project = Remote(name, address, key, value);
        project.Git("config", "core.repositoryFormatVersion", "1");
        project.Git("config", "extensions.partialClone", "origin");
        project.Git("config", "remote.origin.promisor", "true");
        var blob = project.Git("rev-parse", "HEAD:a.txt").Trim();
        File.Delete(project[$".git/objects/{blob[..2]}/{blob[2..]}"]);
        return project;
    }

    // The whole repository stands in the tree of another, as a clone brings it.
    private TempProject EmbeddedBare(string name)
    {
        var outer = Fresh(name);
        TempProject embedded = new(outer["embedded"]);
        embedded.Git("init", "--bare");
        embedded.Write("config", $"[core]\n repositoryFormatVersion = 0\n bare = false\n worktree = {outer["embedded"]}\n fsmonitor = {Canary(name)}\n");
        return embedded;
    }

    private TempProject Remote(string name, string address, string key, string value) => Remote(Fresh(name), address, key, value);

    private static TempProject Remote(TempProject project, string address, string key, string value)
    {
        project.Git("config", "remote.origin.url", address);
        project.Git("config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*");
        project.Git("config", "branch.main.remote", "origin");
        project.Git("config", "branch.main.merge", "refs/heads/main");
        return Configured(project, key, value);
    }

    private string Bare(string name)
    {
        TempProject bare = new(Beside($"bare-{name}.git"));
        if (!Directory.Exists(bare["objects"]))
        {
            bare.Git("init", "--bare");
        }

        return bare.Path;
    }

    private TempProject Alternates(string name)
    {
        var source = Fresh(name + "-source");
        var project = Remote(name, source.Path, "core.alternateRefsCommand", Canary(name, "true"));
        var other = Fresh(name + "-other");
        project.Write(".git/objects/info/alternates", other[".git/objects"] + "\n");
        source.Git("commit", "-q", "--allow-empty", "-m", "to fetch");
        return project;
    }
}
