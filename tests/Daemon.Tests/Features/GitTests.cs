using System.Text.Json.Nodes;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Daemon.Tests.Features;

public sealed class GitTests : GitFixture
{
    private Task<JsonObject> StatusAsync(string? projectId = null) => AskAsync("git_status", projectId: projectId);

    [Fact]
    public async Task A_directory_without_git_says_so()
    {
        Assert.Equal("GIT_NOT_INITIALIZED", (string?)(await ErrorAsync("git_status"))["code"]);
    }

    [Fact]
    public async Task Before_the_first_commit_there_is_a_branch_and_no_head()
    {
        Repository.Git("init");
        Repository.Write("new file ü.txt", "a");

        var status = await StatusAsync();

        Assert.Equal("main", (string?)status["branch"]);
        Assert.True(status.ContainsKey("head"));
        Assert.Null(status["head"]);
        Assert.Equal(["? new file ü.txt"], Changes(status, "unstaged"));
    }

    [Fact]
    public async Task Staged_unstaged_renamed_and_deleted_files_are_told_apart()
    {
        Repository.Git("init");
        Repository.Write("old.txt", string.Join('\n', Enumerable.Range(0, 50)));
        Repository.Write("both.txt", "1");
        Repository.Write("gone.txt", "1");
        Repository.Git("add", ".");
        Repository.Git("commit", "-m", "first");
        Repository.Git("mv", "old.txt", "new.txt");
        Repository.Write("both.txt", "2");
        Repository.Git("add", "both.txt");
        Repository.Write("both.txt", "3");
        File.Delete(Repository["gone.txt"]);
        Repository.Write("loose/ x.txt", "");

        var status = await StatusAsync();

        Assert.Equal(["M both.txt", "R new.txt <- old.txt"], Changes(status, "staged"));
        Assert.Equal(["M both.txt", "D gone.txt", "? loose/ x.txt"], Changes(status, "unstaged"));
        Assert.Equal(40, ((string)status["head"]!).Length);
    }

    [Fact]
    public async Task Conflicts_detached_heads_and_upstreams_are_seen()
    {
        Repository.Git("init");
        Repository.Write("a.txt", "base\n");
        Repository.Git("add", ".");
        Repository.Git("commit", "-m", "base");
        Repository.Git("checkout", "-b", "side");
        Repository.Write("a.txt", "side\n");
        Repository.Git("commit", "-am", "side");
        Repository.Git("checkout", "main");
        Repository.Git("branch", "--set-upstream-to", "side");
        Repository.Write("a.txt", "main\n");
        Repository.Git("commit", "-am", "main");
        Assert.Throws<InvalidOperationException>(() => Repository.Git("merge", "side") is { } merged && merged.Contains("CONFLICT", StringComparison.Ordinal) ? throw new InvalidOperationException() : "");

        var merging = await StatusAsync();
        Repository.Git("reset", "--hard");
        Repository.Git("checkout", "--detach");
        var detached = await StatusAsync();

        Assert.Equal(["UU a.txt"], Changes(merging, "conflicted"));
        Assert.Equal("side", (string?)merging["upstream"]);
        Assert.Equal((1, 1), ((int)merging["ahead"]!, (int)merging["behind"]!));
        Assert.True((bool)detached["detached"]!);
        Assert.True(detached.ContainsKey("branch"));
        Assert.Null(detached["branch"]);
    }

