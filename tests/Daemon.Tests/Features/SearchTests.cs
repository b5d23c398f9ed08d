using System.Text.Json.Nodes;
using PocketCoder.Daemon.Features.Files.Search;
using Xunit;

namespace PocketCoder.Daemon.Tests.Features;

public sealed class SearchTests : SystemTests
{
    private async Task<(List<string> Found, JsonObject End)> SearchAsync(JsonObject request)
    {
        var before = Client.Seen.Count;
        var end = await DoAsync("fs_search", request);
        var found = Client.Seen.Skip(before).Where(m => (string?)m["type"] == "fs_search_matches").SelectMany(m => m["payload"]!["matches"]!.AsArray())
            .Select(m => m!["line"] is null ? (string)m["path"]! : $"{m["path"]}:{m["line"]}:{m["column"]}:{m["text"]}").Order(StringComparer.Ordinal).ToList();
        return (found, end);
    }

    private void MakeProject(bool git)
    {
        Project.Write("src/a.ts", "first\r\nconst Needle = 1;\nNEEDLE and needle\n");
        Project.Write("src/.hidden/b.ts", "needle");
        Project.Write("docs/needle.md", "nothing here");
        Project.Write("node_modules/x/needle.js", "needle");
        Project.Write("bin.dat", "needle\0");
        Project.Write(".gitignore", "node_modules\n*.log\n");
        Project.Write("out.log", "needle");
        if (git)
        {
            Project.Git("init", "-q");
        }
    }

    [Fact]
    public async Task Text_is_found_by_line_and_column_where_git_does_not_ignore_it()
    {
        MakeProject(git: true);

        var (found, end) = await SearchAsync(new JsonObject { ["query"] = "needle", ["kind"] = "text" });
        var (exact, _) = await SearchAsync(new JsonObject { ["query"] = "Needle", ["kind"] = "text", ["caseSensitive"] = true });
        var (below, _) = await SearchAsync(new JsonObject { ["query"] = "needle", ["kind"] = "text", ["path"] = "src/.hidden" });

        Assert.Equal(["src/.hidden/b.ts:1:1:needle", "src/a.ts:2:7:const Needle = 1;", "src/a.ts:3:1:NEEDLE and needle"], found);
        Assert.Equal((3, 2, false, false), ((int)end["matchCount"]!, (int)end["fileCount"]!, (bool)end["truncated"]!, (bool)end["cancelled"]!));
        Assert.Equal(["src/a.ts:2:7:const Needle = 1;"], exact);
        Assert.Equal(["src/.hidden/b.ts:1:1:needle"], below);
    }

    [Fact]
    public async Task What_is_tracked_is_searched_though_it_is_ignored_and_what_was_deleted_is_not_found()
    {
        MakeProject(git: true);
        Project.Write("kept.log", "needle");
        Project.Write(".ignore", "*.ts\n");
        Project.Write("needle-gone.txt", "needle");
        Project.Git("add", "-f", "kept.log", "needle-gone.txt");
        File.Delete(Project["needle-gone.txt"]);

        var (text, _) = await SearchAsync(new JsonObject { ["query"] = "needle", ["kind"] = "text", ["caseSensitive"] = true });
        var (names, _) = await SearchAsync(new JsonObject { ["query"] = "needle", ["kind"] = "name" });

        Assert.Equal(["kept.log:1:1:needle", "src/.hidden/b.ts:1:1:needle", "src/a.ts:3:12:NEEDLE and needle"], text);
        Assert.Equal(["docs/needle.md"], names);
    }

    [Fact]
    public async Task Without_git_the_usual_directories_are_left_out()
    {
        MakeProject(git: false);

        var (text, _) = await SearchAsync(new JsonObject { ["query"] = "needle", ["kind"] = "text" });
        var (names, _) = await SearchAsync(new JsonObject { ["query"] = "NEEDLE docs", ["kind"] = "name" });

        Assert.Equal(["out.log:1:1:needle", "src/.hidden/b.ts:1:1:needle", "src/a.ts:2:7:const Needle = 1;", "src/a.ts:3:1:NEEDLE and needle"], text);
        Assert.Equal(["docs/needle.md"], names);
    }

