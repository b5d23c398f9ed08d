using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using PocketCoder.Cli.Checks;
using PocketCoder.Protocol;
using Xunit;

namespace PocketCoder.Cli.Tests;

public sealed class DoctorTests : IDisposable
{
    private readonly InstalledCli _cli = new();

    public DoctorTests() => _cli.Environment["GATEWAY_URL"] = null;

    public void Dispose() => _cli.Dispose();

    private async Task<(int ExitCode, Dictionary<string, JsonNode> Checks)> ExamineAsync()
    {
        var outcome = await _cli.RunAsync("doctor", "--json");
        Assert.Empty(outcome.Error);
        return (outcome.ExitCode, outcome.Json.AsArray().ToDictionary(check => (string)check!["check"]!, check => check!));
    }

    [Fact]
    public async Task With_a_daemon_all_is_looked_at_and_well()
    {
        await _cli.UpAsync();
        await _cli.StatusAsync(status => status["relay"]!["roundTripMs"] is not null);

        var (exitCode, checks) = await ExamineAsync();

        Assert.Equal(ExitCode.Done, exitCode);
        Assert.Equal(["claude", "clock", "daemon", "disk", "files", "git", "inotify", "login", "relay"], checks.Keys.Order());
        Assert.All(checks.Values, check => Assert.Equal("ok", (string?)check["state"]));
        Assert.Matches("answers in [0-9.]+ ms$", (string)checks["relay"]["message"]!);
        Assert.StartsWith("2.1.330, logged in", (string)checks["claude"]["message"]!, StringComparison.Ordinal);
        Assert.StartsWith("1 of ", (string)checks["inotify"]["message"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_daemon_it_looks_at_what_it_can_and_counts_the_projects_on_disk()
    {
        await _cli.UpAsync();
        await _cli.RunAsync("stop");

        var (exitCode, checks) = await ExamineAsync();

        Assert.Equal(ExitCode.Done, exitCode);
        Assert.Equal(("warning", "pocketcoder start (or, with a relay of its own: pocketcoder up)"), ((string?)checks["daemon"]["state"], (string?)checks["daemon"]["action"]));
        Assert.StartsWith("1 of ", (string)checks["inotify"]["message"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_fails_comes_with_what_to_do_and_an_exit_code()
    {
        _cli.Environment["GATEWAY_URL"] = "ws://127.0.0.1:9";
        _cli.Environment["FAKE_CLAUDE_LOGGED_IN"] = "0";

        var (exitCode, checks) = await ExamineAsync();
        _cli.Environment["PATH"] = "/nowhere";
        _cli.Environment["POCKETCODER_CLAUDE"] = "/nowhere/claude";
        var (_, without) = await ExamineAsync();

        Assert.Equal(ExitCode.Failed, exitCode);
        Assert.Equal(("failed", "Log in on the machine: run claude and type /login"), ((string?)checks["claude"]["state"], (string?)checks["claude"]["action"]));
        Assert.Equal("failed", (string?)checks["relay"]["state"]);
        Assert.All(checks.Values.Where(check => (string?)check["state"] != "ok"), check => Assert.NotEmpty((string)check["action"]!));
        Assert.Equal(("failed", "was not found"), ((string?)without["git"]["state"], (string?)without["git"]["message"]));
        Assert.Equal("Claude Code is not installed on the machine.", (string?)without["claude"]["message"]);
    }

    [Fact]
    public async Task A_git_that_lies_in_a_clone_is_not_run()
    {
        _cli.Directory.Write("work/git", $"#!/bin/sh\ntouch '{_cli.Directory["run"]}'\necho git version 9.9.9\n");
        File.SetUnixFileMode(_cli.Directory["work/git"], UnixFileMode.UserRead | UnixFileMode.UserExecute);
        _cli.Environment["PATH"] = $".::{Environment.GetEnvironmentVariable("PATH")}";

        var (_, checks) = await ExamineAsync();

        Assert.DoesNotContain("9.9.9", (string)checks["git"]["message"]!, StringComparison.Ordinal);
        Assert.False(File.Exists(_cli.Directory["run"]));
    }

    [Fact]
    public async Task What_others_can_read_is_named_with_the_command_that_repairs_it()
    {
        Directory.CreateDirectory(_cli.Home);
        await File.WriteAllTextAsync(_cli.Paths.Auth, "{}");
        await File.WriteAllTextAsync(Path.Combine(_cli.Home, "not-ours.txt"), "");
        File.SetUnixFileMode(_cli.Home, (UnixFileMode)Convert.ToInt32("755", 8));
        File.SetUnixFileMode(_cli.Paths.Auth, (UnixFileMode)Convert.ToInt32("644", 8));
        File.SetUnixFileMode(Path.Combine(_cli.Home, "not-ours.txt"), (UnixFileMode)Convert.ToInt32("644", 8));

        var (exitCode, before) = await ExamineAsync();
        using (var repair = System.Diagnostics.Process.Start("/bin/sh", ["-c", (string)before["files"]["action"]!]))
        {
            await repair.WaitForExitAsync();
        }

        var (_, after) = await ExamineAsync();

        Assert.Equal((ExitCode.Failed, "failed"), (exitCode, (string?)before["files"]["state"]));
        Assert.StartsWith("2 of ", (string)before["files"]["message"]!, StringComparison.Ordinal);
        Assert.Equal("ok", (string?)after["files"]["state"]);
    }

    [Fact]
    public async Task What_is_no_relay_is_not_taken_for_one()
    {
        using TcpListener impostor = new(IPAddress.Loopback, 0);
        impostor.Start();
        var answering = Task.Run(async () =>
        {
            using var client = await impostor.AcceptTcpClientAsync();
            var stream = client.GetStream();
            await stream.ReadAtLeastAsync(new byte[8192], 1);
            await stream.WriteAsync("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nConnection: close\r\n\r\n"u8.ToArray());
        });
        _cli.Environment["GATEWAY_URL"] = $"http://{impostor.LocalEndpoint}";

        var (_, checks) = await ExamineAsync();
        await answering;

        Assert.Contains("is no relay", (string)checks["relay"]["message"]!, StringComparison.Ordinal);
        Assert.Equal("failed", (string?)checks["clock"]["state"]);
    }

    [Theory]
    [InlineData(0, CheckState.Ok)]
    [InlineData(-29, CheckState.Ok)]
    [InlineData(31, CheckState.Warning)]
    [InlineData(-299, CheckState.Warning)]
    [InlineData(301, CheckState.Failed)]
    [InlineData(-86400, CheckState.Failed)]
    public void A_clock_may_be_half_a_minute_off(int seconds, CheckState expected)
    {
        var now = DateTimeOffset.UnixEpoch.AddYears(56);

        var check = RelayChecks.Clock(now, now.AddSeconds(seconds));

        Assert.Equal(expected, check.State);
        Assert.Equal(expected != CheckState.Ok, check.Action is not null);
    }

    [Theory]
    [InlineData("git version 2.39.5", "2.39.5")]
    [InlineData("git version 2.39.5 (Apple Git-154)", "2.39.5")]
    [InlineData("git version 2.45.1.windows.1", "2.45.1")]
    [InlineData("git version 2.47.0-rc1", "2.47")]
    [InlineData("git version x", null)]
    [InlineData("", null)]
    public void The_version_of_git_is_read_from_what_it_says(string output, string? version) => Assert.Equal(version, ToolChecks.VersionIn(output)?.ToString());
}
