using System.Text.Json.Nodes;
using Xunit;

namespace PocketCoder.Daemon.Tests.Features;

public sealed class GitDiscardTests : GitFixture
{
    private void Messy()
    {
        Repository.Init();
        Repository.Write(".gitignore", "ignored.txt\n");
        Repository.Write("edit.txt", "old\n");
        Repository.Write("gone.txt", "old\n");
        Repository.Write("keep.txt", "old\n");
        Repository.WriteScript("run.sh", "old");
        Repository.CommitAll("first");
        Repository.Write("edit.txt", "staged\n");
        Repository.Git("add", ".");
        Repository.Write("edit.txt", "new\n");
        Repository.Write("keep.txt", "new\n");
        Repository.Write("run.sh", "new");
        Repository.Write("dir/deep/untracked.txt", "new\n");
        Repository.Write("ignored.txt", "mine\n");
        File.Delete(Repository["gone.txt"]);
    }

    private async Task<string> DiscardAsync(params string[] paths) => (string)(await WholeAsync("git_discard", Paths(paths)))["payload"]!["ref"]!;

    private Task<JsonObject> UndoAsync(string name) => WholeAsync("git_discard_undo", new JsonObject { ["ref"] = name });

    [Fact]
    public async Task What_is_discarded_is_gone_and_comes_back_whole()
    {
        Messy();
        var before = Repository.Git("status", "--porcelain", "-uall");

        var answer = (await WholeAsync("git_discard", Paths("edit.txt", "gone.txt", "dir", "run.sh")))["payload"]!;
        var after = Repository.Git("status", "--porcelain", "-uall");
        var directoryStays = Directory.Exists(Repository["dir"]);
        var undone = await UndoAsync((string)answer["ref"]!);

        Assert.Equal(["? dir/deep/untracked.txt", "D gone.txt", "M edit.txt", "M run.sh"], Changes(answer.AsObject(), "discarded").Order(StringComparer.Ordinal));
        Assert.Equal("M  edit.txt\n M keep.txt\n", after);
        Assert.False(directoryStays);
        Assert.True((bool)undone["payload"]!["success"]!);
        Assert.Equal(before, Repository.Git("status", "--porcelain", "-uall"));
        Assert.Equal(("new\n", "new\n"), (Repository.Read("edit.txt"), Repository.Read("dir/deep/untracked.txt")));
        Assert.Equal("staged\n", Repository.Git("show", ":edit.txt"));
        Assert.True(File.GetUnixFileMode(Repository["run.sh"]).HasFlag(UnixFileMode.UserExecute));
        Assert.Equal("mine\n", Repository.Read("ignored.txt"));
        Assert.Equal("NOT_FOUND", (string?)(await UndoAsync((string)answer["ref"]!))["error"]!["code"]);
    }

    [Theory]
    [InlineData("edit.txt")]
    [InlineData("gone.txt")]
    [InlineData("dir/deep/untracked.txt")]
    public async Task Undo_refuses_where_it_would_overwrite_something_newer_and_changes_nothing(string path)
    {
        Messy();
        var name = await DiscardAsync("");
        Repository.Write(path, "newer\n");

        var refused = await UndoAsync(name);

        Assert.Equal("CONFLICT", (string?)refused["error"]!["code"]);
        Assert.Equal("newer\n", Repository.Read(path));
        Assert.Equal("old\n", Repository.Read("keep.txt"));
        File.Delete(Repository[path]);
        Repository.RunGit("checkout", "--", path);
        Assert.True((bool)(await UndoAsync(name))["payload"]!["success"]!);
        Assert.Equal("new\n", Repository.Read("keep.txt"));
    }

    [Fact]
    public async Task Hunks_are_discarded_by_themselves_and_come_back()
    {
        string[] all = ["5 five\n5 and more", "20 twenty", "40 forty", "55 fifty-five"];
        Repository.Init();
        Repository.Write("-a b.txt", SixtyLines());
        Repository.Write("other.txt", "old\n");
        Repository.CommitAll("first");
        Repository.Write("-a b.txt", SixtyLines("20 twenty"));
        Repository.Git("add", ".");
        Repository.Write("-a b.txt", SixtyLines(all));
        Repository.Write("other.txt", "new\n");

        var hunks = await HunksAsync("unstaged");
        var request = $$"""{"paths":["-a b.txt"],"hunks":["{{hunks[1]["id"]}}"]}""";
        var answer = await AskAsync("git_discard", request);
        var after = Repository.Read("-a b.txt");
        var again = await ErrorAsync("git_discard", request);
        var undone = await UndoAsync((string)answer["ref"]!);

        // The first and the last: the one between them shifts the last. A file's mode is no part of a hunk.
        File.SetUnixFileMode(Repository["-a b.txt"], File.GetUnixFileMode(Repository["-a b.txt"]) | UnixFileMode.UserExecute);
        var both = await AskAsync("git_discard", $$"""{"paths":["-a b.txt"],"hunks":["{{hunks[0]["id"]}}","{{hunks[2]["id"]}}"]}""");
        var (between, mode) = (Repository.Read("-a b.txt"), File.GetUnixFileMode(Repository["-a b.txt"]));
        await UndoAsync((string)both["ref"]!);

        Assert.Equal(SixtyLines("20 twenty", "40 forty"), between);
        Assert.True(mode.HasFlag(UnixFileMode.UserExecute));
        Assert.Equal(3, hunks.Count);
        Assert.Equal(SixtyLines([.. all.Except(["40 forty"])]), after);
        Assert.Equal("CONFLICT", (string?)again["code"]);
        Assert.True((bool)undone["payload"]!["success"]!);
        Assert.Equal((SixtyLines(all), "new\n"), (Repository.Read("-a b.txt"), Repository.Read("other.txt")));
        Assert.Equal(SixtyLines("20 twenty"), Repository.Git("show", ":-a b.txt"));
    }

