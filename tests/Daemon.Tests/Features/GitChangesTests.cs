using System.Text.Json.Nodes;
using CsCheck;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Daemon.Tests.Features;

public sealed class GitChangesTests : GitFixture
{
    private Task<JsonObject> StatusAsync() => AskAsync("git_status");

    [Fact]
    public async Task Files_are_staged_unstaged_and_committed()
    {
        Repository.Init();
        Repository.Write("a.txt", "1");
        Repository.Write("gone.txt", "1");
        Repository.CommitAll("first");
        Repository.Write("a.txt", "2");
        Repository.Write("dir/new.txt", "2");
        File.Delete(Repository["gone.txt"]);

        await AskAsync("git_stage", """{"paths":["a.txt","dir","gone.txt"]}""");
        var all = await StatusAsync();
        await AskAsync("git_unstage", """{"paths":["gone.txt"]}""");
        var two = await StatusAsync();
        var commit = await AskAsync("git_commit", """{"message":"Zwei ü\n\nA body.\n# not a comment\n"}""");
        var after = await StatusAsync();

        Assert.Equal(["M a.txt", "A dir/new.txt", "D gone.txt"], Changes(all, "staged"));
        Assert.Equal(["M a.txt", "A dir/new.txt"], Changes(two, "staged"));
        Assert.Equal("Zwei ü", (string?)commit["subject"]);
        Assert.Equal((string?)after["head"], (string?)commit["sha"]);
        Assert.Equal(["D gone.txt"], Changes(after, "unstaged"));
        Assert.Equal("Zwei ü\n\nA body.\n# not a comment\n", Repository.Git("log", "-1", "--format=%B").TrimEnd('\n') + "\n");
    }

    [Fact]
    public async Task Before_the_first_commit_files_are_unstaged_too()
    {
        Repository.Init();
        Repository.Write("a.txt", "1");
        Repository.Write("b.txt", "1");
        await AskAsync("git_stage", """{"paths":[""]}""");
        await AskAsync("git_unstage", """{"paths":["a.txt"]}""");

        var status = await StatusAsync();

        Assert.Equal(["A b.txt"], Changes(status, "staged"));
        Assert.Equal(["? a.txt"], Changes(status, "unstaged"));
    }

    [Fact]
    public async Task A_commit_is_amended_with_its_message_or_another()
    {
        Repository.Init();
        Repository.Write("a.txt", "1");
        Repository.CommitAll("first");
        Repository.Write("b.txt", "1");
        await AskAsync("git_stage", """{"paths":["b.txt"]}""");

        var kept = await AskAsync("git_commit", """{"message":"","amend":true}""");
        var renamed = await AskAsync("git_commit", """{"message":"better","amend":true}""");

        Assert.Equal(("first", "better"), ((string?)kept["subject"], (string?)renamed["subject"]));
        Assert.Equal("1", Repository.Git("rev-list", "--count", "HEAD").Trim());
        Assert.Equal("a.txt\nb.txt\n", Repository.Git("ls-files"));
    }

