using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Daemon.Tests.Features;

public sealed class GitRemoteTests : GitFixture
{
    private TempProject _bare = null!, _other = null!;

    /// <summary>A project, a bare repository it pushes to, and a second clone of that.</summary>
    private void Cloned()
    {
        _bare = new TempProject(Beside("remote repository.git"));
        _bare.Git("init", "--bare");
        Repository.Init();
        Repository.Write("a.txt", "1\n");
        Repository.CommitAll("first");
        Repository.Git("remote", "add", "origin", _bare.Path);
        Repository.Git("push", "-q", "-u", "origin", "main");
        Repository.Git("clone", "-q", _bare.Path, Beside("other"));
        _other = new TempProject(Beside("other"));
    }

    private void OthersCommit(string path, string content)
    {
        _other.Write(path, content);
        _other.CommitAll("by another");
        _other.Git("push", "-q");
    }

    [Fact]
    public async Task A_branch_is_pushed_with_progress_and_follows_when_asked()
    {
        Cloned();
        Repository.Git("checkout", "-qb", "feature");
        Repository.Write("b.txt", "1");
        Repository.CommitAll("second");
        Repository.WriteScript(".git/hooks/pre-push", $"touch {Beside("pushed")}");

        var answer = await AskAsync("git_push", """{"setUpstream":true}""");

        Assert.Equal((true, "origin", "feature"), ((bool)answer["success"]!, (string?)answer["remote"], (string?)answer["branch"]));
        Assert.Contains("[new branch]", (string?)answer["output"], StringComparison.Ordinal);
        Assert.DoesNotContain(Path.GetDirectoryName(Repository.Path)!, (string?)answer["output"], StringComparison.Ordinal);
        Assert.Contains(Client.Seen, m => (string?)m["type"] == "progress" && m["payload"]!["message"] is not null);
        Assert.Equal(Repository.Git("rev-parse", "HEAD"), _bare.Git("rev-parse", "feature"));
        Assert.Equal("origin/feature", Repository.Git("rev-parse", "--abbrev-ref", "feature@{upstream}").Trim());
        Assert.True(File.Exists(Beside("pushed")), "Hooks run at a push, as at the desk.");
    }

    [Fact]
    public async Task Another_branch_and_remote_can_be_named_and_unknown_ones_are_refused()
    {
        Cloned();
        TempProject second = new(Beside("second.git"));
        second.Git("init", "--bare");
        Repository.Git("remote", "add", "mirror.of/ours", second.Path);
        Repository.Git("branch", "side");

        var answer = await AskAsync("git_push", """{"remote":"mirror.of/ours","branch":"side"}""");
        var address = await ErrorAsync("git_push", $$"""{"remote":"{{second.Path}}"}""");
        var unknown = await ErrorAsync("git_push", """{"branch":"nope"}""");

        Assert.Equal("mirror.of/ours", (string?)answer["remote"]);
        Assert.Equal("side", second.Git("branch", "--format=%(refname:short)").Trim());
        Assert.Equal("There is no remote of this name. Known: origin, mirror.of/ours.", (string?)address["message"]);
        Assert.Equal("There is no such branch to push, or no commit on it yet.", (string?)unknown["message"]);
    }

    [Fact]
    public async Task A_push_that_the_remote_is_ahead_of_says_to_pull_and_a_pull_brings_it()
    {
        Cloned();
        OthersCommit("b.txt", "2\n");
        var refusedWithout = Repository.Git("rev-parse", "HEAD");
        Repository.Git("commit", "-q", "--allow-empty", "-m", "ours");

        var push = await ErrorAsync("git_push");
        var forward = await ErrorAsync("git_pull");
        Repository.Git("reset", "-q", "--hard", refusedWithout.Trim());
        var pulled = await AskAsync("git_pull");
        var again = await AskAsync("git_pull");

        Assert.Equal("The remote has commits that this branch lacks. Pull first.", (string?)push["message"]);
        Assert.Equal("Both sides have new commits. Pull again with merge or rebase.", (string?)forward["message"]);
        Assert.Equal((true, _other.Git("rev-parse", "HEAD").Trim()), ((bool)pulled["updated"]!, (string?)pulled["head"]));
        Assert.False((bool)again["updated"]!);
        Assert.Equal("2\n", Repository.Read("b.txt"));
    }

