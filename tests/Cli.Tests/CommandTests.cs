using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Cli.Tests;

/// <summary>The executable as a person or a script uses it: arguments in, text and an exit code out.</summary>
public sealed class CommandTests : IDisposable
{
    private readonly InstalledCli _cli = new();

    public void Dispose() => _cli.Dispose();

    [Theory]
    [InlineData("status")]
    [InlineData("projects")]
    [InlineData("pair")]
    [InlineData("add", ".")]
    [InlineData("remove", "x")]
    [InlineData("machine", "label")]
    [InlineData("devices")]
    [InlineData("devices", "revoke", "dev_1")]
    public async Task Without_a_daemon_a_command_says_how_to_start_it(params string[] arguments)
    {
        var outcome = await _cli.RunAsync(arguments);

        Assert.Equal(ExitCode.NotRunning, outcome.ExitCode);
        Assert.Equal("The daemon is not running. Start it with: pocketcoder start\n", outcome.Error);
    }

    [Fact]
    public async Task Up_tells_all_a_script_needs_and_a_client_can_use_it()
    {
        var (_, ready) = await _cli.UpAsync();
        await using var client = await TestClient.PairedAsync(new Uri((string)ready["url"]!), (string)ready["pairCode"]!);

        var projects = await client.AskAsync("projects_list", null, (string)ready["machineKey"]!);

        Assert.Equal($"{ready["url"]}/#pair={ready["pairCode"]}", (string?)ready["pairUrl"]);
        Assert.StartsWith("http://127.0.0.1:", (string?)ready["controlPlane"], StringComparison.Ordinal);
        Assert.Equal((string?)ready["projects"]![0]!["projectId"], (string?)projects["payload"]!["projects"]![0]!["projectId"]);
        Assert.Equal(_cli.Work, (string?)ready["projects"]![0]!["path"]);
    }

    [Fact]
    public async Task Projects_are_added_listed_and_removed()
    {
        await _cli.UpAsync();
        Directory.CreateDirectory(_cli.Directory["other"]);

        var added = await _cli.RunAsync("add", _cli.Directory["other"]);
        var again = await _cli.RunAsync("add", _cli.Directory["other"] + "/");
        var listed = await _cli.RunAsync("projects", "--json");
        var id = added.Output.Split(' ')[0];
        var removed = await _cli.RunAsync("remove", id);
        var missing = await _cli.RunAsync("remove", id);
        var nowhere = await _cli.RunAsync("add", _cli.Directory["nowhere"]);

        Assert.Equal((ExitCode.Done, added.Output), (added.ExitCode, again.Output));
        Assert.Contains(JsonNode.Parse(listed.Output)!.AsArray(), p => (string?)p!["projectId"] == id && (string?)p["path"] == _cli.Directory["other"]);
        Assert.Equal(ExitCode.Done, removed.ExitCode);
        Assert.Equal((ExitCode.Failed, "There is no project with this id. See: pocketcoder projects\n"), (missing.ExitCode, missing.Error));
        Assert.Equal((ExitCode.Failed, $"There is no directory {_cli.Directory["nowhere"]}.\n"), (nowhere.ExitCode, nowhere.Error));
    }

    [Fact]
    public async Task Status_label_pair_and_logs_answer_and_stop_ends_it()
    {
        var (up, _) = await _cli.UpAsync();

        var status = await _cli.RunAsync("status", "--json");
        var label = await _cli.RunAsync("machine", "label", "Work Laptop");
        var read = await _cli.RunAsync("machine", "label");
        var pair = await _cli.RunAsync("pair");
        var logs = await _cli.RunAsync("logs", "--tail", "1");
        var stop = await _cli.RunAsync("stop");
        var after = await _cli.RunAsync("stop");

        Assert.True((bool)JsonNode.Parse(status.Output)!["relay"]!["connected"]!);
        Assert.Equal(("Work Laptop\n", "Work Laptop\n"), (label.Output, read.Output));
        Assert.Matches("http://127.0.0.1:[0-9]+/#pair=[A-Za-z0-9_-]{22}", pair.Output);
        Assert.Contains("Connected to the relay", logs.Output, StringComparison.Ordinal);
        Assert.Equal((ExitCode.Done, "Stopped.\n"), (stop.ExitCode, stop.Output));
        Assert.Equal((ExitCode.Done, "The daemon is not running.\n"), (after.ExitCode, after.Output));
        await up.WaitForExitAsync().WaitAsync(TestClient.Patience);
        Assert.Equal(0, up.ExitCode);
    }

