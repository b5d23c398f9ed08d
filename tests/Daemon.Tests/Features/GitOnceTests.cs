using System.Text.Json.Nodes;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Daemon.Tests.Features;

/// <summary>A phone whose answers are lost in a tunnel asks again, with the same key.</summary>
public sealed class GitOnceTests : GitFixture
{
    private const string Key = "11111111-2222-4333-8444-555555555555";

    [Fact]
    public async Task A_commit_that_is_asked_for_again_over_another_connection_is_made_once_and_answered_the_same()
    {
        await StageAsync();

        var first = await CommitAsync(Client);
        await using var back = await Machine.ClientAsync();
        Repository.Write("later.txt", "staged meanwhile\n");
        Repository.Git("add", "later.txt");
        var again = await CommitAsync(back);

        Assert.True(JsonNode.DeepEquals(first["payload"], again["payload"]), again.ToJsonString());
        Assert.Equal(1, Commits);
        Assert.Equal(["A later.txt"], Changes(await AskAsync("git_status"), "staged"));
    }

    [Fact]
    public async Task Asked_for_many_times_at_once_a_commit_is_made_once()
    {
        await StageAsync();
        Repository.WriteScript(".git/hooks/pre-commit", "sleep 0.5");
        var phones = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => Machine.ClientAsync()));

        var answers = await Task.WhenAll(phones.Select(CommitAsync));

        Assert.Single(answers.Select(answer => answer["payload"]?.ToJsonString() ?? answer.ToJsonString()).Distinct());
        Assert.Equal(1, Commits);
        foreach (var phone in phones)
        {
            await phone.DisposeAsync();
        }
    }

    [Fact]
    public async Task What_was_begun_goes_on_when_the_machine_loses_its_link_and_is_answered_when_it_is_back()
    {
        await StageAsync();
        Repository.WriteScript(".git/hooks/pre-commit", "echo begun >> .git/hook.log; until [ -e .git/go ]; do sleep 0.05; done");
        var port = Machine.Relay.LocalUrl.Port;

        await Client.SendAsync(new JsonObject
        {
            ["type"] = "git_commit", ["requestId"] = "lost", ["machineKey"] = Machine.MachineKey, ["sessionId"] = Machine.ProjectId, ["payload"] = Commit(),
        });
        await Client.UntilTypeAsync("progress");
        await Machine.Relay.DisposeAsync();
        await Machine.StartRelayAsync(port);
        await using var back = await Machine.ClientAsync();
        await Machine.ReachableAsync(back);
        var answer = CommitAsync(back);
        Repository.Write(".git/go", "");

        Assert.Equal("One", (string?)(await answer)["payload"]?["subject"]);
        Assert.Equal("begun\n", Repository.Read(".git/hook.log"));
        Assert.Equal(1, Commits);
    }

    [Fact]
    public async Task A_daemon_that_stops_has_ended_what_was_begun_and_the_next_one_has_another_memory()
    {
        await StageAsync();
        Repository.WriteScript(".git/hooks/pre-commit", "echo $$ > .git/hook.pid; until [ -e .git/go ]; do sleep 0.05; done");
        var memory = (string?)(await AskAsync("git_status"))["keyMemory"];
        await Client.SendAsync(new JsonObject
        {
            ["type"] = "git_commit", ["requestId"] = "begun", ["machineKey"] = Machine.MachineKey, ["sessionId"] = Machine.ProjectId, ["payload"] = Commit(),
        });
        await Client.UntilTypeAsync("progress");
        var hook = $"/proc/{Repository.Read(".git/hook.pid").Trim()}";
        Assert.True(Directory.Exists(hook));

        await Machine.Daemon.DisposeAsync();

        Assert.False(Directory.Exists(hook));
        await Machine.StartDaemonAsync();
        await Machine.ReachableAsync(Client);
        Assert.NotNull(memory);
        Assert.NotEqual(memory, (string?)(await AskAsync("git_status"))["keyMemory"]);
    }

    [Fact]
    public async Task A_part_of_a_file_is_discarded_once_and_nothing_else_in_its_place()
    {
        Repository.Init().Write("a.txt", SixtyLines());
        Repository.CommitAll("Zero");
        Repository.Write("a.txt", SixtyLines("5 five", "50 fifty"));
        var hunk = (string)(await HunksAsync("unstaged"))[0]["id"]!;
        JsonObject request() => new() { ["paths"] = new JsonArray("a.txt"), ["hunks"] = new JsonArray(hunk), ["key"] = Key };

        var first = await WholeAsync("git_discard", request());
        Repository.Write("a.txt", SixtyLines("5 five", "50 fifty"));
        var again = await WholeAsync("git_discard", request());

        Assert.True(JsonNode.DeepEquals(first["payload"], again["payload"]), again.ToJsonString());
        Assert.Equal(SixtyLines("5 five", "50 fifty"), Repository.Read("a.txt"));
    }

    [Fact]
    public async Task A_failure_may_be_tried_again_with_the_same_key()
    {
        Repository.Init();

        Assert.Equal("GIT_ERROR", (string?)(await CommitAsync(Client))["error"]?["code"]);
        Repository.Write("a.txt", "a\n");
        Repository.Git("add", "a.txt");

        Assert.Equal("One", (string?)(await CommitAsync(Client))["payload"]?["subject"]);
    }

    [Fact]
    public async Task Another_key_another_request_and_another_project_are_other_work()
    {
        await StageAsync();
        await CommitAsync(Client);
        Repository.Write("b.txt", "b\n");

        Assert.Null((await WholeAsync("git_stage", new JsonObject { ["paths"] = new JsonArray("b.txt"), ["key"] = Key }))["error"]);
        Assert.Equal("Two", (string?)(await AskAsync("git_commit", """{"message":"Two","key":"11111111-2222-4333-8444-666666666666"}"""))["subject"]);
        Repository.Write("c.txt", "c\n");
        Repository.Git("add", "c.txt");
        await using var another = await Machine.ClientAsync();
        var theirs = await another.AskAsync("git_commit", new JsonObject { ["message"] = "Three", ["key"] = Key }, Machine.MachineKey, Machine.ProjectId);
        Assert.Equal("Three", (string?)theirs["payload"]?["subject"]);
        using TempDirectory other = new();
        var elsewhere = await RegisterAsync(other.Path);
        Assert.Equal("GIT_NOT_INITIALIZED", (string?)(await ErrorAsync("git_commit", Commit().ToJsonString(), elsewhere))["code"]);
        Assert.Equal(3, Commits);
    }

    [Fact]
    public async Task A_key_that_is_no_UUID_is_refused()
    {
        await StageAsync();

        Assert.Equal("INVALID_REQUEST", (string?)(await ErrorAsync("git_commit", """{"message":"One","key":"mine"}"""))["code"]);
    }

    private int Commits => int.Parse(Repository.Git("rev-list", "--count", "HEAD"), System.Globalization.CultureInfo.InvariantCulture);

    private async Task StageAsync()
    {
        Repository.Init().Write("a.txt", "a\n");
        await AskAsync("git_stage", """{"paths":["a.txt"]}""");
    }

    private static JsonObject Commit() => new() { ["message"] = "One", ["key"] = Key };

    private Task<JsonObject> CommitAsync(TestClient client) => client.AskAsync("git_commit", Commit(), Machine.MachineKey, Machine.ProjectId);
}