    [Fact]
    public async Task Without_ripgrep_the_result_is_the_same()
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(d => File.Exists(Path.Combine(d, "rg"))), "ripgrep is not installed, so all of these tests ran without it.");
        MakeProject(git: true);
        var (with, _) = await SearchAsync(new JsonObject { ["query"] = "needle", ["kind"] = "text" });

        SearchCandidates.Ripgrep = "no-such-ripgrep";
        try
        {
            var (without, _) = await SearchAsync(new JsonObject { ["query"] = "needle", ["kind"] = "text" });
            Assert.Equal(with, without);
        }
        finally
        {
            SearchCandidates.Ripgrep = "rg";
        }
    }

    [Fact]
    public async Task A_search_ends_at_its_limit_and_says_so()
    {
        Project.Write("many.txt", string.Concat(Enumerable.Repeat("hit\n", 500)));

        var (found, end) = await SearchAsync(new JsonObject { ["query"] = "hit", ["kind"] = "text", ["limit"] = 120 });

        Assert.Equal(120, found.Count);
        Assert.True((bool)end["truncated"]!);
        Assert.Equal(120, (int)end["matchCount"]!);
    }

    [Fact]
    public async Task A_long_line_is_shown_around_its_match()
    {
        Project.Write("min.js", new string('x', 100_000) + "needle" + new string('y', 100_000));

        var (found, _) = await SearchAsync(new JsonObject { ["query"] = "needle", ["kind"] = "text" });

        var match = Assert.Single(found);
        Assert.StartsWith("min.js:1:100001:", match, StringComparison.Ordinal);
        Assert.Contains("needle", match, StringComparison.Ordinal);
        Assert.InRange(match.Length, 250, 300);
    }

    [Fact]
    public async Task A_search_follows_no_link_out_and_takes_no_option_for_a_query()
    {
        Project.Write("../outside/secret.txt", "needle");
        Directory.CreateSymbolicLink(Project["out"], "../outside");
        File.CreateSymbolicLink(Project["file"], "../outside/secret.txt");
        Project.Write("a.txt", "--pre=/bin/false");

        var (found, _) = await SearchAsync(new JsonObject { ["query"] = "needle", ["kind"] = "text" });
        var (option, _) = await SearchAsync(new JsonObject { ["query"] = "--pre=/bin/false", ["kind"] = "text" });

        Assert.Empty(found);
        Assert.Equal(["a.txt:1:1:--pre=/bin/false"], option);
        Assert.Equal("OUTSIDE_PROJECT_ROOT", Code(await AskAsync("fs_search", new JsonObject { ["query"] = "x", ["kind"] = "text", ["path"] = "../outside" })));
        Assert.Equal("OUTSIDE_PROJECT_ROOT", Code(await AskAsync("fs_search", new JsonObject { ["query"] = "x", ["kind"] = "name", ["path"] = "out" })));
    }

    [Fact]
    public async Task A_search_is_cancelled_by_its_own_client_only()
    {
        // One match a file, far more than the limit of a message, so that the search lasts until it is cancelled.
        for (var i = 0; i < 3000; i++)
        {
            Project.Write($"d{i % 30}/f{i}.txt", "needle");
        }

        await using var other = await System.ClientAsync();
        await Client.SendAsync(new JsonObject
        {
            ["type"] = "fs_search", ["requestId"] = "s1", ["machineKey"] = System.MachineKey, ["sessionId"] = System.ProjectId,
            ["payload"] = new JsonObject { ["query"] = "needle", ["kind"] = "text", ["limit"] = 10_000 },
        });
        await Client.UntilTypeAsync("fs_search_matches");
        var foreign = await System.AskAsync(other, "fs_search_cancel", new JsonObject { ["requestId"] = "s1" });
        await Client.SendAsync(new JsonObject
        {
            ["type"] = "fs_search_cancel", ["requestId"] = "c1", ["machineKey"] = System.MachineKey, ["sessionId"] = System.ProjectId,
            ["payload"] = new JsonObject { ["requestId"] = "s1" },
        });
        var end = await Client.UntilTypeAsync("fs_search_response");

        Assert.Equal("NOT_FOUND", Code(foreign));
        Assert.True((bool)end["payload"]!["cancelled"]! || (int)end["payload"]!["matchCount"]! == 3000);
        Assert.Equal("NOT_FOUND", Code(await AskAsync("fs_search_cancel", new JsonObject { ["requestId"] = "s1" })));
    }

    [Theory]
    [InlineData("")]
    [InlineData("two\nlines")]
    [InlineData("nul\0")]
    public async Task A_query_is_one_line(string query) =>
        Assert.Equal("INVALID_REQUEST", Code(await AskAsync("fs_search", new JsonObject { ["query"] = query, ["kind"] = "text" })));
}
