using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;
using PocketCoder.Daemon.Tests.Features;
using PocketCoder.Storage;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Daemon.Tests;

/// <summary>The database when the disk, the file or an older version is not as it should be.</summary>
public sealed class DatabaseTests : IDisposable
{
    private const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_database_of_a_newer_version_is_refused_with_a_sentence_and_an_exit_code()
    {
        using (DaemonProcess daemon = new(_directory))
        {
            await daemon.StartAsync();
            await daemon.KillAsync();
        }

        Execute(_directory["home/daemon.db"], "PRAGMA user_version = 99");
        ProcessStartInfo start = new(TestSystem.Supervisor, ["start", "--foreground"]) { RedirectStandardError = true, RedirectStandardOutput = true };
        start.Environment["POCKETCODER_HOME"] = _directory["home"];
        using var refused = Process.Start(start)!;
        var error = await refused.StandardError.ReadToEndAsync().WaitAsync(TestClient.Patience);
        await refused.WaitForExitAsync().WaitAsync(TestClient.Patience);

        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("daemon.db was written by a newer version of PocketCoder", error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Damage_that_shows_only_at_a_query_is_told_and_the_next_start_sets_the_file_aside()
    {
        await using var system = await TestSystem.StartAsync();
        await using var client = await system.ClientAsync();
        CommandCaller caller = new(client, system.MachineKey, system.ProjectId);
        await caller.RunAsync("true");
        await system.Daemon.DisposeAsync();
        DamageTable(system.Paths.Database, "command_runs");
        await StartAgainAsync();

        var history = await caller.AskAsync("command_history", new JsonObject());
        var projects = await client.AskAsync("projects_list", null, system.MachineKey);
        var command = await caller.RunAsync("echo still works");

        Assert.Equal("UNKNOWN_ERROR", (string?)history["error"]!["code"]);
        Assert.Equal("The daemon's database is damaged. Restart the daemon: it sets the file aside and begins a new one.", (string?)history["error"]!["message"]);
        Assert.Single(projects["payload"]!["projects"]!.AsArray());
        Assert.Equal(0, (int?)command["payload"]!["exitCode"]);

        await system.Daemon.DisposeAsync();
        await StartAgainAsync();
        caller = new CommandCaller(client, system.MachineKey, system.ProjectId);
        Assert.Single(Directory.GetFiles(system.Paths.Root, "daemon.db.corrupt-*"), f => !f.EndsWith("-wal", StringComparison.Ordinal));
        Assert.Empty(Directory.GetFiles(system.Paths.Root, "*.suspect"));
        Assert.Empty(await caller.HistoryAsync());

        async Task StartAgainAsync()
        {
            await system.StartDaemonAsync();
            await system.ReachableAsync(client);
        }
    }

    [Fact]
    public async Task On_a_full_disk_requests_say_so_commands_run_and_with_room_everything_works_again()
    {
        Assert.SkipUnless(await CanMountAsync(), "User namespaces are not allowed here, so there is no small disk to fill.");
        using DaemonProcess daemon = new(_directory);
        Directory.CreateDirectory(_directory["home"]);
        await daemon.StartAsync("unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
            $"mount -t tmpfs -o size=4m,mode=700 tmpfs '{_directory["home"]}' && exec \"$@\"", "sh");
        var caller = await daemon.CallerAsync();
        await using var client = caller.Client;
        Directory.CreateDirectory(_directory["more"]);

        // Only the daemon and its commands see that disk.
        var fill = await caller.RunAsync($"cat /dev/zero > '{_directory["home"]}/fill'");
        var ls = await caller.ExecAsync("echo a command on a full disk");
        var ran = await caller.EndAsync(ls);
        var messageId = Guid.NewGuid().ToString();
        var refused = await caller.AskAsync("agent_session_new", new JsonObject { ["messageId"] = messageId, ["content"] = "hello" });
        var made = await caller.RunAsync($"rm '{_directory["home"]}/fill'");
        var accepted = await caller.AskAsync("agent_session_new", new JsonObject { ["messageId"] = messageId, ["content"] = "hello" });
        await caller.RunAsync("echo after");

        Assert.NotEqual(0, (int?)fill["payload"]!["exitCode"]);
        Assert.Equal(0, (int?)ran["payload"]!["exitCode"]);
        Assert.Equal("a command on a full disk\n", caller.Printed(ls));
        Assert.Equal("The machine's disk is full. Make room on it and try again.", (string?)refused["error"]?["message"]);
        Assert.Equal(0, (int?)made["payload"]!["exitCode"]);
        Assert.Equal("agent_session_new_response", (string?)accepted["type"]);
        Assert.Equal("echo after", (string?)(await caller.HistoryAsync())[0]["command"]);
    }

    [Fact]
    public async Task Files_are_the_owners_alone_from_their_first_instant()
    {
        ConcurrentDictionary<string, UnixFileMode> open = new();
        using CancellationTokenSource done = new();
        Thread watching = new(() =>
        {
            while (!done.IsCancellationRequested)
            {
                Look(_directory["home"]);
            }
        });
        watching.Start();
        using (DaemonProcess daemon = new(_directory))
        {
            await daemon.StartAsync("sh", "-c", "umask 000; exec \"$@\"", "sh");
            var caller = await daemon.CallerAsync();
            await caller.RunAsync("true");
            await caller.Client.DisposeAsync();
        }

        var seenOfTheDaemon = open.ToArray();

        // The naive way must not escape the watcher, or it shows nothing. The directory itself is opened so that its files are what is seen.
        var naive = _directory["home/naive"];
        for (var patience = Stopwatch.StartNew(); open.IsEmpty && patience.Elapsed < TestClient.Patience;)
        {
            File.Delete(naive);
            using (File.Open(naive, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | Others }))
            {
                File.SetUnixFileMode(naive, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }
        }

        await done.CancelAsync();
        watching.Join();
        Assert.Empty(seenOfTheDaemon);
        Assert.NotEmpty(open);

        void Look(string path)
        {
            try
            {
                Note(path);
                foreach (var entry in Directory.EnumerateFileSystemEntries(path, "*", SearchOption.AllDirectories))
                {
                    Note(entry);
                }
            }
            catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
            {
                // Not there yet, or gone again.
            }
        }

        void Note(string path)
        {
            // A directory that only its owner enters covers what is in it; what is in it is looked at all the same.
            if (File.GetUnixFileMode(path) is var mode && (mode & Others) != 0)
            {
                open[path] = mode;
            }
        }
    }

    private static async Task<bool> CanMountAsync()
    {
        using var trying = Process.Start("unshare", ["--user", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", "/tmp"]);
        await trying.WaitForExitAsync();
        return trying.ExitCode == 0;
    }

    // The root page of the table is overwritten; the rest of the file is as it was.
    private static void DamageTable(string path, string table)
    {
        long page, size;
        using (SqliteConnection connection = new($"Data Source={path};Pooling=False"))
        {
            connection.Open();
            connection.Execute("PRAGMA wal_checkpoint(TRUNCATE)");
            page = connection.QueryInt64("SELECT rootpage FROM sqlite_schema WHERE name = $1", table);
            size = connection.QueryInt64("PRAGMA page_size");
        }

        using var file = File.OpenWrite(path);
        file.Position = (page - 1) * size;
        file.Write(Enumerable.Repeat((byte)0xAA, (int)size).ToArray());
    }

    private static void Execute(string path, string sql)
    {
        using SqliteConnection connection = new($"Data Source={path};Pooling=False");
        connection.Open();
        connection.Execute(sql);
    }
}