    [Theory]
    [InlineData("merge", "2")]
    [InlineData("rebase", "1")]
    public async Task Two_sides_are_joined_or_nothing_is_changed(string mode, string parents)
    {
        Cloned();
        OthersCommit("b.txt", "2\n");
        Repository.Write("c.txt", "3\n");
        Repository.CommitAll("ours");
        await AskAsync("git_pull", $$"""{"mode":"{{mode}}"}""");
        var joined = Repository.Git("log", "-1", "--format=%P").Split(' ').Length.ToString(System.Globalization.CultureInfo.InvariantCulture);
        await AskAsync("git_push");
        _other.Git("pull", "-q");
        OthersCommit("a.txt", "theirs\n");
        Repository.Write("a.txt", "ours\n");
        Repository.CommitAll("conflicting");
        var before = Repository.Git("rev-parse", "HEAD");

        var conflict = await ErrorAsync("git_pull", $$"""{"mode":"{{mode}}"}""");
        var status = await AskAsync("git_status");

        Assert.Equal(parents, joined);
        Assert.StartsWith("Both sides changed the same lines of a.txt.", (string?)conflict["message"], StringComparison.Ordinal);
        Assert.Equal((before, "ours\n"), (Repository.Git("rev-parse", "HEAD"), Repository.Read("a.txt")));
        Assert.Null(status["operation"]);
        Assert.Empty(Changes(status, "conflicted"));
    }

    [Fact]
    public async Task A_fetch_shows_how_far_behind_the_branch_is()
    {
        Cloned();
        OthersCommit("b.txt", "2\n");
        _other.Git("push", "-q", "origin", "HEAD:passing");

        await AskAsync("git_fetch");
        var status = await AskAsync("git_status");
        _bare.Git("branch", "-D", "passing");
        await AskAsync("git_fetch", """{"remote":"origin","prune":true}""");
        var branches = await AskAsync("git_branches");

        Assert.Equal(1, (int)status["behind"]!);
        Assert.DoesNotContain("origin/passing", branches["branches"]!.AsArray().Select(b => (string?)b!["name"]));
    }

    [Theory]
    [InlineData("git_push")]
    [InlineData("git_pull")]
    [InlineData("git_fetch")]
    public async Task A_transfer_is_cancelled_by_its_own_client_and_leaves_nothing_behind(string type)
    {
        Cloned();
        var before = Repository.Git("rev-parse", "HEAD");
        using TcpListener silent = new(IPAddress.Loopback, 0);
        silent.Start();
        Repository.Git("remote", "set-url", "origin", $"http://{silent.LocalEndpoint}/x.git");
        await using var other = await Machine.ClientAsync();

        await Client.SendAsync(new JsonObject
        {
            ["type"] = type, ["requestId"] = "t1", ["machineKey"] = Machine.MachineKey, ["sessionId"] = Machine.ProjectId, ["payload"] = new JsonObject(),
        });
        using var asked = await silent.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
        var foreign = await other.AskAsync("git_cancel", new JsonObject { ["requestId"] = "t1" }, Machine.MachineKey, Machine.ProjectId);
        await Client.SendAsync(new JsonObject
        {
            ["type"] = "git_cancel", ["requestId"] = "c1", ["machineKey"] = Machine.MachineKey, ["sessionId"] = Machine.ProjectId,
            ["payload"] = new JsonObject { ["requestId"] = "t1" },
        });
        var error = (await Client.UntilTypeAsync("error"))["error"]!;
        var late = await ErrorAsync("git_cancel", """{"requestId":"t1"}""");

        Assert.Equal("NOT_FOUND", (string?)foreign["error"]!["code"]);
        Assert.Equal(("GIT_ERROR", "cancelled"), ((string?)error["code"], (string?)error["details"]!["reason"]));
        Assert.Equal("NOT_FOUND", (string?)late["code"]);
        Assert.Equal(before, Repository.Git("rev-parse", "HEAD"));
    }

    [Fact]
    public async Task A_remote_that_wants_a_password_is_an_answer_and_not_a_prompt()
    {
        await using GitUnauthorizedServer server = new();
        Cloned();
        Repository.Git("remote", "set-url", "origin", $"http://{server.Address}/x.git");

        foreach (var type in (string[])["git_push", "git_fetch", "git_pull"])
        {
            var refused = await ErrorAsync(type);

            Assert.Equal("GIT_ERROR", (string?)refused["code"]);
            Assert.StartsWith("The remote asks for a user name or password.", (string?)refused["message"], StringComparison.Ordinal);
        }

        Repository.Git("remote", "set-url", "origin", $"http://me:geheim@{server.Address}/x.git");
        Assert.DoesNotContain("geheim", (await ErrorAsync("git_push")).ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_remote_and_no_branch_say_what_to_do()
    {
        Repository.Init();
        Repository.Write("a.txt", "1");
        Repository.CommitAll("first");

        var nowhere = await ErrorAsync("git_push");
        var pull = await ErrorAsync("git_pull");
        Repository.Git("checkout", "-q", "--detach");
        var detached = await ErrorAsync("git_push");

        Assert.Contains("git remote add", (string?)nowhere["message"], StringComparison.Ordinal);
        Assert.Equal("GIT_ERROR", (string?)pull["code"]);
        Assert.StartsWith("HEAD is at no branch.", (string?)detached["message"], StringComparison.Ordinal);
    }
}