    [Fact]
    public async Task A_hunk_of_a_file_that_git_would_write_with_other_line_ends_is_not_discarded_alone()
    {
        Repository.Init();
        Repository.Write(".gitattributes", "* text=auto\n");
        Repository.Write("a.txt", "1\n2\n");
        Repository.CommitAll("first");
        Repository.Write("a.txt", "1\r\nzwei\r\n");
        var hunk = (await HunksAsync("unstaged"))[0];

        var refused = await ErrorAsync("git_discard", $$"""{"paths":["a.txt"],"hunks":["{{hunk["id"]}}"]}""");

        Assert.Equal("GIT_ERROR", (string?)refused["code"]);
        Assert.Equal("1\r\nzwei\r\n", Repository.Read("a.txt"));
    }

    [Fact]
    public async Task Undo_does_not_overwrite_a_file_that_is_ignored_by_now()
    {
        Messy();
        var name = await DiscardAsync("dir");
        Repository.Write(".gitignore", "dir\n");
        Repository.Write("dir/deep/untracked.txt", "newer\n");

        Assert.Equal("CONFLICT", (string?)(await UndoAsync(name))["error"]!["code"]);
        Assert.Equal("newer\n", Repository.Read("dir/deep/untracked.txt"));
    }

    [Fact]
    public async Task Nothing_to_discard_ignored_files_and_made_up_refs_are_refused()
    {
        Messy();
        Repository.Git("config", "user.name", "");

        Assert.Equal("GIT_ERROR", (string?)(await ErrorAsync("git_discard", """{"paths":["ignored.txt"]}"""))["code"]);
        Assert.Equal("GIT_ERROR", (string?)(await ErrorAsync("git_discard", """{"paths":["no such file"]}"""))["code"]);
        foreach (var name in (string[])["HEAD", "refs/heads/main", "refs/pocketcoder/discarded/../../heads/main", "refs/pocketcoder/discarded/20200101T000000Z-001\n", "--help"])
        {
            Assert.Equal("NOT_FOUND", (string?)(await UndoAsync(name))["error"]!["code"]);
        }

        // And it works where nobody told git who they are.
        Assert.StartsWith("refs/pocketcoder/discarded/", await DiscardAsync("keep.txt"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Before_the_first_commit_and_after_many_times_it_works_and_a_hundred_are_kept()
    {
        Repository.Init();
        Repository.Write("a.txt", "1");
        for (var i = 0; i < 120; i++)
        {
            Repository.Git("update-ref", $"refs/pocketcoder/discarded/20200101T000000Z-{i:D3}", Repository.Git("commit-tree", "-m", "x", Repository.Git("write-tree").Trim()).Trim());
        }

        var name = await DiscardAsync("a.txt");
        var kept = Repository.Git("for-each-ref", "--format=%(refname)", "refs/pocketcoder/").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var gone = !File.Exists(Repository["a.txt"]);
        await UndoAsync(name);

        Assert.True(gone);
        Assert.Equal("1", Repository.Read("a.txt"));
        Assert.Equal((100, name), (kept.Length, kept[^1]));
        Assert.Equal("refs/pocketcoder/discarded/20200101T000000Z-021", kept[0]);
    }

    [Fact]
    public async Task Stashes_are_made_listed_and_taken_by_their_sha()
    {
        Messy();

        var made = await AskAsync("git_stash", """{"action":"push","message":"half ü","includeUntracked":true}""");
        var clean = Repository.Git("status", "--porcelain");
        Repository.Write("keep.txt", "second");
        var two = await AskAsync("git_stash", """{"action":"push"}""");
        var wrong = await ErrorAsync("git_stash", """{"action":"pop","sha":"stash@{0}"}""");
        var left = await AskAsync("git_stash", $$"""{"action":"pop","sha":"{{made["stashes"]![0]!["sha"]}}"}""");
        var dropped = await AskAsync("git_stash", $$"""{"action":"drop","sha":"{{two["stashes"]![0]!["sha"]}}"}""");
        var listed = await AskAsync("git_stash", """{"action":"list"}""");

        Assert.Equal("", clean);
        Assert.Equal("On main: half ü", (string?)Assert.Single(made["stashes"]!.AsArray())!["message"]);
        Assert.Equal(2, two["stashes"]!.AsArray().Count);
        Assert.Equal("NOT_FOUND", (string?)wrong["code"]);
        Assert.Equal((string?)two["stashes"]![0]!["sha"], (string?)Assert.Single(left["stashes"]!.AsArray())!["sha"]);
        Assert.Equal("new\n", Repository.Read("dir/deep/untracked.txt"));
        Assert.Empty(dropped["stashes"]!.AsArray());
        Assert.Empty(listed["stashes"]!.AsArray());
        Assert.Equal("There are no changes to put aside.", (string?)(await ErrorAsync("git_stash", """{"action":"push"}""".Replace("push", await CleanAsync(), StringComparison.Ordinal)))["message"]);
    }

    private async Task<string> CleanAsync()
    {
        await DiscardAsync("");
        Repository.Git("reset", "-q", "--hard");
        return "push";
    }
}
