using System.Diagnostics;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Daemon.Tests.Features;

public sealed class WatcherTests : IAsyncLifetime
{
    private readonly TempDirectory _elsewhere = new();
    private TestSystem _system = null!;
    private WatcherClient _client = null!;

    private string Root => _system.Project.Path;

    public async ValueTask InitializeAsync()
    {
        _system = await TestSystem.StartAsync();
        _client = await WatcherClient.ConnectAsync(_system);
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _system.DisposeAsync();
        _elsewhere.Dispose();
    }

    /// <summary>All events up to one about a file that is made now: everything that happened before is in them.</summary>
    private async Task<string[]> SettleAsync(WatcherClient? client = null, string? root = null)
    {
        var marker = $"marker-{Guid.NewGuid():N}";
        await File.WriteAllTextAsync(Path.Combine(root ?? Root, marker), "");
        return [.. (await (client ?? _client).ChangesUntilAsync(marker)).Where(c => !c.EndsWith(marker, StringComparison.Ordinal))];
    }

    private async Task RestartAsync(Action whileDown)
    {
        await _client.DisposeAsync();
        await _system.Daemon.DisposeAsync();
        whileDown();
        await _system.StartDaemonAsync();
        _client = await WatcherClient.ConnectAsync(_system);
    }

    [Fact]
    public async Task A_change_is_told_with_its_kind_and_the_next_number()
    {
        var before = _client.Seq;

        _system.Project.Write("a.txt", "1");
        Assert.Equal(["create a.txt"], await _client.NextChangesAsync());
        _system.Project.Write("a.txt", "2");
        Assert.Equal(["modify a.txt"], await _client.NextChangesAsync());
        File.Delete(_system.Project["a.txt"]);
        var last = await _client.NextAsync();

        Assert.Equal(["delete a.txt"], WatcherClient.ChangesOf(last));
        Assert.Equal(before + 3, (long)last["seq"]!);
        Assert.False(last.ContainsKey("changesTruncated"));
    }

    [Fact]
    public async Task Every_client_of_the_user_is_told()
    {
        await using var other = await WatcherClient.ConnectAsync(_system);

        _system.Project.Write("a.txt", "1");

        Assert.Equal(["create a.txt"], await _client.NextChangesAsync());
        Assert.Equal(["create a.txt"], await other.NextChangesAsync());
    }

    [Fact]
    public async Task The_number_is_on_disk_before_the_event_is_sent_and_status_and_listing_say_the_same()
    {
        for (var i = 0; i < 5; i++)
        {
            _system.Project.Write($"{i}", "");
            var seq = (long)(await _client.NextAsync())["seq"]!;

            await using SqliteConnection database = new(new SqliteConnectionStringBuilder { DataSource = _system.Paths.Database, Pooling = false }.ToString());
            database.Open();
            using var read = database.CreateCommand();
            read.CommandText = "SELECT last_seq FROM fs_state";
            Assert.Equal(seq, (long)read.ExecuteScalar()!);

            await using var client = await _system.ClientAsync();
            Assert.Equal(seq, (long)(await _system.AskAsync(client, "fs_list", new JsonObject { ["path"] = "" }))["payload"]!["seq"]!);
            Assert.Equal(seq, (long)(await _client.ProjectAsync())["lastFsSeq"]!);
            Assert.Equal(seq, Assert.Single((await _system.Daemon.StatusAsync(CancellationToken.None)).Projects).LastFsSeq);
        }
    }

    [Fact]
    public async Task After_a_restart_the_numbers_go_on_and_clients_are_told_to_list_again()
    {
        _system.Project.Write("a.txt", "1");
        var before = (long)(await _client.NextAsync())["seq"]!;
        await _client.DisposeAsync();
        await _system.Daemon.DisposeAsync();
        _system.Project.Write("b.txt", "1");

        await using var waiting = await _system.ClientAsync();
        await _system.StartDaemonAsync();
        _client = await WatcherClient.ConnectAsync(_system);
        Assert.Equal(before + 1, _client.Seq);
        _system.Project.Write("c.txt", "1");
        Assert.Equal(before + 2, (long)(await _client.NextAsync())["seq"]!);
        Assert.Contains("b.txt", _client.Paths);

        // The event of the start may have come before the link did: then it was sent to nobody, and the next one's number says so.
        var first = (await waiting.UntilTypeAsync("fs_changed"))["payload"]!.AsObject();
        Assert.True((long)first["seq"]! == before + 2 || (bool)first["changesTruncated"]!);
    }