    [Fact]
    public async Task A_second_up_says_what_to_do_instead()
    {
        await _cli.UpAsync();

        var second = await _cli.RunAsync("up", "--json", "--listen", "http://127.0.0.1:0");

        Assert.Equal(ExitCode.AlreadyRunning, second.ExitCode);
        Assert.Empty(second.Output);
        Assert.Contains("pocketcoder pair", second.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_that_is_taken_and_arguments_that_are_none_are_said_in_a_sentence()
    {
        using TcpListener taken = new(IPAddress.Loopback, 0);
        taken.Start();

        var port = await _cli.RunAsync("up", "--listen", $"http://127.0.0.1:{((IPEndPoint)taken.LocalEndpoint).Port}");
        var url = await _cli.RunAsync("up", "--listen", "nonsense");
        var path = await _cli.RunAsync("up", _cli.Directory["nowhere"]);
        var typo = await _cli.RunAsync("statsu");

        Assert.All([port, path], outcome => Assert.Equal(ExitCode.Failed, outcome.ExitCode));
        Assert.All([url, typo], outcome => Assert.Equal(ExitCode.Usage, outcome.ExitCode));
        Assert.StartsWith("The address is in use.", port.Error, StringComparison.Ordinal);
        Assert.Contains("--listen takes an address", url.Error, StringComparison.Ordinal);
        Assert.Equal($"There is no directory {_cli.Directory["nowhere"]}.\n", path.Error);
        Assert.Contains("status", typo.Error + typo.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", port.Error + url.Error + path.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_daemon_logs_in_at_a_relay_with_its_code_and_starts_in_the_background()
    {
        var (_, ready) = await _cli.RelayAsync();
        _cli.Environment["GATEWAY_URL"] = (string)ready["url"]!;

        var login = await _cli.RunAsync("login", (string)ready["pairUrl"]!);
        var spent = await _cli.RunAsync("login", (string)ready["pairCode"]!);
        var start = await _cli.RunAsync("start");
        var again = await _cli.RunAsync("start");
        var pair = await _cli.RunAsync("pair");
        var stop = await _cli.RunAsync("stop");

        Assert.Equal(ExitCode.Done, login.ExitCode);
        Assert.Equal(ExitCode.Failed, spent.ExitCode);
        Assert.Equal((ExitCode.Done, "PocketCoder runs. See: pocketcoder status\n"), (start.ExitCode, start.Output));
        Assert.Equal((ExitCode.Done, "PocketCoder runs already. See: pocketcoder status\n"), (again.ExitCode, again.Output));
        Assert.Contains($"{ready["url"]}/#pair=", pair.Output, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Done, stop.ExitCode);
    }

    [Fact]
    public async Task A_killed_daemon_leaves_nothing_that_keeps_the_next_from_starting()
    {
        var (up, _) = await _cli.UpAsync();
        up.Kill();
        await up.WaitForExitAsync();

        var status = await _cli.RunAsync("status");
        var (_, again) = await _cli.UpAsync();

        Assert.Equal(ExitCode.NotRunning, status.ExitCode);
        Assert.NotNull((string?)again["machineKey"]);
    }

    [Fact]
    public async Task Status_is_shown_before_the_relay_was_ever_reached()
    {
        var daemon = _cli.Start("start", "--foreground");
        await daemon.StandardOutput.ReadLineAsync().WaitAsync(TestClient.Patience);

        var status = await _cli.RunAsync("status");
        var json = await _cli.RunAsync("status", "--json");

        Assert.Equal(ExitCode.Done, status.ExitCode);
        Assert.Contains("not", status.Output, StringComparison.Ordinal);
        Assert.False((bool)JsonNode.Parse(json.Output)!["relay"]!["connected"]!);
        Assert.Null(JsonNode.Parse(json.Output)!["relay"]!["lastConnectedAt"]);
    }
}
