using System.Text.Json.Nodes;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Daemon.Tests.Features;

public sealed class GitTests : IAsyncLifetime
{
    private TestSystem _system = null!;
    private TestClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _system = await TestSystem.StartAsync();
        _client = await _system.ClientAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _system.DisposeAsync();
    }

    private TempProject Repository => _system.Project;

    private async Task<JsonObject> StatusAsync() => (await _system.AskAsync(_client, "git_status", new JsonObject()))["payload"]!.AsObject();

    private static IEnumerable<string> Changes(JsonObject status, string group) =>
        status[group]!.AsArray().Select(c => $"{c!["status"]} {c["path"]}{(c["origPath"] is { } from ? $" <- {from}" : "")}");

    [Fact]
    public async Task A_directory_without_git_says_so()
    {
        var answer = await _system.AskAsync(_client, "git_status", new JsonObject());

        Assert.Equal("GIT_NOT_INITIALIZED", (string?)answer["error"]!["code"]);
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
    public async Task Looking_runs_nothing_that_the_repository_names()
    {
        // Each canary writes a file when it runs; the configuration stands in an included file, which `config --local` does not show.
        Repository.Git("init");
        Repository.Write(".gitattributes", "*.txt filter=evil diff=evil\n");
        Repository.Write("a.txt", "1");
        Repository.Git("add", ".");
        Repository.Git("commit", "-m", "first");
        var fired = Repository["../fired"];
        string Canary(string name) => $"touch {fired}-{name}; cat";
        Repository.Write(".git/hidden", $"""
            [filter "evil"]
              clean = "{Canary("clean")}"
              smudge = "{Canary("smudge")}"
              required = true
            [core]
              fsmonitor = "touch {fired}-fsmonitor; false"
            """);
        Repository.Git("config", "include.path", "hidden");
        Repository.Write(".git/hooks/post-index-change", $"#!/bin/sh\ntouch {fired}-hook\n");
        File.SetUnixFileMode(Repository[".git/hooks/post-index-change"], UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.UserWrite);
        Repository.Write("a.txt", "2");

        var status = await StatusAsync();
        var firedByUs = Directory.GetFiles(Path.GetDirectoryName(fired)!, "fired-*");
        Repository.Git("status");
        var firedByGit = Directory.GetFiles(Path.GetDirectoryName(fired)!, "fired-*");

        Assert.Equal(["M a.txt"], Changes(status, "unstaged"));
        Assert.Empty(firedByUs);
        Assert.True(firedByGit.Length >= 2, "Plain git must fire the canaries, or this test shows nothing.");
    }

    [Theory]
    [InlineData("filter.x.clean", true)]
    [InlineData("filter.with.dots.process", true)]
    [InlineData("diff.x.textconv", true)]
    [InlineData("merge.x.driver", true)]
    [InlineData("credential.helper", true)]
    [InlineData("core.sshcommand", true)]
    [InlineData("user.name", false)]
    [InlineData("filter.x.other", false)]
    public void Keys_that_name_programs_are_known(string key, bool named)
    {
        Assert.Equal(named ? [key] : [], PocketCoder.Daemon.Features.Git.HardenedGit.ProgramsOf($"local\0{key}\0global\0{key}\0"));
    }
}
