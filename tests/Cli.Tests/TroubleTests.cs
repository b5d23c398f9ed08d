using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;
using PocketCoder.Daemon;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Cli.Tests;

/// <summary>What can be wrong on a machine, met by the real executable: a sentence, an exit code, nothing broken.</summary>
public sealed class TroubleTests : IDisposable
{
    private readonly InstalledCli _cli = new();

    public void Dispose() => _cli.Dispose();

    [Theory]
    [InlineData("start")]
    [InlineData("start", "--foreground")]
    [InlineData("up", "--json", "--listen", "http://127.0.0.1:0")]
    [InlineData("login", "http://127.0.0.1:9/#pair=x")]
    public async Task A_config_directory_that_is_a_file_is_named(params string[] command)
    {
        await File.WriteAllTextAsync(_cli.Home, "");

        var outcome = await _cli.RunAsync(command);

        Assert.Equal(ExitCode.Failed, outcome.ExitCode);
        Assert.StartsWith($"{_cli.Home} is a file,", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_config_directory_of_somebody_else_is_not_used()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess && OperatingSystem.IsLinux(), "Only root can give a directory away.");
        Directory.CreateDirectory(_cli.Home);
        Process.Start("chown", ["12345", _cli.Home])!.WaitForExit();

        var start = await _cli.RunAsync("start");

        Assert.Equal((ExitCode.Failed, $"{_cli.Home} belongs to another user. Use PocketCoder as that user, or name another directory with POCKETCODER_HOME.\n"), (start.ExitCode, start.Error));
        Assert.Empty(Directory.GetFileSystemEntries(_cli.Home));
    }

    [Fact]
    public async Task A_config_directory_that_cannot_be_written_comes_with_the_command_that_changes_that()
    {
        Directory.CreateDirectory(_cli.Home);
        File.SetUnixFileMode(_cli.Home, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        if (Environment.IsPrivilegedProcess)
        {
            Assert.SkipUnless(File.Exists("/usr/bin/setpriv"), "setpriv makes root somebody else; it is not there.");
            Process.Start("chown", ["-R", "65534", _cli.Directory.Path])!.WaitForExit();
            _cli.Before = ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
            _cli.Environment["DOTNET_BUNDLE_EXTRACT_BASE_DIR"] = _cli.Directory["bundle"];
            _cli.Environment["HOME"] = _cli.Directory.Path;
        }

        var start = await _cli.RunAsync("start");
        File.SetUnixFileMode(_cli.Home, UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.UserWrite);

        Assert.Equal((ExitCode.Failed, $"{_cli.Home} cannot be written. Allow it with: chmod u+rwx '{_cli.Home}'\n"), (start.ExitCode, start.Error));
    }

    [Fact]
    public async Task A_place_where_nothing_can_be_made_is_named()
    {
        _cli.Before = ["/usr/bin/env", "POCKETCODER_HOME=/proc/pocketcoder"];

        var start = await _cli.RunAsync("start");

        Assert.Equal((ExitCode.Failed, "/proc/pocketcoder cannot be created. Make it yourself, or name another directory with POCKETCODER_HOME.\n"), (start.ExitCode, start.Error));
    }

    [Fact]
    public async Task Files_that_others_could_read_are_taken_back_at_the_start()
    {
        await (await _cli.UpAsync()).Process.StandardInput.DisposeAsync();
        await _cli.RunAsync("stop");
        var open = Directory.GetFiles(_cli.Home, "*", SearchOption.AllDirectories).Prepend(_cli.Home).ToList();
        open.ForEach(path => File.SetUnixFileMode(path, File.GetUnixFileMode(path) | UnixFileMode.GroupRead | UnixFileMode.OtherRead));
        await File.WriteAllTextAsync(Path.Combine(_cli.Home, "theirs.txt"), "");
        File.SetUnixFileMode(Path.Combine(_cli.Home, "theirs.txt"), UnixFileMode.UserRead | UnixFileMode.OtherRead);

        await _cli.UpAsync();

        Assert.All(open.Where(Path.Exists), path => Assert.Equal(UnixFileMode.None, File.GetUnixFileMode(path) & (UnixFileMode.GroupRead | UnixFileMode.OtherRead)));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.OtherRead, File.GetUnixFileMode(Path.Combine(_cli.Home, "theirs.txt")));
    }

