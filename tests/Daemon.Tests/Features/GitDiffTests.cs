using System.Text.Json.Nodes;
using Xunit;

namespace PocketCoder.Daemon.Tests.Features;

public sealed class GitDiffTests : GitFixture
{
    private async Task<Dictionary<string, JsonObject>> FilesAsync(string payload) =>
        (await AskAsync("git_diff", payload))["files"]!.AsArray().ToDictionary(f => (string)f!["path"]!, f => f!.AsObject());

    private static string Lines(JsonObject file) => string.Join('\n', file["hunks"]!.AsArray().SelectMany(h => h!["lines"]!.AsArray()).Select(l => (string)l!));

    [Fact]
    public async Task Every_kind_of_change_is_shown()
    {
        Repository.Init();
        Repository.Write("edit.txt", "1\n2\n3\n4\n5\n6\n7\n8\n9\n");
        Repository.Write("old.txt", string.Join('\n', Enumerable.Range(0, 30)));
        Repository.Write("gone.txt", "bye\n");
        Repository.Write("script", "x");
        File.WriteAllBytes(Repository["b.bin"], [0, 1]);
        File.CreateSymbolicLink(Repository["link"], "edit.txt");
        Repository.CommitAll("first");
        Repository.Write("edit.txt", "1\n2\n3\n4\nfive\n6\n7\n8\n9");
        Repository.Git("mv", "old.txt", "new.txt");
        Repository.Git("rm", "-q", "gone.txt");
        File.SetUnixFileMode(Repository["script"], UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.UserWrite);
        File.WriteAllBytes(Repository["b.bin"], [0, 2]);
        File.Delete(Repository["link"]);
        Repository.Write("link", "no link\n");
        Repository.Write("empty", "");
        Repository.Git("add", ".");

        var staged = await FilesAsync("""{"scope":"staged"}""");
        Repository.Git("commit", "-qm", "second");
        var commit = await FilesAsync("""{"scope":"commit"}""");
        var root = await FilesAsync("""{"scope":"commit","commit":"HEAD~1"}""");

        Assert.Equal(["b.bin M", "edit.txt M", "empty A", "gone.txt D", "link T", "new.txt R", "script M"], staged.OrderBy(f => f.Key, StringComparer.Ordinal).Select(f => $"{f.Key} {f.Value["status"]}"));
        Assert.Equal(" 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n-9\n+9\n\\ No newline at end of file", Lines(staged["edit.txt"]));
        var hunk = staged["edit.txt"]["hunks"]![0]!;
        Assert.Equal((2, 8, 2, 8), ((int)hunk["oldStart"]!, (int)hunk["oldLines"]!, (int)hunk["newStart"]!, (int)hunk["newLines"]!));
        Assert.Equal((2, 2), ((int)staged["edit.txt"]["additions"]!, (int)staged["edit.txt"]["deletions"]!));
        Assert.Equal("old.txt", (string?)staged["new.txt"]["origPath"]);
        Assert.True((bool)staged["b.bin"]["binary"]!);
        Assert.Equal("-edit.txt\n\\ No newline at end of file\n+no link", Lines(staged["link"]));
        Assert.Equal("-bye", Lines(staged["gone.txt"]));
        Assert.Equal(staged.Values.Select(Lines), commit.Values.Select(Lines));
        Assert.Equal("+bye", Lines(root["gone.txt"]));
    }

    [Fact]
    public async Task Untracked_files_are_shown_as_added_and_links_and_large_ones_only_named()
    {
        Repository.Init();
        File.WriteAllText(Beside("secret"), "secret");
        Repository.Write("new.txt", "a\nb");
        Repository.Write("large.txt", new string('x', 300 * 1024));
        Repository.Write(".gitignore", "ignored\n");
        Repository.Write("ignored", "");
        File.CreateSymbolicLink(Repository["link"], Beside("secret"));
        File.WriteAllBytes(Repository["b.bin"], [0]);

        var files = await FilesAsync("""{"scope":"unstaged"}""");
        var one = await FilesAsync("""{"scope":"unstaged","paths":["new.txt"]}""");

        Assert.Equal([".gitignore", "b.bin", "large.txt", "link", "new.txt"], files.Keys.Order(StringComparer.Ordinal));
        Assert.Equal("+a\n+b\n\\ No newline at end of file", Lines(files["new.txt"]));
        Assert.Equal("?", (string?)files["new.txt"]["status"]);
        Assert.Equal(("", true), (Lines(files["large.txt"]), (bool)files["large.txt"]["truncated"]!));
        Assert.Equal("", Lines(files["link"]));
        Assert.True((bool)files["b.bin"]["binary"]!);
        Assert.Equal(["new.txt"], one.Keys);
    }

