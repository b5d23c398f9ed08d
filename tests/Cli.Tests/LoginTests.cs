using System.Text.Json.Nodes;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Cli.Tests;

/// <summary>login, logout, and what a running daemon makes of them.</summary>
public sealed class LoginTests : IDisposable
{
    private readonly InstalledCli _cli = new();

    public LoginTests() => _cli.Environment["GATEWAY_URL"] = null;

    public void Dispose() => _cli.Dispose();

    [Fact]
    public async Task A_link_names_the_relay_that_start_then_finds()
    {
        var (_, ready) = await _cli.RelayAsync();

        var login = await _cli.RunAsync("login", (string)ready["pairUrl"]!);
        var start = await _cli.RunAsync("start");
        var status = await _cli.StatusAsync(s => (bool)s["relay"]!["connected"]!);

        Assert.Equal((ExitCode.Done, "Logged in. Start the daemon with: pocketcoder start\n"), (login.ExitCode, login.Output));
        Assert.Equal(ExitCode.Done, start.ExitCode);
        Assert.Equal($"{ready["url"]}/", (string?)status["relay"]!["gateway"]);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_cli.Paths.Auth));
    }

    [Fact]
    public async Task GATEWAY_URL_wins_over_the_link()
    {
        var (_, ready) = await _cli.RelayAsync();
        _cli.Environment["GATEWAY_URL"] = (string)ready["url"]!;

        var login = await _cli.RunAsync("login", $"https://elsewhere.invalid/#pair={ready["pairCode"]}");

        Assert.Equal(ExitCode.Done, login.ExitCode);
        Assert.Equal(new Uri((string)ready["url"]!), _cli.Tokens!.Gateway);
    }

    [Fact]
    public async Task Start_says_so_when_it_is_for_another_relay_than_the_login()
    {
        var (_, ready) = await _cli.RelayAsync();
        await _cli.RunAsync("login", (string)ready["pairUrl"]!);
        _cli.Environment["GATEWAY_URL"] = "ws://127.0.0.1:9";

        var start = await _cli.RunAsync("start");
        var status = await _cli.StatusAsync(s => !(bool)s["loggedIn"]!);

        Assert.Equal(ExitCode.Done, start.ExitCode);
        Assert.StartsWith($"This machine is logged in at {ready["url"]}/, not at ws://127.0.0.1:9/.", start.Error, StringComparison.Ordinal);
        Assert.Equal("ws://127.0.0.1:9/", (string?)status["relay"]!["gateway"]);
    }

    [Fact]
    public async Task The_same_relay_written_in_another_way_is_the_same()
    {
        var (_, ready) = await _cli.RelayAsync();
        await _cli.RunAsync("login", (string)ready["pairUrl"]!);
        _cli.Environment["GATEWAY_URL"] = ((string)ready["url"]!).Replace("http:", "WS:", StringComparison.Ordinal) + "/ws";

        var start = await _cli.RunAsync("start");
        await _cli.StatusAsync(s => (bool)s["relay"]!["connected"]!);

        Assert.Equal((ExitCode.Done, ""), (start.ExitCode, start.Error));
    }

    [Fact]
    public async Task A_link_can_come_over_standard_input_where_nobody_sees_it()
    {
        var (_, ready) = await _cli.RelayAsync();

        var login = await _cli.RunWithAsync(ready["pairUrl"] + "\n", "login");

        Assert.Equal(ExitCode.Done, login.ExitCode);
        Assert.NotNull(_cli.Tokens!.RefreshToken);
    }

    [Fact]
    public async Task What_is_missing_or_wrong_is_said_in_a_sentence()
    {
        var nothing = await _cli.RunAsync("login");
        var bareCode = await _cli.RunAsync("login", "CODE");
        var unreachable = await _cli.RunAsync("login", "http://127.0.0.1:9/#pair=CODE");
        var (_, ready) = await _cli.RelayAsync();
        var invented = await _cli.RunAsync("login", $"{ready["url"]}/#pair=invented");

        Assert.Equal((ExitCode.Usage, ExitCode.Usage, ExitCode.Failed, ExitCode.Failed), (nothing.ExitCode, bareCode.ExitCode, unreachable.ExitCode, invented.ExitCode));
        Assert.Contains("pocketcoder pair", nothing.Error, StringComparison.Ordinal);
        Assert.Contains("GATEWAY_URL", bareCode.Error, StringComparison.Ordinal);
        Assert.StartsWith("The relay at http://127.0.0.1:9/ cannot be reached.", unreachable.Error, StringComparison.Ordinal);
        Assert.StartsWith("That did not work.", invented.Error, StringComparison.Ordinal);
        Assert.Null(_cli.Tokens);
    }

    [Theory]
    [InlineData("foo")]
    [InlineData("ftp://relay.example.org")]
    [InlineData("wss://user:secret@relay.example.org")]
    [InlineData("//relay")]
    public async Task A_GATEWAY_URL_that_is_none_is_refused_by_whoever_needs_one(string gateway)
    {
        _cli.Environment["GATEWAY_URL"] = gateway;

        var outcomes = await Task.WhenAll(_cli.RunAsync("start"), _cli.RunAsync("start", "--foreground"), _cli.RunAsync("login", "CODE"), _cli.RunAsync("doctor"));

        Assert.All(outcomes, outcome => Assert.Equal((ExitCode.Usage, "GATEWAY_URL must be an address like wss://relay.example.org.\n"), (outcome.ExitCode, outcome.Error)));
    }

    [Fact]
    public async Task A_logout_ends_the_tokens_here_and_at_the_relay_and_the_daemon_waits_for_a_login()
    {
        var (_, ready) = await _cli.RelayAsync();
        var relay = new Uri((string)ready["url"]!);
        await _cli.RunAsync("login", (string)ready["pairUrl"]!);
        await _cli.RunAsync("start");
        await _cli.StatusAsync(status => (bool)status["relay"]!["connected"]!);
        await using var other = await MachineAsync(relay, LinkIn((await _cli.RunAsync("pair")).Output));
        var (pair, again) = (await CodeOfAsync(other), await CodeOfAsync(other));
        var before = _cli.Tokens!;

        var logout = await _cli.RunAsync("logout");
        var status = await _cli.StatusAsync(s => !(bool)s["relay"]!["connected"]!);
        await using var thief = await TestClient.ConnectAsync(relay);
        var refreshed = await thief.AskAsync("token_refresh", new JsonObject { ["refresh_token"] = before.RefreshToken });
        var registered = await thief.RegisterAsync(before.AccessToken!);
        var after = _cli.Tokens!;
        var logInAgain = await _cli.RunAsync("login", $"{relay}#pair={pair}");
        await _cli.StatusAsync(s => (bool)s["relay"]!["connected"]!);

        Assert.Equal((ExitCode.Done, "Logged out.\n"), (logout.ExitCode, logout.Output));
        Assert.False((bool)status["loggedIn"]!);
        Assert.Equal("UNAUTHORIZED", (string?)refreshed["error"]!["code"]);
        Assert.Equal("UNAUTHORIZED", (string?)registered["error"]!["code"]);
        Assert.Equal((null, null, before.MachineKey), (after.AccessToken, after.RefreshToken, after.MachineKey));
        Assert.Equal("Logged in.\n", logInAgain.Output);
        Assert.Equal(before.MachineKey, _cli.Tokens!.MachineKey);
        await using var phone = await TestClient.PairedAsync(relay, again);
        Assert.StartsWith("cl_", phone.ClientId, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_logout_without_a_daemon_tells_the_relay_too_and_twice_is_as_good_as_once()
    {
        var (_, ready) = await _cli.RelayAsync();
        await _cli.RunAsync("login", (string)ready["pairUrl"]!);
        var refreshToken = _cli.Tokens!.RefreshToken;

        var logout = await _cli.RunAsync("logout");
        var again = await _cli.RunAsync("logout");
        await using var thief = await TestClient.ConnectAsync(new Uri((string)ready["url"]!));
        var refreshed = await thief.AskAsync("token_refresh", new JsonObject { ["refresh_token"] = refreshToken });

        Assert.Equal((ExitCode.Done, "Logged out.\n"), (logout.ExitCode, logout.Output));
        Assert.Equal((ExitCode.Done, "This machine is not logged in.\n"), (again.ExitCode, again.Output));
        Assert.Equal("UNAUTHORIZED", (string?)refreshed["error"]!["code"]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_logout_without_a_connection_deletes_the_tokens_and_says_who_does_not_know(bool running)
    {
        var (relay, ready) = await _cli.RelayAsync();
        await _cli.RunAsync("login", (string)ready["pairUrl"]!);
        if (running)
        {
            await _cli.RunAsync("start");
            await _cli.StatusAsync(status => (bool)status["relay"]!["connected"]!);
        }

        relay.Kill();
        await relay.WaitForExitAsync();
        if (running)
        {
            await _cli.StatusAsync(status => !(bool)status["relay"]!["connected"]!);
        }

        var logout = await _cli.RunAsync("logout");

        Assert.Equal(ExitCode.Done, logout.ExitCode);
        Assert.Contains("The relay could not be told", logout.Output, StringComparison.Ordinal);
        Assert.Null(_cli.Tokens!.RefreshToken);
    }

    [Fact]
    public async Task Another_account_gets_another_machine_key()
    {
        var (first, ready) = await _cli.RelayAsync();
        await _cli.RunAsync("login", (string)ready["pairUrl"]!);
        var (machineKey, userId) = (_cli.Tokens!.MachineKey, _cli.Tokens.UserId);
        first.Kill();
        await first.WaitForExitAsync();
        Directory.Delete(_cli.Directory["relay"], recursive: true);
        var (_, second) = await _cli.RelayAsync();

        await _cli.RunAsync("login", (string)second["pairUrl"]!);

        Assert.NotEqual(userId, _cli.Tokens!.UserId);
        Assert.NotEqual(machineKey, _cli.Tokens.MachineKey);
    }

    [Fact]
    public async Task The_daemon_of_up_is_not_logged_out_but_stopped()
    {
        await _cli.UpAsync();

        var logout = await _cli.RunAsync("logout");

        Assert.Equal(ExitCode.Failed, logout.ExitCode);
        Assert.Contains("pocketcoder stop", logout.Error, StringComparison.Ordinal);
    }

    /// <summary>Another machine of the same account: the codes of one that logs out end with it.</summary>
    private static async Task<TestClient> MachineAsync(Uri relay, string link)
    {
        var machine = await TestClient.ConnectAsync(relay);
        var tokens = await machine.AskAsync("auth_exchange", new JsonObject { ["code"] = link.Split("#pair=")[1] });
        await machine.AskAsync("daemon_register", TestRelay.Registration(Guid.NewGuid().ToString(), (string)tokens["payload"]!["access_token"]!));
        return machine;
    }

    private static async Task<string> CodeOfAsync(TestClient machine) =>
        (string)(await machine.AskAsync("pairing_code_create", new JsonObject()))["payload"]!["code"]!;

    private static string LinkIn(string text) => text.Split((char[]?)null).First(word => word.Contains("#pair=", StringComparison.Ordinal));
}
