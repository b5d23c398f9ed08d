using System.Text.Json.Nodes;
using PocketCoder.Daemon.Features.Files;
using Xunit;

namespace PocketCoder.Daemon.Tests.Features;

/// <summary>What is written takes its place as a whole, and nobody sees it before. In one class, since a seam of one test would be seen by the other.</summary>
public sealed class NewContentTests : SystemTests
{
    private string[] Held => Directory.GetFileSystemEntries(System.Paths.Holding);

    private static JsonObject Write(string content, string? expectedEtag = null) => new() { ["path"] = "a", ["content"] = content, ["expectedEtag"] = expectedEtag };

    private static string? Etag(JsonObject written) => (string?)written["payload"]?["etag"];

    [Fact]
    public async Task It_is_seen_under_no_other_name()
    {
        await using var client = await WatcherClient.ConnectAsync(System);

        var created = await AskAsync("fs_write", Write("1"));
        var replaced = await AskAsync("fs_write", Write("2"));
        var guarded = await AskAsync("fs_write", Write("3", Etag(replaced)));
        await File.WriteAllTextAsync(Project["#12"], "a file may be called so");
        await File.WriteAllTextAsync(Project["last"], "");
        var told = await client.ChangesUntilAsync("last");

        Assert.Equal((null, null, null), (created["error"], replaced["error"], guarded["error"]));
        Assert.Equal("3", await File.ReadAllTextAsync(Project["a"]));
        Assert.All(told, change => Assert.Contains(change.Split(' ')[1], (string[])["a", "#12", "last"]));
        Assert.Contains("create #12", told);
        Assert.Contains(told, change => change.EndsWith(" a", StringComparison.Ordinal));
        Assert.Empty(Held);
    }

    [Fact]
    public async Task What_a_crash_left_is_removed_after_a_week_and_nothing_else()
    {
        await System.Daemon.DisposeAsync();
        foreach (var (name, days) in ((string, int)[])[(".pocketcoder-old.tmp", 8), (".pocketcoder-new.tmp", 6), ("of-somebody", 8)])
        {
            await File.WriteAllTextAsync(Path.Combine(System.Paths.Holding, name), "left");
            File.SetLastWriteTimeUtc(Path.Combine(System.Paths.Holding, name), DateTime.UtcNow.AddDays(-days));
        }

        await System.StartDaemonAsync();

        Assert.Equal([".pocketcoder-new.tmp", "of-somebody"], Held.Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Without_a_place_to_hold_it_it_is_written_all_the_same()
    {
        await System.Daemon.DisposeAsync();
        Directory.Delete(System.Paths.Holding, recursive: true);
        await File.WriteAllTextAsync(System.Paths.Holding, "a file is in its place");
        await System.StartDaemonAsync();
        await System.ReachableAsync(Client);

        var created = await AskAsync("fs_write", Write("1"));
        var replaced = await AskAsync("fs_write", Write("2", Etag(created)));

        Assert.Equal((null, null), (created["error"], replaced["error"]));
        Assert.Equal("2", await File.ReadAllTextAsync(Project["a"]));
        Assert.Equal(["a"], Directory.EnumerateFileSystemEntries(Project.Path).Select(path => Path.GetFileName(path)));
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public async Task Where_a_file_needs_a_name_beside_its_place_it_is_the_same(bool guarded, bool withoutUnnamedFiles)
    {
        Assert.SkipUnless(Directory.Exists("/dev/shm"), "There is no second file system at /dev/shm.");
        var other = Directory.CreateDirectory($"/dev/shm/pocketcoder-test-{Guid.NewGuid():N}");
        Native.WithoutUnnamedFiles = withoutUnnamedFiles;
        try
        {
            var id = (await System.Daemon.AddProjectAsync(other.FullName, CancellationToken.None)).ProjectId;
            Task<JsonObject> AskThere(JsonObject payload) => Client.AskAsync("fs_write", payload, System.MachineKey, id);

            var created = await AskThere(Write("one", guarded ? "" : null));
            var taken = await AskThere(Write("two", ""));
            var replaced = await AskThere(Write("three", guarded ? Etag(created) : null));
            var stale = await AskThere(Write("four", Etag(created)));

            Assert.Equal((null, "CONFLICT", null, "CONFLICT"), (created["error"], Code(taken), replaced["error"], Code(stale)));
            Assert.Equal("three", await File.ReadAllTextAsync(Path.Combine(other.FullName, "a")));
            Assert.Equal(["a"], other.EnumerateFileSystemInfos().Select(file => file.Name));
            Assert.Empty(Held);
        }
        finally
        {
            Native.WithoutUnnamedFiles = false;
            other.Delete(recursive: true);
        }
    }
}
