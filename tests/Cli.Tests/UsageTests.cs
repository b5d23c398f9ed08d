using System.Diagnostics;
using CsCheck;
using Xunit;

namespace PocketCoder.Cli.Tests;

/// <summary>What it says of itself, and to whom who mistypes.</summary>
public sealed class UsageTests : IDisposable
{
    private static readonly string[] Names = ["status", "projects", "devices", "enable-autostart", "disable-autostart", "completion", "doctor", "machine", "--foreground"];
    private readonly InstalledCli _cli = new();

    public void Dispose() => _cli.Dispose();

    [Theory]
    [InlineData("status", "statsu")]
    [InlineData("devices", "device")]
    [InlineData("enable-autostart", "enable-autostrat")]
    [InlineData("--json", "status", "--jsn")]
    [InlineData("--listen", "up", "--listn", "http://127.0.0.1:0")]
    [InlineData("--lan", "up", "--lna")]
    [InlineData("revoke", "devices", "revok", "dev_1")]
    public async Task A_slip_is_met_with_what_was_meant(string meant, params string[] typed)
    {
        var outcome = await _cli.RunAsync(typed);

        Assert.Equal(ExitCode.Usage, outcome.ExitCode);
        Assert.Empty(outcome.Output);
        Assert.Contains($"Did you mean {meant}?\n", outcome.Error, StringComparison.Ordinal);
        Assert.EndsWith("--help\n", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_resembles_nothing_is_not_guessed_at()
    {
        var outcome = await _cli.RunAsync("frobnicate");

        Assert.Equal(ExitCode.Usage, outcome.ExitCode);
        Assert.DoesNotContain("Did you mean", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void One_slip_in_a_name_is_found_again() =>
        Gen.Select(Gen.Int[0, Names.Length - 1].Select(i => Names[i]), Gen.Int[0, 3], Gen.Int[0, 100], Gen.Char['a', 'z']).Sample((name, kind, at, letter) =>
        {
            at %= name.Length - 1;
            var slip = kind switch
            {
                0 => name.Remove(at, 1),
                1 => name.Insert(at, $"{letter}"),
                2 => name.Remove(at, 1).Insert(at, $"{letter}"),
                _ => name[..at] + name[at + 1] + name[at] + name[(at + 2)..],
            };
            return UsageError.Distance(slip, name) <= 1 && UsageError.Distance(name, slip) == UsageError.Distance(slip, name)
                && UsageError.Nearest(slip, Names) is { } nearest && UsageError.Distance(slip, nearest) <= 1;
        });

    [Fact]
    public async Task Each_command_has_a_whole_page_of_help()
    {
        var commands = (await _cli.RunAsync("[suggest:12]", "pocketcoder ")).Output.Split('\n').Where(line => line.Length > 0 && char.IsAsciiLetter(line[0])).ToList();
        Assert.Superset(
            new HashSet<string>(
            [
                "login", "logout", "start", "stop", "status", "add", "remove", "projects", "logs", "machine", "enable-autostart", "disable-autostart",
                "up", "relay", "pair", "devices", "doctor", "completion",
            ]),
            commands.ToHashSet());

        var pages = await Task.WhenAll(commands.Select(command => _cli.RunAsync(command, "--help")).Append(_cli.RunAsync("--help")).Append(_cli.RunAsync("devices", "revoke", "--help")));

        Assert.All(pages, page =>
        {
            Assert.Equal(ExitCode.Done, page.ExitCode);
            Assert.Empty(page.Error);
            Assert.All(
                (string[])["Description:\n", "Usage:\n", "Options:\n", "Examples:\n  ", "Exit codes:\n  0 ", "Environment:\n  GATEWAY_URL ", "Files in "],
                section => Assert.Contains(section, page.Output, StringComparison.Ordinal));
        });
    }

    [Fact]
    public async Task The_exit_codes_are_all_in_one_table()
    {
        var help = (await _cli.RunAsync("--help")).Output;

        Assert.All((int[])[ExitCode.Done, ExitCode.Failed, ExitCode.Usage, ExitCode.NotRunning, ExitCode.AlreadyRunning, ExitCode.Interrupted],
            code => Assert.Matches($"(?m)^  {code} +[a-z`]", help));
    }

    [Theory]
    [InlineData(true, "xterm", "")]
    [InlineData(false, "dumb", "")]
    [InlineData(false, "xterm", "1")]
    public async Task Colours_are_for_terminals_that_want_them(bool expected, string terminal, string noColor)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && File.Exists("/usr/bin/script"), "script (util-linux) gives a terminal to the test; it is not there.");
        _cli.Environment["TERM"] = terminal;
        _cli.Environment["NO_COLOR"] = noColor;
        var piped = await _cli.RunAsync("doctor");
        _cli.Before = ["/bin/sh", "-c", "exec /usr/bin/script -qec \"'$0' doctor\" /dev/null"];
        var shown = await _cli.RunAsync();

        Assert.DoesNotContain('\e', piped.Output);
        Assert.Equal(expected, shown.Output.Contains("\e[3", StringComparison.Ordinal));
        Assert.Contains("claude", shown.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Alone_it_says_what_to_do_next_as_things_are()
    {
        var fresh = await _cli.RunAsync();
        var (up, ready) = await _cli.UpAsync();
        var unpaired = await _cli.RunAsync();
        await using var phone = await TestSupport.TestClient.PairedAsync(new Uri((string)ready["url"]!), (string)ready["pairCode"]!);
        var paired = await _cli.RunAsync();
        await _cli.RunAsync("remove", (string)ready["projects"]![0]!["projectId"]!);
        var empty = await _cli.RunAsync();
        await _cli.RunAsync("stop");
        await up.WaitForExitAsync().WaitAsync(TestSupport.TestClient.Patience);
        var stopped = await _cli.RunAsync();

        Assert.All([fresh, unpaired, paired, empty, stopped], outcome => Assert.Equal(ExitCode.Done, outcome.ExitCode));
        Assert.Contains("not set up yet", fresh.Output, StringComparison.Ordinal);
        Assert.Contains("pocketcoder up", fresh.Output, StringComparison.Ordinal);
        Assert.Contains("pocketcoder pair", unpaired.Output, StringComparison.Ordinal);
        Assert.Contains("1 project, 1 paired device", paired.Output, StringComparison.Ordinal);
        Assert.Contains("pocketcoder add", empty.Output, StringComparison.Ordinal);
        Assert.Contains("PocketCoder is not running", stopped.Output, StringComparison.Ordinal);
        Assert.Contains("pocketcoder up", stopped.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Alone_on_a_machine_of_another_relay_it_names_login_start_and_doctor()
    {
        var (relay, ready) = await _cli.RelayAsync();
        _cli.Environment["GATEWAY_URL"] = null;
        await _cli.RunAsync("login", (string)ready["pairUrl"]!);
        var stopped = await _cli.RunAsync();
        await _cli.RunAsync("start");
        await _cli.StatusAsync(status => (bool)status["relay"]!["connected"]!);
        relay.Kill();
        await _cli.StatusAsync(status => !(bool)status["relay"]!["connected"]!);
        var disconnected = await _cli.RunAsync();
        await _cli.RunAsync("logout");
        var loggedOut = await _cli.RunAsync();

        Assert.Contains("pocketcoder start", stopped.Output, StringComparison.Ordinal);
        Assert.Contains("pocketcoder doctor", disconnected.Output, StringComparison.Ordinal);
        Assert.Contains("pocketcoder login", loggedOut.Output, StringComparison.Ordinal);
    }
}