    [Fact]
    public async Task A_conflicted_file_is_shown_against_our_side_and_a_merge_against_its_first_parent()
    {
        Repository.Init();
        Repository.Write("a.txt", "base\n");
        Repository.CommitAll("base");
        Repository.Git("checkout", "-qb", "side");
        Repository.Write("a.txt", "side\n");
        Repository.CommitAll("side");
        Repository.Git("checkout", "-q", "main");
        Repository.Write("a.txt", "main\n");
        Repository.CommitAll("main");
        Assert.NotEqual(0, Repository.RunGit("merge", "side").ExitCode);

        var unstaged = await FilesAsync("""{"scope":"unstaged"}""");
        var status = await AskAsync("git_status");
        Repository.Write("a.txt", "both\n");
        Repository.CommitAll("merged");
        var merge = await FilesAsync("""{"scope":"commit"}""");

        Assert.Equal("U", (string?)unstaged["a.txt"]["status"]);
        Assert.Equal("+<<<<<<< HEAD\n main\n+=======\n+side\n+>>>>>>> side", Lines(unstaged["a.txt"]));
        Assert.Equal("merge", (string?)status["operation"]);
        Assert.Equal("-main\n+both", Lines(merge["a.txt"]));
    }

    [Fact]
    public async Task Long_lines_many_lines_and_many_files_are_cut_and_said_to_be()
    {
        Repository.Init();
        Repository.Write("many.txt", string.Concat(Enumerable.Range(0, 5_000).Select(i => $"{i}\n")));
        Repository.Write("wide.txt", new string('x', 1_998) + "😀" + new string('y', 50_000) + "\n");
        for (var i = 0; i < 400; i++)
        {
            Repository.Write($"f/{i:D3}", string.Concat(Enumerable.Repeat(new string('z', 99) + "\n", 60)));
        }

        Repository.Git("add", ".");
        var answer = await AskAsync("git_diff", """{"scope":"staged"}""");
        var named = await FilesAsync("""{"scope":"staged","paths":["many.txt","wide.txt"]}""");

        Assert.True((bool)answer["truncated"]!);
        Assert.Equal((300, 402), (answer["files"]!.AsArray().Count, (int)answer["fileCount"]!));
        Assert.InRange(answer.ToJsonString().Length, 500_000, 2_500_000);
        Assert.Equal((5_000, true, 3_000), ((int)named["many.txt"]["additions"]!, (bool)named["many.txt"]["truncated"]!, Lines(named["many.txt"]).Split('\n').Length));
        Assert.Null(named["many.txt"]["hunks"]![0]!["id"]);
        Assert.Equal("+" + new string('x', 1_998) + "…", Lines(named["wide.txt"]));
    }

    [Fact]
    public async Task Content_that_looks_like_a_patch_is_content()
    {
        const string before = "diff --git a/x b/x\n@@ -1,2 +1,2 @@\n-- a/x\n++ b/x\n\\ No newline at end of file\n* Unmerged path x\n";
        Repository.Init();
        Repository.Write("a.txt", before);
        Repository.Write("z.txt", "z\n");
        Repository.CommitAll("first");
        Repository.Write("a.txt", string.Concat(before.Split('\n')[..^1].Reverse().Select(l => l + "\n")));
        Repository.Write("z.txt", "zz\n");

        var files = await FilesAsync("""{"scope":"unstaged"}""");

        Assert.Equal(["a.txt", "z.txt"], files.Keys);
        Assert.Equal("-z\n+zz", Lines(files["z.txt"]));
        Assert.Equal(before.Split('\n')[..^1], Lines(files["a.txt"]).Split('\n').Where(l => l[0] is '-' or ' ').Select(l => l[1..]));
    }

    [Fact]
    public async Task The_owners_taste_in_diffs_changes_nothing_on_the_wire()
    {
        Repository.Init();
        Repository.Write("a.txt", "1\n\n3\n");
        Repository.CommitAll("first");
        Repository.Write("a.txt", "1\n\nthree\n");
        foreach (var (key, value) in new[] { ("diff.noprefix", "true"), ("diff.mnemonicPrefix", "true"), ("diff.suppressBlankEmpty", "true"), ("color.ui", "always"), ("diff.context", "0"), ("core.quotePath", "true"), ("diff.relative", "true") })
        {
            Repository.Git("config", key, value);
        }

        Assert.Equal(" 1\n \n-3\n+three", Lines((await FilesAsync("""{"scope":"unstaged"}"""))["a.txt"]));
    }
}