    [Fact]
    public async Task A_full_disk_is_called_by_its_name()
    {
        _cli.Before = ["/usr/bin/unshare", "-rm", "/bin/sh", "-c", "mkdir -p \"$POCKETCODER_HOME\" && mount -t tmpfs -o size=16k none \"$POCKETCODER_HOME\" && head -c 100000 /dev/zero > \"$POCKETCODER_HOME/filler\"; test -s \"$POCKETCODER_HOME/filler\" || exit 99; \"$0\" \"$@\""];

        var start = await _cli.RunAsync("start", "--foreground");

        Assert.SkipWhen(start.ExitCode == 99 || start.Error.Contains("unshare", StringComparison.Ordinal), "A small disk cannot be mounted here.");
        Assert.Equal((ExitCode.Failed, "The disk is full. Make room, then try again.\n"), (start.ExitCode, string.Concat(start.Error.Split('\n').Where(l => !l.StartsWith("head:", StringComparison.Ordinal)).Select(l => l + "\n")).TrimEnd('\n') + "\n"));
    }

    [Fact]
    public async Task A_damaged_auth_json_is_set_aside_and_asks_for_a_login()
    {
        Directory.CreateDirectory(_cli.Home);
        await File.WriteAllTextAsync(_cli.Paths.Auth, """{"machine_key": 12""");

        var start = await _cli.RunAsync("start");
        var status = await _cli.RunAsync("status");
        var logout = await _cli.RunAsync("logout");

        Assert.Equal((ExitCode.Done, ExitCode.Done, ExitCode.Done), (start.ExitCode, status.ExitCode, logout.ExitCode));
        Assert.Contains("auth.json was damaged and is set aside as auth.json.damaged. Log in again: pocketcoder login", status.Output, StringComparison.Ordinal);
        Assert.Equal("""{"machine_key": 12""", await File.ReadAllTextAsync(_cli.Paths.Auth + ".damaged"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("""{"url":""")]
    [InlineData(null)]
    public async Task A_damaged_control_plane_json_is_not_mistaken_for_a_daemon_that_is_not_running_and_stop_still_stops(string? content)
    {
        var (up, _) = await _cli.UpAsync();
        if (content is null)
        {
            File.Delete(_cli.Paths.ControlPlane);
        }
        else
        {
            await File.WriteAllTextAsync(_cli.Paths.ControlPlane, content);
        }

        var status = await _cli.RunAsync("status");
        var projects = await _cli.RunAsync("projects");
        var doctor = await _cli.RunAsync("doctor", "--json");
        var stop = await _cli.RunAsync("stop");
        await up.WaitForExitAsync().WaitAsync(TestClient.Patience);

        Assert.All([status, projects], outcome => Assert.Equal(
            (ExitCode.Failed, $"The daemon runs as process {up.Id}, but control-plane.json, which says where it listens, is missing or damaged. If it was not started this moment: pocketcoder stop\n"),
            (outcome.ExitCode, outcome.Error)));
        Assert.Equal("failed", (string?)doctor.Json.AsArray().Single(c => (string)c!["check"]! == "daemon")!["state"]);
        Assert.Equal((ExitCode.Done, "Stopped.\n"), (stop.ExitCode, stop.Output));
        Assert.Equal(0, up.ExitCode);
    }

    [Fact]
    public async Task A_daemon_that_does_not_listen_yet_is_stopped_though_the_file_of_a_killed_one_leads_nowhere()
    {
        using var starting = Process.Start(new ProcessStartInfo("sleep", "600"))!;
        Directory.CreateDirectory(_cli.Home);
        await File.WriteAllTextAsync(_cli.Paths.Pid, $"{starting.Id} {ProcessIdentity.StartTime(starting.Id)}\n");
        await File.WriteAllTextAsync(_cli.Paths.ControlPlane, $$"""{"url":"http://127.0.0.1:9","token":"x","pid":{{starting.Id}}}""");

        var stop = await _cli.RunAsync("stop");
        var ended = starting.HasExited;
        starting.Kill();

        Assert.Equal((ExitCode.Done, "Stopped.\n"), (stop.ExitCode, stop.Output));
        Assert.True(ended);
    }

    [Fact]
    public async Task A_daemon_without_a_PATH_runs_and_says_what_it_does_not_find()
    {
        _cli.Environment["PATH"] = null;

        await _cli.UpAsync();
        var status = await _cli.StatusAsync(status => (bool)status["relay"]!["connected"]!);

        Assert.False((bool)status["capabilities"]!["hasGit"]!);
    }

    [Fact]
    public async Task A_pid_that_belongs_to_another_process_by_now_is_never_signalled()
    {
        using var bystander = Process.Start(new ProcessStartInfo("sleep", "600"))!;
        Directory.CreateDirectory(_cli.Home);
        await File.WriteAllTextAsync(_cli.Paths.Pid, $"{bystander.Id} 12345\n");

        var status = await _cli.RunAsync("status");
        var stop = await _cli.RunAsync("stop");
        var (_, ready) = await _cli.UpAsync();
        var alive = !bystander.HasExited;
        bystander.Kill();

        Assert.Equal(ExitCode.NotRunning, status.ExitCode);
        Assert.Equal((ExitCode.Done, "The daemon is not running.\n"), (stop.ExitCode, stop.Output));
        Assert.NotNull(ready["machineKey"]);
        Assert.True(alive);
    }

    // Another test may hold it, and let go of it at any moment. Null: a daemon of this machine's own has it, which is as good.
    private static async Task<TcpListener?> TakeAsync(int port)
    {
        using PeriodicTimer look = new(TimeSpan.FromMilliseconds(20));
        for (var looks = 0; looks < 1500; looks++)
        {
            TcpListener listener = new(IPAddress.Loopback, port);
            try
            {
                listener.Start();
                return listener;
            }
            catch (SocketException)
            {
                listener.Dispose();
                await look.WaitForNextTickAsync();
            }
        }

        return null;
    }

    [Fact]
    public async Task When_the_port_is_taken_the_next_free_one_is_used_and_found()
    {
        using var taken = await TakeAsync(17333);

        var (_, ready) = await _cli.UpAsync();
        var status = await _cli.RunAsync("status");

        Assert.NotEqual("http://127.0.0.1:17333", (string?)ready["controlPlane"]);
        Assert.Equal((string?)ready["controlPlane"], (string?)JsonNode.Parse(await File.ReadAllTextAsync(_cli.Paths.ControlPlane))!["url"]);
        Assert.Equal(ExitCode.Done, status.ExitCode);
    }

    [Fact]
    public async Task What_keeps_a_background_start_from_starting_is_shown()
    {
        await (await _cli.UpAsync()).Process.StandardInput.DisposeAsync();
        await _cli.RunAsync("stop");
        await using (SqliteConnection connection = new($"Data Source={_cli.Paths.Database};Pooling=False"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "PRAGMA user_version = 99";
            command.ExecuteNonQuery();
        }

        var start = await _cli.RunAsync("start");

        Assert.Equal(ExitCode.Failed, start.ExitCode);
        Assert.StartsWith("The daemon did not start. The end of its log:\n", start.Error, StringComparison.Ordinal);
        Assert.Contains("newer version", start.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_start_says_so_and_leaves_the_first_alone()
    {
        var first = _cli.Start("start", "--foreground");
        await InstalledCli.FirstLineAsync(first);

        var foreground = await _cli.RunAsync("start", "--foreground");
        var background = await _cli.RunAsync("start");

        Assert.All([foreground, background], outcome => Assert.Equal((ExitCode.Done, "PocketCoder runs already. See: pocketcoder status\n"), (outcome.ExitCode, outcome.Output)));
        Assert.Equal(first.Id, InstanceLock.RunningPid(_cli.Paths));
    }

    [Theory]
    [InlineData(15)]
    [InlineData(2)]
    public async Task A_signal_stops_a_foreground_daemon_in_order(int signal)
    {
        var daemon = _cli.Start("start", "--foreground");
        await InstalledCli.FirstLineAsync(daemon);
        Assert.True(File.Exists(_cli.Paths.Pid));

        InstalledCli.Signal(daemon, signal);

        Assert.Equal(ExitCode.Done, (await InstalledCli.EndAsync(daemon)).ExitCode);
        Assert.False(File.Exists(_cli.Paths.Pid));
        Assert.False(File.Exists(_cli.Paths.ControlPlane));
    }

    [Fact]
    public async Task A_second_interrupt_ends_it_at_once_and_what_it_ran_with_it()
    {
        var (up, ready) = await _cli.UpAsync();
        await using var phone = await TestClient.PairedAsync(new Uri((string)ready["url"]!), (string)ready["pairCode"]!);
        await phone.AskAsync(
            "agent_session_new", new JsonObject { ["messageId"] = Guid.NewGuid().ToString(), ["content"] = "hang" },
            (string)ready["machineKey"]!, (string)ready["projects"]![0]!["projectId"]!);
        await phone.UntilEventAsync("init");

        // The first one waits for an agent that hears nothing; that the control plane is gone or the phone told shows it was heard.
        InstalledCli.Signal(up, 2);
        await phone.UntilAsync(m => (string?)m["type"] == "error" || (string?)m["type"] == "agent_event" || (string?)m["type"] == "daemon_status" || (string?)m["type"] == "agent_session_changed");
        InstalledCli.Signal(up, 2);

        Assert.Equal(ExitCode.Interrupted, (await InstalledCli.EndAsync(up)).ExitCode);
    }
}