    [Fact]
    public async Task Branches_are_listed_with_what_they_follow()
    {
        Repository.Init();
        Repository.Write("a.txt", "1");
        Repository.CommitAll("first");
        Repository.Git("branch", "side/ü");
        Repository.Git("update-ref", "refs/remotes/origin/main", "HEAD");
        Repository.Git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main");
        Repository.Git("config", "remote.origin.url", Beside("nowhere"));
        Repository.Git("config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*");
        Repository.Git("branch", "--set-upstream-to", "origin/main");
        Repository.Git("commit", "--allow-empty", "-m", "Second: \"quoted\"");

        var answer = await AskAsync("git_branches");

        var branches = answer["branches"]!.AsArray().ToDictionary(b => $"{b!["kind"]} {b["name"]}", b => b!.AsObject());
        Assert.Equal("main", (string?)answer["current"]);
        Assert.Equal(["local main", "local side/ü", "remote origin/main"], branches.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(("origin/main", 1, 0), ((string?)branches["local main"]["upstream"], (int)branches["local main"]["ahead"]!, (int)branches["local main"]["behind"]!));
        Assert.Equal("Second: \"quoted\"", (string?)branches["local main"]["subject"]);
        Assert.Equal(Repository.Git("rev-parse", "HEAD~1").Trim(), (string?)branches["remote origin/main"]["sha"]);
    }

    [Fact]
    public async Task Before_the_first_commit_branches_and_log_are_empty_and_no_file_has_a_base()
    {
        Repository.Init();

        var branches = await AskAsync("git_branches");
        var log = await AskAsync("git_log");
        var file = await AskAsync("git_file_base", """{"path":"a.txt"}""");

        Assert.Equal("main", (string?)branches["current"]);
        Assert.Empty(branches["branches"]!.AsArray());
        Assert.Empty(log["commits"]!.AsArray());
        Assert.False((bool)file["exists"]!);
    }

    [Fact]
    public async Task A_branch_is_made_and_checked_out_and_exists_once()
    {
        Repository.Init();
        Repository.Write("a.txt", "1");
        Repository.CommitAll("first");
        Repository.Git("commit", "--allow-empty", "-m", "second");
        var first = Repository.Git("rev-parse", "HEAD~1").Trim();

        var made = await AskAsync("git_branch_create", """{"name":"feature/x","startPoint":"HEAD~1"}""");
        var again = await ErrorAsync("git_branch_create", """{"name":"feature/x"}""");
        var there = await AskAsync("git_checkout", """{"ref":"feature/x"}""");
        var detached = await AskAsync("git_checkout", $$"""{"ref":"{{first}}"}""");
        var nowhere = await ErrorAsync("git_checkout", """{"ref":"nope"}""");

        Assert.Equal(("feature/x", first), ((string?)made["name"], (string?)made["sha"]));
        Assert.Equal("ALREADY_EXISTS", (string?)again["code"]);
        Assert.Equal(("feature/x", false, first), ((string?)there["branch"], (bool)there["detached"]!, (string?)there["head"]));
        Assert.Equal((null, true, first), ((string?)detached["branch"], (bool)detached["detached"]!, (string?)detached["head"]));
        Assert.Equal("GIT_ERROR", (string?)nowhere["code"]);
        Assert.Equal("There is no such branch, tag or commit.", (string?)nowhere["message"]);
        Assert.True((int)nowhere["details"]!["exitCode"]! > 0);
    }

    [Fact]
    public async Task A_checkout_that_would_overwrite_changes_says_so_and_changes_nothing()
    {
        Repository.Init();
        Repository.Write("a.txt", "1");
        Repository.CommitAll("first");
        Repository.Git("checkout", "-b", "side");
        Repository.Write("a.txt", "2");
        Repository.CommitAll("second");
        Repository.Write("a.txt", "3");

        var refused = await ErrorAsync("git_checkout", """{"ref":"main"}""");

        Assert.Equal("Changes in the working tree would be overwritten. Commit, stash or discard them first.", (string?)refused["message"]);
        Assert.Equal("3", Repository.Read("a.txt"));
    }

    [Theory]
    [InlineData("git_checkout", """{"ref":"--force"}""")]
    [InlineData("git_checkout", """{"ref":"-"}""")]
    [InlineData("git_checkout", """{"ref":""}""")]
    [InlineData("git_branch_create", """{"name":"--list"}""")]
    [InlineData("git_branch_create", """{"name":"a..b"}""")]
    [InlineData("git_branch_create", """{"name":"x","startPoint":"--no-track"}""")]
    [InlineData("git_log", """{"ref":"--output=stolen"}""")]
    [InlineData("git_diff", """{"scope":"commit","commit":"--output=stolen"}""")]
    [InlineData("git_file_base", """{"path":"a.txt","ref":"--help"}""")]
    [InlineData("git_push", """{"remote":"--receive-pack=touch stolen"}""")]
    [InlineData("git_push", """{"branch":"--mirror"}""")]
    [InlineData("git_fetch", """{"remote":"--upload-pack=touch stolen"}""")]
    [InlineData("git_log", """{"limit":501}""")]
    [InlineData("git_diff", """{"scope":"staged","contextLines":-1}""")]
    [InlineData("git_stage", """{"paths":[]}""")]
    [InlineData("git_commit", """{"message":" \n"}""")]
    public async Task Names_that_look_like_options_and_other_nonsense_are_refused(string type, string payload)
    {
        Repository.Init();
        Repository.Write("a.txt", "1");
        Repository.CommitAll("first");

        Assert.Equal("INVALID_REQUEST", (string?)(await ErrorAsync(type, payload))["code"]);
        Assert.False(File.Exists(Repository["stolen"]));
    }

    [Theory]
    [InlineData("git_stage")]
    [InlineData("git_unstage")]
    [InlineData("git_discard")]
    public async Task No_path_leaves_the_project(string type)
    {
        Repository.Init();
        File.WriteAllText(Beside("beside.txt"), "1");

        foreach (var path in (string[])["../beside.txt", Beside("beside.txt"), "a/../../beside.txt"])
        {
            var refused = await WholeAsync(type, Paths(path));
            Assert.Equal("OUTSIDE_PROJECT_ROOT", (string?)refused["error"]!["code"]);
        }

        Assert.Equal("OUTSIDE_PROJECT_ROOT", (string?)(await ErrorAsync("git_file_base", """{"path":"../beside.txt"}"""))["code"]);
        Assert.Equal("OUTSIDE_PROJECT_ROOT", (string?)(await ErrorAsync("git_diff", """{"scope":"unstaged","paths":["../beside.txt"]}"""))["code"]);
    }

    [Fact]
    public async Task The_log_comes_in_pages_that_a_new_commit_does_not_shift()
    {
        Repository.Init();
        for (var i = 0; i < 5; i++)
        {
            Repository.Write($"{i % 2}.txt", $"{i}");
            Repository.Git("add", ".");
            Repository.Git("commit", "-m", $"Number {i}\n\nBecause\nof {i}.");
        }

        Repository.Git("tag", "v1");
        var first = await AskAsync("git_log", """{"limit":2}""");
        Repository.Write("later.txt", "");
        Repository.CommitAll("later");
        var second = await AskAsync("git_log", $$"""{"limit":2,"skip":2,"ref":"{{first["from"]}}"}""");
        var last = await AskAsync("git_log", $$"""{"limit":2,"skip":4,"ref":"{{first["from"]}}"}""");
        var ofOne = await AskAsync("git_log", """{"path":"1.txt"}""");

        Assert.Equal(["Number 4", "Number 3", "Number 2", "Number 1", "Number 0"], new[] { first, second, last }.SelectMany(Subjects));
        Assert.Equal([true, true, false], new[] { first, second, last }.Select(p => (bool)p["hasMore"]!));
        Assert.Equal(["Number 3", "Number 1"], Subjects(ofOne));
        var newest = first["commits"]![0]!;
        Assert.Equal("Because\nof 4.", (string?)newest["body"]);
        Assert.Equal(("Test", "test@example.org"), ((string?)newest["authorName"], (string?)newest["authorEmail"]));
        Assert.Equal(["main", "v1"], newest["refs"]!.AsArray().Select(r => (string)r!));
        Assert.Equal((string?)first["commits"]![1]!["sha"], (string?)newest["parents"]![0]);

        static IEnumerable<string?> Subjects(JsonObject page) => page["commits"]!.AsArray().Select(c => (string?)c!["subject"]);
    }

    [Fact]
    public async Task A_file_is_given_as_it_was_committed()
    {
        Repository.Init();
        Repository.Write("dir/a.txt", "old ü");
        File.WriteAllBytes(Repository["b.bin"], [0, 255]);
        Repository.CommitAll("first");
        Repository.Write("dir/a.txt", "new");
        Repository.CommitAll("second");
        Repository.Write("dir/a.txt", "newest");

        var head = await AskAsync("git_file_base", """{"path":"dir/a.txt"}""");
        var before = await AskAsync("git_file_base", """{"path":"dir/a.txt","ref":"HEAD~1"}""");
        var binary = await AskAsync("git_file_base", """{"path":"b.bin"}""");
        var absent = await AskAsync("git_file_base", """{"path":"HEAD:dir/a.txt"}""");
        var directory = await ErrorAsync("git_file_base", """{"path":"dir"}""");
        var slash = await ErrorAsync("git_file_base", """{"path":"dir/"}""");

        Assert.Equal("IS_A_DIRECTORY", (string?)slash["code"]);
        Assert.Equal(("new", "utf-8"), ((string?)head["content"], (string?)head["encoding"]));
        Assert.Equal("old ü", (string?)before["content"]);
        Assert.Equal(("AP8=", "base64"), ((string?)binary["content"], (string?)binary["encoding"]));
        Assert.False((bool)absent["exists"]!);
        Assert.Equal("IS_A_DIRECTORY", (string?)directory["code"]);
    }

    [Fact]
    public async Task A_project_that_is_a_part_of_a_repository_sees_and_changes_only_its_own_files()
    {
        TempProject whole = new(Beside("whole"));
        whole.Init();
        whole.Write("beside.txt", "1");
        whole.Write("part/a.txt", "1");
        whole.CommitAll("both");
        whole.Write("beside.txt", "2");
        whole.CommitAll("only beside");
        whole.Write("beside.txt", "3");
        whole.Write("part/a.txt", "3");
        whole.Write("part/new.txt", "");
        var part = await RegisterAsync(whole["part"]);

        var status = await StatusAsync(part);
        var diff = await AskAsync("git_diff", """{"scope":"unstaged"}""", part);
        var log = await AskAsync("git_log", "{}", part);
        var file = await AskAsync("git_file_base", """{"path":"a.txt"}""", part);
        await AskAsync("git_stage", """{"paths":[""]}""", part);
        var staged = whole.Git("diff", "--cached", "--name-only");
        whole.Git("add", "beside.txt");
        var unseen = await ErrorAsync("git_commit", """{"message":"x"}""", part);
        whole.Git("reset", "-q", "beside.txt");
        await AskAsync("git_commit", """{"message":"x"}""", part);
        whole.Write("part/a.txt", "4");
        await AskAsync("git_discard", """{"paths":[""]}""", part);
        whole.Write("part/a.txt", "5");
        await AskAsync("git_stash", """{"action":"push"}""", part);

        Assert.Equal(["M a.txt", "? new.txt"], Changes(status, "unstaged"));
        Assert.Equal(["a.txt", "new.txt"], diff["files"]!.AsArray().Select(f => (string)f!["path"]!));
        Assert.Equal("both", (string?)Assert.Single(log["commits"]!.AsArray())!["subject"]);
        Assert.Equal("1", (string?)file["content"]);
        Assert.Equal("part/a.txt\npart/new.txt\n", staged);
        Assert.Contains("outside this project", (string?)unseen["message"], StringComparison.Ordinal);
        Assert.Equal(("3", "3"), (whole.Read("beside.txt"), whole.Read("part/a.txt")));
        Assert.Equal(" M beside.txt\n", whole.Git("status", "--porcelain"));
    }

    [Fact]
    public async Task Linked_worktrees_submodules_and_separate_data_work_as_projects()
    {
        Repository.Init();
        Repository.Write("a.txt", "1");
        Repository.CommitAll("first");
        Repository.Git("worktree", "add", "-q", "-b", "linked", Beside("linked"));
        TempProject outer = new(Beside("outer"));
        outer.Init();
        outer.Git("submodule", "add", "-q", Repository.Path, "sub");
        outer.CommitAll("with a submodule");
        TempProject separate = new(Beside("separate"));
        separate.Git("init", "--separate-git-dir", Beside("data.git"));
        separate.Write("s.txt", "");
        File.WriteAllText(Path.Combine(Beside("linked"), "l.txt"), "");
        outer.Write("sub/m.txt", "");

        var linked = await RegisterAsync(Beside("linked"));
        var inner = await RegisterAsync(outer["sub"]);
        var seen = new[] { await StatusAsync(linked), await StatusAsync(inner), await StatusAsync(await RegisterAsync(separate.Path)) };
        await AskAsync("git_stage", """{"paths":["l.txt"]}""", linked);
        outer.Git("-C", "sub", "-c", "user.name=T", "commit", "-q", "--allow-empty", "-m", "moves the submodule");
        var super = await StatusAsync(await RegisterAsync(outer.Path));

        Assert.Equal(["? l.txt", "? m.txt", "? s.txt"], seen.Select(s => Assert.Single(Changes(s, "unstaged"))));
        Assert.Equal("linked", (string?)seen[0]["branch"]);
        Assert.Equal(["A l.txt"], Changes(await StatusAsync(linked), "staged"));
        Assert.Equal(["M sub"], Changes(super, "unstaged"));
    }

    [Fact]
    public async Task A_repository_that_points_at_files_or_data_of_another_directory_is_not_followed()
    {
        TempProject secret = new(Beside("secret"));
        secret.Init();
        secret.Write("secret.txt", "1");
        secret.CommitAll("secret");
        secret.Git("worktree", "add", "-q", Beside("secret-linked"));
        Repository.Init();
        Repository.Write("a.txt", "1");
        TempProject file = new(Beside("file")), link = new(Beside("link")), common = new(Beside("common")), stolen = new(Beside("stolen"));

        Repository.Git("config", "core.worktree", secret.Path);
        var worktree = await ErrorAsync("git_status");
        Repository.Git("config", "core.worktree", Path.GetDirectoryName(Repository.Path)!);
        var above = await ErrorAsync("git_status");
        file.Write(".git", $"gitdir: {secret[".git"]}\n");
        File.CreateSymbolicLink(link[".git"], secret[".git"]);
        common.Init();
        common.Write(".git/commondir", secret[".git"] + "\n");
        stolen.Write(".git", $"gitdir: {secret[".git/worktrees/secret-linked"]}\n");

        Assert.Contains("secret.txt", file.Git("ls-files"), StringComparison.Ordinal);
        Assert.Contains("another directory", (string?)worktree["message"], StringComparison.Ordinal);
        Assert.Contains("another directory", (string?)above["message"], StringComparison.Ordinal);
        foreach (var project in (TempProject[])[file, link, common, stolen])
        {
            var refused = await ErrorAsync("git_log", "{}", await RegisterAsync(project.Path));
            Assert.Contains("another directory", (string?)refused["message"], StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_repository_that_cannot_be_read_is_said_to_be_and_its_files_are_listed_all_the_same()
    {
        // A FIFO where git keeps a path: whoever opens it to read waits for ever. And a key that no environment can hold.
        TempProject fifo = new(Beside("fifo")), endless = new(Beside("endless"));
        fifo.Init();
        Directory.Move(fifo[".git"], fifo["data"]);
        fifo.Write(".git", "gitdir: data\n");
        using (var mkfifo = System.Diagnostics.Process.Start("mkfifo", fifo["data/gitdir"]))
        {
            await mkfifo.WaitForExitAsync();
        }

        endless.Init();
        File.AppendAllText(endless[".git/config"], $"[filter \"{new string('a', 200_000)}\"]\n\tclean = x\n");

        foreach (var project in (TempProject[])[fifo, endless])
        {
            var projectId = await RegisterAsync(project.Path);
            Assert.Equal("GIT_ERROR", (string?)(await ErrorAsync("git_status", "{}", projectId))["code"]);
            Assert.NotEmpty((await AskAsync("fs_list", """{"path":""}""", projectId))["children"]!.AsArray());
        }
    }

    [Fact]
    public async Task Very_many_changes_are_cut_and_said_to_be()
    {
        Repository.Init();
        for (var i = 0; i < 10_050; i++)
        {
            Repository.Write($"{i % 100}/{i}.txt", "");
        }

        var status = await StatusAsync();
        var diff = await AskAsync("git_diff", """{"scope":"unstaged"}""");

        Assert.Equal((10_000, true), (status["unstaged"]!.AsArray().Count, (bool)status["truncated"]!));
        Assert.Equal((300, 10_050, true), (diff["files"]!.AsArray().Count, (int)diff["fileCount"]!, (bool)diff["truncated"]!));
    }

    [Fact]
    public async Task A_repository_of_a_hundred_thousand_files_is_told_and_worked_in()
    {
        // In the index and in commits alone, which is what git has to look at: as many files would only test the disk.
        Repository.Init();
        Repository.Git("-c", "alias.fill=!git hash-object -w --stdin </dev/null | { read blob; seq 100000 | sed \"s|.*|100644 $blob\td/&.txt|\" | git update-index --index-info; }", "fill");
        Repository.Git("commit", "-q", "-m", "a hundred thousand");
        Repository.Write("d/1.txt", "changed\n");

        var status = await StatusAsync();
        var staged = await AskAsync("git_stage", """{"paths":["d/1.txt"]}""");
        var after = await StatusAsync();

        Assert.Equal((10_000, true), (status["unstaged"]!.AsArray().Count, (bool)status["truncated"]!));
        Assert.Empty(status["staged"]!.AsArray());
        Assert.True((bool)staged["success"]!);
        Assert.Equal("d/1.txt", (string?)Assert.Single(after["staged"]!.AsArray())!["path"]);
    }
}