    [Fact]
    public async Task Without_a_link_the_numbers_go_on_so_that_clients_notice()
    {
        var before = _client.Seq;
        var port = _system.Relay.LocalUrl.Port;
        await _system.Relay.DisposeAsync();

        _system.Project.Write("a.txt", "1");
        await WaitFor.TrueAsync(async () => (await _system.Daemon.StatusAsync(CancellationToken.None)).Projects[0].LastFsSeq == before + 1);
        await _system.StartRelayAsync(port);
        await WaitFor.TrueAsync(async () => (await _system.Daemon.StatusAsync(CancellationToken.None)).Relay.Connected);

        await using var again = await WatcherClient.ConnectAsync(_system);
        Assert.Equal(before + 1, again.Seq);
        Assert.Contains("a.txt", again.Paths);
    }

    [Theory]
    [InlineData(500, 500, false)]
    [InlineData(501, 500, true)]
    [InlineData(5000, 500, true)]
    public async Task More_than_500_changes_are_cut_and_said_to_be(int files, int told, bool truncated)
    {
        Directory.CreateDirectory(_elsewhere["many"]);
        for (var i = 0; i < files - 1; i++)
        {
            await File.WriteAllTextAsync(_elsewhere[$"many/{i}"], "");
        }

        Directory.Move(_elsewhere["many"], _system.Project["many"]);
        var changed = await _client.NextAsync();

        Assert.Equal(told, changed["changes"]!.AsArray().Count);
        Assert.Equal("create many", WatcherClient.ChangesOf(changed)[0]);
        Assert.Equal(truncated, (bool?)changed["changesTruncated"] ?? false);
        Assert.Equal(WatcherClient.OnDisk(Root), _client.Paths);
    }

    [Fact]
    public async Task Nothing_in_an_ignored_directory_is_told_or_watched_wherever_it_is()
    {
        foreach (var ignored in (string[])["node_modules", ".git", "dist", "build", ".next"])
        {
            _system.Project.Write($"{ignored}/deep/in/a.txt", "1");
            _system.Project.Write($"pkg/{ignored}/deep/a.txt", "1");
        }

        _system.Project.Write("pkg/lib/build", "a file, for all its name");
        _system.Project.Write("pkg/distance/a.txt", "1");

        var changes = await SettleAsync();
        Assert.Equal(["create pkg", "create pkg/distance", "create pkg/distance/a.txt", "create pkg/lib", "create pkg/lib/build"], changes.Order(StringComparer.Ordinal));
        _system.Project.Write("pkg/node_modules/deep/b.txt", "1");
        Assert.Empty(await SettleAsync());
    }

    [Fact]
    public async Task A_directory_that_becomes_an_ignored_one_is_gone_and_comes_back_whole()
    {
        _system.Project.Write("out/sub/a.txt", "1");
        await SettleAsync();

        Directory.Move(_system.Project["out"], _system.Project["dist"]);
        Assert.Equal(["delete out"], await SettleAsync());

        Directory.Move(_system.Project["dist"], _system.Project["out"]);
        Assert.Equal(["create out", "create out/sub", "create out/sub/a.txt"], await SettleAsync());
    }

    [Fact]
    public async Task What_is_made_in_a_directory_that_was_just_made_is_never_missed()
    {
        for (var i = 0; i < 100; i++)
        {
            _system.Project.Write($"{i}/b/c/f", "1");
        }

        await SettleAsync();

        Assert.Equal(WatcherClient.OnDisk(Root), _client.Paths);
    }

    // What takes longer, on a machine that is busy, is told in between.
    private static readonly TimeSpan AtTheSameTime = TimeSpan.FromMilliseconds(200);

    public static TheoryData<string, string, string> Coalesced => new()
    {
        // Before; what is done in one go; what is told. Whoever listed in between has seen what is gone again, so it is told.
        { "", "echo > a; echo >> a", "create a" },
        { "", "echo > a; rm a", "delete a" },
        { "", "mkdir a; rmdir a", "delete a" },
        { "echo > a", "rm a; echo > a", "modify a" },
        { "echo > a", "echo > .tmp; mv .tmp a", "modify a,delete .tmp" },
        { "echo > a", "echo >> a; rm a", "delete a" },
        { "echo > a", "mv a b", "create b,delete a" },
        { "echo > a", "mv a b; mv b a", "delete b,modify a" },
        { "mkdir a; echo > a/f", "rm -r a", "delete a" },
        { "mkdir a; echo > a/f", "rm -r a; mkdir a; echo > a/g", "delete a,create a,create a/g" },
        { "mkdir a; echo > a/f", "rm -r a; echo > a", "delete a,create a" },
        { "echo > a", "rm a; mkdir a; echo > a/f", "delete a,create a,create a/f" },
        { "mkdir a; echo > a/f; mkdir b", "mv a b/c", "create b/c,create b/c/f,delete a" },
        { "mkdir -p a b/a; echo > a/f", "mv -T a b/a", "delete a,delete b/a,create b/a,create b/a/f" },
        { "echo > a", "touch a", "modify a" },
        { "echo > a", "chmod 600 a", "modify a" },
    };