    [Fact]
    public async Task A_commit_of_nothing_and_one_by_nobody_say_what_to_do()
    {
        Repository.Init();
        Repository.Write("a.txt", "1");
        Repository.CommitAll("first");

        var nothing = await ErrorAsync("git_commit", """{"message":"x"}""");
        Repository.Write("b.txt", "1");
        Repository.Git("add", ".");
        Repository.Git("config", "user.name", "");
        var nobody = await ErrorAsync("git_commit", """{"message":"x"}""");

        Assert.Equal("Nothing is staged. Stage something first.", (string?)nothing["message"]);
        Assert.Equal("GIT_ERROR", (string?)nobody["code"]);
        Assert.Contains("git config --global user.name", (string?)nobody["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Hooks_run_at_a_commit_and_what_they_leave_behind_ends_with_it()
    {
        Repository.Init();
        Repository.Write("a.txt", "1");
        Repository.WriteScript(".git/hooks/pre-commit", $"setsid sleep 1000 </dev/null >/dev/null 2>&1 & echo $! > {Beside("pid")}");
        Repository.Git("add", ".");

        await AskAsync("git_commit", """{"message":"x"}""");

        var pid = File.ReadAllText(Beside("pid")).Trim();
        Assert.False(Directory.Exists($"/proc/{pid}") && File.ReadAllText($"/proc/{pid}/cmdline").Contains("sleep", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_hook_that_refuses_is_quoted_without_secrets_and_foreign_paths()
    {
        Repository.Init();
        Repository.Write("a.txt", "1");
        Repository.WriteScript(".git/hooks/pre-commit", $"echo 'No: {Repository.Path}/a.txt, /etc/private/list and https://me:geheim@example.org/x' >&2; exit 1");
        Repository.Git("add", ".");

        var refused = await ErrorAsync("git_commit", """{"message":"x"}""");

        Assert.Equal(1, (int)refused["details"]!["exitCode"]!);
        Assert.Equal("No: ./a.txt, …/list and https://example.org/x", (string?)refused["details"]!["stderr"]);
    }

    [Fact]
    public async Task A_lock_that_another_git_holds_is_waited_for()
    {
        Repository.Init();
        Repository.Write("a.txt", "1");
        Repository.Write(".git/index.lock", "");

        var staging = WholeAsync("git_stage", Paths("a.txt"));
        await using var other = await Machine.ClientAsync();
        await other.AskAsync("git_status", new JsonObject(), Machine.MachineKey, Machine.ProjectId);
        File.Delete(Repository[".git/index.lock"]);

        Assert.True((bool)(await staging)["payload"]!["success"]!);
    }

    [Fact]
    public async Task A_lock_that_stays_is_named_in_a_sentence()
    {
        Repository.Init();
        Repository.Write("a.txt", "1");
        Repository.Write(".git/index.lock", "");

        var refused = await ErrorAsync("git_stage", """{"paths":["a.txt"]}""");

        Assert.StartsWith("Another git is at work", (string?)refused["message"], StringComparison.Ordinal);
        Assert.Contains("./.git/index.lock", (string?)refused["details"]!["stderr"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_phones_at_once_do_not_fight_for_the_index()
    {
        Repository.Init();
        await using var other = await Machine.ClientAsync();
        for (var i = 0; i < 16; i++)
        {
            Repository.Write($"{i}.txt", $"{i}");
        }

        var answers = await Task.WhenAll(new[] { Client, other }.Select(async (client, phone) =>
        {
            List<JsonObject> own = [];
            for (var i = 0; i < 8; i++)
            {
                own.Add(await client.AskAsync("git_stage", Paths($"{2 * i + phone}.txt"), Machine.MachineKey, Machine.ProjectId));
            }

            return own;
        }));

        Assert.All(answers.SelectMany(a => a), answer => Assert.Equal("git_stage_response", (string?)answer["type"]));
        Assert.Equal(16, Changes(await StatusAsync(), "staged").Count());
    }

    [Fact]
    public async Task Hunks_are_staged_and_unstaged_one_by_one()
    {
        Repository.Init();
        Repository.Write("-a b.txt", SixtyLines());
        Repository.CommitAll("first");
        Repository.Write("-a b.txt", SixtyLines("5 five\n5 and more", "30 thirty", "55 fifty-five"));

        var hunks = await HunksAsync("unstaged");
        await AskAsync("git_stage", $$"""{"paths":["-a b.txt"],"hunks":["{{hunks[1]["id"]}}","{{hunks[2]["id"]}}"]}""");
        var staged = Repository.Git("show", ":-a b.txt");
        var stagedHunks = await HunksAsync("staged", contextLines: 0);
        await AskAsync("git_unstage", $$"""{"paths":["-a b.txt"],"hunks":["{{stagedHunks[1]["id"]}}"],"contextLines":0}""");

        Assert.Equal(3, hunks.Count);
        Assert.Equal(SixtyLines("30 thirty", "55 fifty-five"), staged);
        Assert.Equal(SixtyLines("30 thirty"), Repository.Git("show", ":-a b.txt"));
        Assert.Equal(SixtyLines("5 five\n5 and more", "30 thirty", "55 fifty-five"), Repository.Read("-a b.txt"));
    }

    [Fact]
    public async Task A_hunk_lands_at_its_own_place_also_among_equal_lines()
    {
        // Without moving the line numbers of later hunks git looks for a place that fits, and among equal lines finds the wrong one.
        var equal = Enumerable.Repeat("x\n", 40);
        Repository.Init();
        Repository.Write("a.txt", string.Concat(equal));
        Repository.CommitAll("first");
        Repository.Write("a.txt", string.Concat(equal.Take(10)) + "one\ntwo\nthree\n" + string.Concat(equal.Take(20)) + "here\n" + string.Concat(equal.Take(10)));

        var hunks = await HunksAsync("unstaged", contextLines: 0);
        await AskAsync("git_stage", $$"""{"paths":["a.txt"],"hunks":["{{hunks[1]["id"]}}"],"contextLines":0}""");

        Assert.Equal(string.Concat(equal.Take(30)) + "here\n" + string.Concat(equal.Take(10)), Repository.Git("show", ":a.txt"));
    }

    [Fact]
    public async Task A_hunk_that_is_no_longer_what_was_shown_is_refused()
    {
        Repository.Init();
        Repository.Write("a.txt", "1\n");
        Repository.CommitAll("first");
        Repository.Write("a.txt", "2\n");
        var id = (await HunksAsync("unstaged"))[0]["id"];
        Repository.Write("a.txt", "3\n");

        var refused = await ErrorAsync("git_stage", $$"""{"paths":["a.txt"],"hunks":["{{id}}"]}""");

        Assert.Equal("CONFLICT", (string?)refused["code"]);
        Assert.Empty(Repository.Git("diff", "--cached"));
    }

    [Fact]
    public async Task Any_name_goes_through_status_stage_diff_commit_and_base()
    {
        // git itself refuses a backslash, a path in .git and what Windows would take for it.
        var name = Gen.String[Gen.OneOf(Gen.Char["ab -*?[]!:\"'\n\t\r\x01\x7f#()$`~&|<>%@{}=+,;.^"], Gen.Char['\u00a0', '\ud7ff']), 1, 20]
            .Where(n => n is not ("." or "..") && n.Trim(' ', '.') != "" && !n.Contains('~', StringComparison.Ordinal));
        Repository.Init();
        var round = 0;
        await name.Array[1, 30].SampleAsync(async names =>
        {
            var directory = $"r{Interlocked.Increment(ref round)}";
            var paths = names.Distinct().Select(n => $"{directory}/{n}").Order(StringComparer.Ordinal).ToList();
            paths.ForEach(p => Repository.Write(p, p + "\n"));

            var before = await StatusAsync();
            var untracked = await AskAsync("git_diff", """{"scope":"unstaged"}""");
            await WholeAsync("git_stage", Paths(paths));
            var staged = await StatusAsync();
            var diff = await AskAsync("git_diff", """{"scope":"staged"}""");
            var first = await WholeAsync("git_commit", new JsonObject { ["message"] = "x" });
            var bases = new List<JsonObject>();
            foreach (var path in paths)
            {
                bases.Add((await WholeAsync("git_file_base", new JsonObject { ["path"] = path }))["payload"]!.AsObject());
            }

            Assert.Equal(paths.Select(p => "? " + p), Changes(before, "unstaged").Order(StringComparer.Ordinal));
            Assert.Equal(paths.Select(p => "A " + p), Changes(staged, "staged").Order(StringComparer.Ordinal));
            Assert.Equal(paths, diff["files"]!.AsArray().Select(f => (string)f!["path"]!).Order(StringComparer.Ordinal));
            foreach (var files in new[] { untracked, diff }.Select(d => d["files"]!.AsArray()))
            {
                Assert.All(files, f => Assert.Equal("+" + ((string)f!["path"]!).Split('\n')[0], (string?)f["hunks"]![0]!["lines"]![0]));
            }

            Assert.Equal("git_commit_response", (string?)first["type"]);
            Assert.Equal(paths.Select(p => p + "\n"), bases.Select(b => (string)b["content"]!));
        }, iter: 4, threads: 1);
    }

    [Fact]
    public async Task A_name_that_is_not_UTF8_is_shown_and_staged_by_the_same_characters()
    {
        Repository.Init();
        await ShellAsync("printf x > \"$(printf 'bad\\377name')\" && printf y > good");

        var status = await StatusAsync();
        await AskAsync("git_stage", """{"paths":["bad\uefffname"]}""");
        var diff = await AskAsync("git_diff", """{"scope":"staged"}""");
        await ShellAsync("rm bad*");

        Assert.Equal(["? bad\uefffname", "? good"], Changes(status, "unstaged"));
        Assert.Equal(["bad\uefffname: +x"], diff["files"]!.AsArray().Select(f => $"{f!["path"]}: {f["hunks"]![0]!["lines"]![0]}"));
    }

    // .NET can neither make nor delete a file whose name is not UTF-8.
    private async Task ShellAsync(string commands)
    {
        using var shell = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("/bin/sh", ["-c", commands]) { WorkingDirectory = Repository.Path })!;
        await shell.WaitForExitAsync();
    }
}
