using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Cli.Tests;

/// <summary>The executable as a person or a script uses it: arguments in, text and an exit code out.</summary>
public sealed class CommandTests : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly List<Process> _running = [];

    private string _gateway = "ws://127.0.0.1:9";

    private sealed record Outcome(int ExitCode, string Output, string Error);

    public void Dispose()
    {
        foreach (var process in _running.Where(p => !p.HasExited))
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
        }

        _directory.Dispose();
    }

    private Process Start(params string[] arguments)
    {
        ProcessStartInfo start = new(TestSystem.Supervisor, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Directory.CreateDirectory(_directory["work"]).FullName,
        };
        start.Environment["POCKETCODER_HOME"] = _directory["home"];
        start.Environment["GATEWAY_URL"] = _gateway;
        start.Environment["POCKETCODER_CLAUDE"] = TestSystem.FakeClaude;
        var process = Process.Start(start)!;
        _running.Add(process);
        return process;
    }

    private async Task<Outcome> RunAsync(params string[] arguments)
    {
        var process = Start(arguments);
        using CancellationTokenSource limit = new(TimeSpan.FromSeconds(40));
        var error = process.StandardError.ReadToEndAsync(limit.Token);
        var output = await process.StandardOutput.ReadToEndAsync(limit.Token);
        await process.WaitForExitAsync(limit.Token);
        return new Outcome(process.ExitCode, output, await error);
    }

    private async Task<JsonObject> UpAsync(params string[] more)
    {
        var up = Start(["up", "--json", "--listen", "http://127.0.0.1:0", "--no-open", .. more]);
        var line = await up.StandardOutput.ReadLineAsync().WaitAsync(TestClient.Patience);
        return line is null ? throw new InvalidOperationException(await up.StandardError.ReadToEndAsync()) : JsonNode.Parse(line)!.AsObject();
    }

    [Theory]
    [InlineData("status")]
    [InlineData("projects")]
    [InlineData("pair")]
    [InlineData("add", ".")]
    [InlineData("remove", "x")]
    [InlineData("machine", "label")]
    public async Task Without_a_daemon_a_command_says_how_to_start_it(params string[] arguments)
    {
        var outcome = await RunAsync(arguments);

        Assert.Equal(ExitCode.NotRunning, outcome.ExitCode);
        Assert.Equal("The daemon is not running. Start it with: pocketcoder start\n", outcome.Error);
    }

    [Fact]
    public async Task Up_tells_all_a_script_needs_and_a_client_can_use_it()
    {
        var ready = await UpAsync();
        await using var client = await TestClient.PairedAsync(new Uri((string)ready["url"]!), (string)ready["pairCode"]!);

        var projects = await client.AskAsync("projects_list", null, (string)ready["machineKey"]!);

        Assert.Equal($"{ready["url"]}/#pair={ready["pairCode"]}", (string?)ready["pairUrl"]);
        Assert.StartsWith("http://127.0.0.1:", (string?)ready["controlPlane"], StringComparison.Ordinal);
        Assert.Equal((string?)ready["projects"]![0]!["projectId"], (string?)projects["payload"]!["projects"]![0]!["projectId"]);
        Assert.Equal(_directory["work"], (string?)ready["projects"]![0]!["path"]);
    }

    [Fact]
    public async Task Projects_are_added_listed_and_removed()
    {
        await UpAsync();
        Directory.CreateDirectory(_directory["other"]);

        var added = await RunAsync("add", _directory["other"]);
        var again = await RunAsync("add", _directory["other"] + "/");
        var listed = await RunAsync("projects", "--json");
        var id = added.Output.Split(' ')[0];
        var removed = await RunAsync("remove", id);
        var missing = await RunAsync("remove", id);
        var nowhere = await RunAsync("add", _directory["nowhere"]);

        Assert.Equal((ExitCode.Done, added.Output), (added.ExitCode, again.Output));
        Assert.Contains(JsonNode.Parse(listed.Output)!.AsArray(), p => (string?)p!["projectId"] == id && (string?)p["path"] == _directory["other"]);
        Assert.Equal(ExitCode.Done, removed.ExitCode);
        Assert.Equal((ExitCode.Failed, "There is no project with this id. See: pocketcoder projects\n"), (missing.ExitCode, missing.Error));
        Assert.Equal((ExitCode.Failed, $"There is no directory {_directory["nowhere"]}.\n"), (nowhere.ExitCode, nowhere.Error));
    }

    [Fact]
    public async Task Status_label_pair_and_logs_answer_and_stop_ends_it()
    {
        await UpAsync();

        var status = await RunAsync("status", "--json");
        var label = await RunAsync("machine", "label", "Work Laptop");
        var read = await RunAsync("machine", "label");
        var pair = await RunAsync("pair");
        var logs = await RunAsync("logs", "--tail", "1");
        var stop = await RunAsync("stop");
        var after = await RunAsync("stop");

        Assert.True((bool)JsonNode.Parse(status.Output)!["relay"]!["connected"]!);
        Assert.Equal(("Work Laptop\n", "Work Laptop\n"), (label.Output, read.Output));
        Assert.Matches("http://127.0.0.1:[0-9]+/#pair=[A-Za-z0-9_-]{22}", pair.Output);
        Assert.Contains("Connected to the relay", logs.Output, StringComparison.Ordinal);
        Assert.Equal((ExitCode.Done, "Stopped.\n"), (stop.ExitCode, stop.Output));
        Assert.Equal((ExitCode.Done, "The daemon is not running.\n"), (after.ExitCode, after.Output));
        await _running[0].WaitForExitAsync().WaitAsync(TestClient.Patience);
        Assert.Equal(0, _running[0].ExitCode);
    }

    [Fact]
    public async Task A_second_up_says_what_to_do_instead()
    {
        await UpAsync();

        var second = await RunAsync("up", "--json", "--listen", "http://127.0.0.1:0");

        Assert.Equal(ExitCode.AlreadyRunning, second.ExitCode);
        Assert.Empty(second.Output);
        Assert.Contains("pocketcoder pair", second.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_that_is_taken_and_arguments_that_are_none_are_said_in_a_sentence()
    {
        using TcpListener taken = new(IPAddress.Loopback, 0);
        taken.Start();

        var port = await RunAsync("up", "--listen", $"http://127.0.0.1:{((IPEndPoint)taken.LocalEndpoint).Port}");
        var url = await RunAsync("up", "--listen", "nonsense");
        var path = await RunAsync("up", _directory["nowhere"]);
        var typo = await RunAsync("statsu");

        Assert.All([port, url, path, typo], outcome => Assert.Equal(ExitCode.Failed, outcome.ExitCode));
        Assert.StartsWith("The address is in use.", port.Error, StringComparison.Ordinal);
        Assert.Contains("--listen takes an address", url.Error, StringComparison.Ordinal);
        Assert.Equal($"There is no directory {_directory["nowhere"]}.\n", path.Error);
        Assert.Contains("status", typo.Error + typo.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", port.Error + url.Error + path.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_daemon_logs_in_at_a_relay_with_its_code_and_starts_in_the_background()
    {
        var relay = Start("relay", "--json", "--listen", "http://127.0.0.1:0", "--data-dir", _directory["relay"]);
        var ready = JsonNode.Parse((await relay.StandardOutput.ReadLineAsync())!)!;
        _gateway = (string)ready["url"]!;

        var login = await RunAsync("login", (string)ready["pairUrl"]!);
        var spent = await RunAsync("login", (string)ready["pairCode"]!);
        var start = await RunAsync("start");
        var again = await RunAsync("start");
        var pair = await RunAsync("pair");
        var stop = await RunAsync("stop");

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
        await UpAsync();
        _running[0].Kill();
        await _running[0].WaitForExitAsync();

        var status = await RunAsync("status");
        var again = await UpAsync();

        Assert.Equal(ExitCode.NotRunning, status.ExitCode);
        Assert.NotNull((string?)again["machineKey"]);
    }

    [Fact]
    public async Task Status_is_shown_before_the_relay_was_ever_reached()
    {
        var daemon = Start("start", "--foreground");
        await daemon.StandardOutput.ReadLineAsync().WaitAsync(TestClient.Patience);

        var status = await RunAsync("status");
        var json = await RunAsync("status", "--json");

        Assert.Equal(ExitCode.Done, status.ExitCode);
        Assert.Contains("not", status.Output, StringComparison.Ordinal);
        Assert.False((bool)JsonNode.Parse(json.Output)!["relay"]!["connected"]!);
        Assert.Null(JsonNode.Parse(json.Output)!["relay"]!["lastConnectedAt"]);
    }

    [Fact]
    public async Task Alone_it_says_where_to_begin()
    {
        var outcome = await RunAsync();

        Assert.Equal(ExitCode.Done, outcome.ExitCode);
        Assert.Contains("pocketcoder up", outcome.Output, StringComparison.Ordinal);
    }
}