    [Theory]
    [MemberData(nameof(Coalesced))]
    public async Task Changes_at_the_same_time_become_what_leads_from_before_to_after(string before, string work, string told)
    {
        long seq;
        IReadOnlyList<string> changes;
        TimeSpan took;
        do
        {
            Shell($"find . -mindepth 1 -delete; {(before.Length > 0 ? before : "true")}");
            await SettleAsync();
            (seq, var since) = (_client.Seq, Stopwatch.GetTimestamp());
            Shell(work);
            took = Stopwatch.GetElapsedTime(since);
            changes = await SettleAsync();
        }
        while (took > AtTheSameTime);

        Assert.Equal(told.Split(',').Order(StringComparer.Ordinal), changes.Order(StringComparer.Ordinal));
        Assert.Equal(WatcherClient.OnDisk(Root), _client.Paths);
        Assert.Equal(seq + 1, _client.Seq);
        Assert.Equal(told.Split(',').Where(c => c.EndsWith(" a", StringComparison.Ordinal)), changes.Where(c => c.EndsWith(" a", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_directory_that_was_moved_is_watched_at_its_new_place_only()
    {
        _system.Project.Write("old/sub/a.txt", "1");
        await SettleAsync();

        Directory.Move(_system.Project["old"], _system.Project["new"]);
        Assert.Equal(["create new", "create new/sub", "create new/sub/a.txt", "delete old"], (await SettleAsync()).Order(StringComparer.Ordinal));
        _system.Project.Write("new/sub/b.txt", "1");

        Assert.Equal(["create new/sub/b.txt"], await SettleAsync());
    }

    [Fact]
    public async Task What_is_moved_out_is_watched_no_more_and_what_is_moved_in_is()
    {
        _system.Project.Write("lib/sub/a.txt", "1");
        await SettleAsync();

        Directory.Move(_system.Project["lib"], _elsewhere["lib"]);
        Assert.Equal(["delete lib"], await SettleAsync());
        _elsewhere.Write("lib/sub/b.txt", "1");
        Assert.Empty(await SettleAsync());

        Directory.Move(_elsewhere["lib"], _system.Project["lib"]);
        Assert.Equal(["create lib", "create lib/sub", "create lib/sub/a.txt", "create lib/sub/b.txt"], (await SettleAsync()).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Two_names_that_are_exchanged_are_both_there()
    {
        _system.Project.Write("a/1", "");
        _system.Project.Write("b/2", "");
        _system.Project.Write("f", "");
        await SettleAsync();

        Assert.True(Disk.Exchange(_system.Project["a"], _system.Project["b"]));
        await SettleAsync();
        Assert.Equal(WatcherClient.OnDisk(Root), _client.Paths);

        Assert.True(Disk.Exchange(_system.Project["a"], _system.Project["f"]));
        await SettleAsync();
        _system.Project.Write("f/3", "");
        Assert.Equal(["create f/3"], await SettleAsync());
        Assert.Equal(WatcherClient.OnDisk(Root), _client.Paths);
    }

    [Fact]
    public async Task A_link_to_a_directory_is_an_entry_and_not_a_way()
    {
        _elsewhere.Write("secret/a.txt", "1");
        Directory.CreateSymbolicLink(_system.Project["link"], _elsewhere["secret"]);
        Assert.Equal(["create link"], await SettleAsync());

        _elsewhere.Write("secret/b.txt", "1");
        Assert.Empty(await SettleAsync());
    }

    [Fact]
    public async Task A_file_that_is_written_all_the_time_is_told_all_the_same()
    {
        using CancellationTokenSource told = new();
        var writing = Task.Run(() =>
        {
            using var file = File.Create(_system.Project["log"], bufferSize: 1);
            while (!told.IsCancellationRequested)
            {
                file.WriteByte(1);
                Thread.Yield();
            }
        });

        Assert.Equal(["create log"], await _client.NextChangesAsync());
        Assert.Equal(["modify log"], await _client.NextChangesAsync());
        await told.CancelAsync();
        await writing;
    }

    [Fact]
    public async Task A_name_that_is_no_text_is_told_as_it_is_listed()
    {
        // caf and an e with an accent in Latin-1.
        Shell("d=$(printf 'caf\\351'); mkdir $d; echo > $d/$(printf '\\377'); echo > $d/ü");

        var changes = await SettleAsync();

        Assert.Equal(["create caf\uefe9", "create caf\uefe9/ü", "create caf\uefe9/\uefff"], changes.Order(StringComparer.Ordinal));
        await using var client = await _system.ClientAsync();
        var listing = await _system.AskAsync(client, "fs_list", new JsonObject { ["path"] = "caf\uefe9" });
        Assert.Equal(["caf\uefe9/ü", "caf\uefe9/\uefff"], listing["payload"]!["children"]!.AsArray().Select(c => (string)c!["path"]!));
        Shell("echo > $(printf 'caf\\351')/new; rm $(printf 'caf\\351/\\377')");
        Assert.Equal(["create caf\uefe9/new", "delete caf\uefe9/\uefff"], (await SettleAsync()).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_directory_that_could_not_be_read_is_watched_when_it_can_be()
    {
        Assert.SkipWhen(Environment.IsPrivilegedProcess, "root can read everything");
        _system.Project.Write("closed/a.txt", "1");
        Shell("chmod 0 closed");
        await RestartAsync(() => { });
        Shell("chmod 755 closed");
        Assert.Contains("create closed/a.txt", await SettleAsync());
        _system.Project.Write("closed/b.txt", "1");
        Assert.Equal(["create closed/b.txt"], await SettleAsync());
    }

    [Fact]
    public async Task A_project_whose_directory_goes_is_not_watched_until_it_is_back()
    {
        _system.Project.Write("a.txt", "1");
        await SettleAsync();

        Directory.Move(Root, _elsewhere["moved"]);
        await _client.UntilRunningAsync(false);
        var warning = Assert.Single((await _system.Daemon.StatusAsync(CancellationToken.None)).Capabilities.Warnings!, w => w.StartsWith("project:", StringComparison.Ordinal));
        Assert.Equal("project: the directory is gone. If it moved, register it again: pocketcoder add PATH", warning);
        await File.WriteAllTextAsync(_elsewhere["moved/b.txt"], "1");

        // Another directory of the same name, as a checkout that is made anew.
        Directory.CreateDirectory(Root);
        await _client.UntilRunningAsync();
        _system.Project.Write("c.txt", "1");
        await SettleAsync();

        Assert.Equal(WatcherClient.OnDisk(Root), _client.Paths);
        Assert.Contains("c.txt", _client.Paths);
        Assert.DoesNotContain((await _system.Daemon.StatusAsync(CancellationToken.None)).Capabilities.Warnings!, w => w.Contains("gone", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_project_that_is_replaced_in_one_step_is_watched_anew()
    {
        _system.Project.Write("a.txt", "1");
        await SettleAsync();
        _elsewhere.Write("other/b.txt", "1");

        Assert.True(Disk.Exchange(Root, _elsewhere["other"]));
        while (!_client.Paths.Contains("b.txt"))
        {
            await _client.NextAsync();
        }

        _system.Project.Write("c/d.txt", "1");
        await SettleAsync();
        Assert.Equal(WatcherClient.OnDisk(Root), _client.Paths);
    }

    [Fact]
    public async Task A_project_that_is_gone_when_the_daemon_starts_is_said_to_be()
    {
        var id = (await _system.Daemon.AddProjectAsync(Directory.CreateDirectory(_elsewhere["usb"]).FullName, CancellationToken.None)).ProjectId;
        await RestartAsync(() => Directory.Delete(_elsewhere["usb"]));

        await WaitFor.TrueAsync(async () =>
            (await _system.Daemon.StatusAsync(CancellationToken.None)).Capabilities.Warnings!.Any(w => w.StartsWith("usb: the directory is gone.", StringComparison.Ordinal)));
        Assert.False((await _system.Daemon.StatusAsync(CancellationToken.None)).Projects.Single(p => p.ProjectId == id).WatcherRunning);
    }

    [Fact]
    public async Task A_project_in_a_project_has_events_of_its_own()
    {
        _system.Project.Write("packages/inner/a.txt", "1");
        await SettleAsync();
        var inner = await _system.Daemon.AddProjectAsync(_system.Project["packages/inner"], CancellationToken.None);
        await using var other = await WatcherClient.ConnectAsync(_system, inner.ProjectId);

        _system.Project.Write("packages/inner/sub/b.txt", "1");
        Assert.Equal(["create sub", "create sub/b.txt"], await other.ChangesUntilAsync("sub/b.txt"));
        Assert.Equal(["create packages/inner/sub", "create packages/inner/sub/b.txt"], await SettleAsync());

        await _system.Daemon.RemoveProjectAsync(inner.ProjectId, CancellationToken.None);
        _system.Project.Write("packages/inner/sub/c.txt", "1");
        Assert.Equal(["create packages/inner/sub/c.txt"], await SettleAsync());
    }

    private void Shell(string script) => Disk.Shell(Root, script);
}
