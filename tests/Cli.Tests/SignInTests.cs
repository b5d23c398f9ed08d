using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using System.Web;
using Microsoft.Extensions.Time.Testing;
using PocketCoder.Cli.SignIn;
using PocketCoder.TestSupport;
using PocketCoder.TestSupport.Supabase;
using Xunit;

namespace PocketCoder.Cli.Tests;

/// <summary>login with a browser, at a relay that knows its users through Supabase or an OpenID provider.</summary>
public sealed class SignInTests : IAsyncLifetime
{
    private readonly InstalledCli _cli = new();
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false, CookieContainer = new CookieContainer() });
    private SupabaseAuth _supabase = null!;

    public async ValueTask InitializeAsync()
    {
        _supabase = await SupabaseAuth.StartAsync();
        _cli.Environment["DISPLAY"] = null;
        _cli.Environment["WAYLAND_DISPLAY"] = null;
        _cli.Environment["GATEWAY_URL"] = null;
        _cli.Environment["POCKETCODER_AUTH"] = "supabase";
        _cli.Environment["POCKETCODER_SUPABASE_URL"] = _supabase.Url.AbsoluteUri;
        _cli.Environment["POCKETCODER_SUPABASE_KEY"] = SupabaseAuth.ApiKey;
    }

    public async ValueTask DisposeAsync()
    {
        _cli.Dispose();
        _http.Dispose();
        await _supabase.DisposeAsync();
    }

    private async Task<Uri> RelayAsync()
    {
        var (_, ready) = await _cli.RelayAsync();
        _cli.Environment["GATEWAY_URL"] = (string)ready["url"]!;
        return new Uri((string)ready["url"]!);
    }

    /// <summary>A login that waits, and the address that it printed.</summary>
    private async Task<(Process Login, Uri Page, Uri Callback)> BeginAsync()
    {
        var login = _cli.Start("login");
        login.StandardInput.Close();
        while (true)
        {
            var line = await InstalledCli.FirstLineAsync(login);
            if (line.Trim().StartsWith("http", StringComparison.Ordinal))
            {
                Uri page = new(line.Trim());
                return (login, page, new Uri(HttpUtility.ParseQueryString(page.Query)["redirect_uri"]!));
            }
        }
    }

    private static string StateOf(Uri page) => HttpUtility.ParseQueryString(page.Query)["state"]!;

    [Fact]
    public async Task Who_does_not_come_back_within_five_minutes_is_told_so_and_nobody_listens_any_more()
    {
        WatchedClock clock = new();
        using StringWriter output = new();
        var login = BrowserSignIn.RunAsync(
            new CliContext(output, output, _cli.Paths, new ControlPlaneClient(_cli.Paths), Colours: false), new Uri("ws://127.0.0.1:1/ws"), open: false, clock, TestContext.Current.CancellationToken);
        await clock.IsWaitedFor.WaitAsync(TestClient.Patience);
        Uri callback = new(HttpUtility.ParseQueryString(new Uri(output.ToString().Split('\n', StringSplitOptions.TrimEntries).Single(line => line.StartsWith("http", StringComparison.Ordinal))).Query)["redirect_uri"]!);

        clock.Advance(TimeSpan.FromMinutes(5) - TimeSpan.FromTicks(1));
        using (var early = await _http.GetAsync(callback, TestContext.Current.CancellationToken))
        {
            Assert.Equal(HttpStatusCode.BadRequest, early.StatusCode);
        }

        Assert.False(login.IsCompleted);
        clock.Advance(TimeSpan.FromTicks(1));
        var end = await Assert.ThrowsAsync<CommandException>(() => login);

        Assert.Equal("Nobody came back from signing in within five minutes. Begin again: pocketcoder login", end.Message);
        await Assert.ThrowsAsync<HttpRequestException>(() => _http.GetAsync(callback, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_machine_is_signed_in_with_the_browser_and_its_daemon_connects()
    {
        await RelayAsync();
        var (login, page, callback) = await BeginAsync();

        using var landed = await _http.GetAsync(page, TestContext.Current.CancellationToken);
        var outcome = await InstalledCli.EndAsync(login);
        await _cli.RunAsync("start");
        var status = await _cli.StatusAsync(s => (bool)s["relay"]!["connected"]!);

        Assert.Equal(callback, new Uri(landed.RequestMessage!.RequestUri!.GetLeftPart(UriPartial.Path)));
        Assert.Equal(HttpStatusCode.OK, landed.StatusCode);
        Assert.Equal((ExitCode.Done, ""), (outcome.ExitCode, outcome.Error));
        Assert.EndsWith("Logged in. Start the daemon with: pocketcoder start\n", outcome.Output, StringComparison.Ordinal);
        Assert.True((bool)status["loggedIn"]!);
        Assert.Equal(_supabase.User, _cli.Tokens!.UserId);
        Assert.Equal(["machine_key", "access_token", "refresh_token", "expires_at", "user_id"],
            JsonNode.Parse(await File.ReadAllTextAsync(_cli.Paths.Auth, TestContext.Current.CancellationToken))!.AsObject().Select(member => member.Key).Where(key => key != "gateway"));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_cli.Paths.Auth));
        await Assert.ThrowsAsync<HttpRequestException>(() => _http.GetAsync(callback, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task At_an_OpenID_provider_it_is_the_same()
    {
        await using var provider = await OidcProvider.StartAsync();
        _cli.Environment["POCKETCODER_AUTH"] = "oidc";
        _cli.Environment["POCKETCODER_OIDC_ISSUER"] = provider.Issuer;
        _cli.Environment["POCKETCODER_OIDC_CLIENT_ID"] = "confidential";
        _cli.Environment["POCKETCODER_OIDC_CLIENT_SECRET"] = OidcProvider.Secret;
        _cli.Environment["POCKETCODER_OIDC_ALLOW"] = "@example.org";
        await RelayAsync();
        var (login, page, _) = await BeginAsync();

        using var landed = await _http.GetAsync(page, TestContext.Current.CancellationToken);
        var outcome = await InstalledCli.EndAsync(login);

        Assert.Equal((ExitCode.Done, ""), (outcome.ExitCode, outcome.Error));
        Assert.Equal($"{provider.Issuer}|ann", _cli.Tokens!.UserId);
    }

    [Fact]
    public async Task Who_knocks_without_the_state_from_another_name_or_elsewhere_changes_nothing()
    {
        await RelayAsync();
        var (login, page, callback) = await BeginAsync();
        var state = StateOf(page);
        async Task<int> KnockAsync(string path, string? host = null, HttpMethod? method = null)
        {
            using HttpRequestMessage request = new(method ?? HttpMethod.Get, new Uri(callback, path));
            request.Headers.Host = host;
            using var response = await _http.SendAsync(request, TestContext.Current.CancellationToken);
            return (int)response.StatusCode;
        }

        Assert.Equal(400, await KnockAsync("/callback"));
        Assert.Equal(400, await KnockAsync("/callback?code=x"));
        Assert.Equal(400, await KnockAsync($"/callback?code=x&state={state}x"));
        Assert.Equal(400, await KnockAsync($"/callback?code=x&state={state[..^1]}"));
        Assert.Equal(400, await KnockAsync($"/callback?code=x&state={state}&state={state}"));
        Assert.Equal(404, await KnockAsync($"/?code=x&state={state}"));
        Assert.Equal(404, await KnockAsync($"/callback?code=x&state={state}", method: HttpMethod.Post));
        Assert.Equal(421, await KnockAsync($"/callback?code=x&state={state}", host: $"evil.example:{callback.Port}"));
        Assert.Equal(421, await KnockAsync($"/callback?code=x&state={state}", host: $"localhost:{callback.Port}"));
        Assert.False(login.HasExited);

        using var landed = await _http.GetAsync(page, TestContext.Current.CancellationToken);
        Assert.Equal(ExitCode.Done, (await InstalledCli.EndAsync(login)).ExitCode);
    }

    [Fact]
    public async Task A_refused_sign_in_and_an_invented_code_end_with_a_sentence_and_leave_nothing()
    {
        await RelayAsync();
        _supabase.User = null;
        var (declined, page, _) = await BeginAsync();
        using var no = await _http.GetAsync(page, TestContext.Current.CancellationToken);
        var (forged, forgedPage, callback) = await BeginAsync();
        using var invented = await _http.GetAsync(new Uri(callback, $"/callback?code=invented&state={StateOf(forgedPage)}"), TestContext.Current.CancellationToken);

        var (first, second) = (await InstalledCli.EndAsync(declined), await InstalledCli.EndAsync(forged));

        Assert.Equal(ExitCode.Failed, first.ExitCode);
        Assert.StartsWith("The sign-in was refused", first.Error, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Failed, second.ExitCode);
        Assert.StartsWith("That did not work.", second.Error, StringComparison.Ordinal);
        Assert.Null(_cli.Tokens);
    }

    [Fact]
    public async Task A_daemon_that_cannot_refresh_is_offline_and_only_one_that_is_refused_is_logged_out()
    {
        // Shorter than what a daemon connects with, so that each connection begins with a refresh.
        _supabase.Keys.Life = TimeSpan.FromSeconds(100);
        var (relay, ready) = await _cli.RelayAsync();
        _cli.Environment["GATEWAY_URL"] = (string)ready["url"]!;
        var (login, page, _) = await BeginAsync();
        using var landed = await _http.GetAsync(page, TestContext.Current.CancellationToken);
        await InstalledCli.EndAsync(login);
        await _cli.RunAsync("start");
        await _cli.StatusAsync(s => (bool)s["relay"]!["connected"]!);
        var before = _cli.Tokens!;

        _supabase.Down = true;
        relay.Kill();
        await relay.WaitForExitAsync(TestContext.Current.CancellationToken);
        await _cli.StatusAsync(s => !(bool)s["relay"]!["connected"]!);
        var asked = _supabase.Requests.Count(IsRefresh);
        var (second, _) = await _cli.RelayAsync(new Uri((string)ready["url"]!).Port);
        while (_supabase.Requests.Count(IsRefresh) == asked)
        {
            await HurryAsync();
        }

        var offline = await _cli.StatusAsync(_ => true);
        Assert.Equal((true, false), ((bool)offline["loggedIn"]!, (bool)offline["relay"]!["connected"]!));
        Assert.Equal(before.RefreshToken, _cli.Tokens!.RefreshToken);

        _supabase.Down = false;
        var back = await HurriedAsync(s => (bool)s["relay"]!["connected"]!);
        Assert.True((bool)back["loggedIn"]!);
        Assert.NotEqual(before.RefreshToken, _cli.Tokens!.RefreshToken);

        _supabase.EndAll();
        second.Kill();
        await second.WaitForExitAsync(TestContext.Current.CancellationToken);
        await _cli.RelayAsync(new Uri((string)ready["url"]!).Port);
        Assert.False((bool)(await HurriedAsync(s => !(bool)s["loggedIn"]!))["loggedIn"]!);

        // A daemon that waits for its next attempt makes it when it has something to say.
        Task HurryAsync() => _cli.RunAsync("machine", "label", "Desk");

        // An attempt that was under way already does not count.
        async Task<JsonNode> HurriedAsync(Func<JsonNode, bool> holds)
        {
            var patience = Stopwatch.StartNew();
            while (true)
            {
                await HurryAsync();
                var status = await _cli.StatusAsync(_ => true);
                if (holds(status))
                {
                    return status;
                }

                Assert.True(patience.Elapsed < TestClient.Patience, status.ToJsonString());
            }
        }

        static bool IsRefresh(string request) => request == "/auth/v1/token?grant_type=refresh_token";
    }

    [Fact]
    public async Task A_logout_ends_the_session_at_Supabase_too()
    {
        await RelayAsync();
        var (login, page, _) = await BeginAsync();
        using var landed = await _http.GetAsync(page, TestContext.Current.CancellationToken);
        await InstalledCli.EndAsync(login);

        var logout = await _cli.RunAsync("logout");

        Assert.Equal((ExitCode.Done, "Logged out.\n"), (logout.ExitCode, logout.Output));
        Assert.Contains("/auth/v1/logout?scope=local", _supabase.Requests);
        Assert.Null(_cli.Tokens!.RefreshToken);
    }

    [Fact]
    public async Task A_relay_that_pairs_with_codes_says_so()
    {
        _cli.Environment["POCKETCODER_AUTH"] = null;
        await RelayAsync();

        var login = await _cli.RunAsync("login");

        Assert.Equal(ExitCode.Usage, login.ExitCode);
        Assert.Contains("pocketcoder login CODE", login.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_browser_is_opened_where_there_is_one()
    {
        await RelayAsync();
        var opener = Path.Combine(Directory.CreateDirectory(_cli.Directory["bin"]).FullName, "xdg-open");
        _cli.Directory.Write("bin/xdg-open", $"#!/bin/sh\nprintf %s \"$1\" > '{_cli.Directory["opened.part"]}' && mv '{_cli.Directory["opened.part"]}' '{_cli.Directory["opened"]}'\n");
        File.SetUnixFileMode(opener, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        _cli.Environment["PATH"] = $"{Path.GetDirectoryName(opener)}:{Environment.GetEnvironmentVariable("PATH")}";
        _cli.Environment["DISPLAY"] = ":99";
        using FileSystemWatcher watcher = new(_cli.Directory.Path, "opened");
        TaskCompletionSource opened = new();
        watcher.Renamed += (_, _) => opened.TrySetResult();
        watcher.Created += (_, _) => opened.TrySetResult();
        watcher.EnableRaisingEvents = true;

        var (_, page, _) = await BeginAsync();
        await opened.Task.WaitAsync(TestClient.Patience, TestContext.Current.CancellationToken);

        Assert.Equal(page.AbsoluteUri, await File.ReadAllTextAsync(_cli.Directory["opened"], TestContext.Current.CancellationToken));
    }

    public static TheoryData<string, string> Mistakes => new()
    {
        { "POCKETCODER_AUTH=ldap", "\"ldap\" is no way to sign in." },
        { "POCKETCODER_SUPABASE_URL=", "The Supabase project is missing." },
        { "POCKETCODER_SUPABASE_URL=http://project.supabase.co", "plain http is taken on this machine only" },
        { "POCKETCODER_SUPABASE_KEY=", "Supabase's key is missing." },
        { "POCKETCODER_SUPABASE_JWT_SECRET=short", "shorter than 32 characters" },
        { "POCKETCODER_AUTH=oidc", "The OpenID provider is missing." },
        { "POCKETCODER_AUTH=oidc POCKETCODER_OIDC_ISSUER=accounts.example.org", "The issuer must be an address" },
        { "POCKETCODER_AUTH=oidc POCKETCODER_OIDC_ISSUER=https://accounts.example.org", "The client id is missing." },
        { "POCKETCODER_AUTH=oidc POCKETCODER_OIDC_ISSUER=https://accounts.example.org POCKETCODER_OIDC_CLIENT_ID=x", "Nobody is allowed to sign in yet." },
        { "POCKETCODER_AUTH=oidc POCKETCODER_OIDC_ISSUER=https://accounts.example.org POCKETCODER_OIDC_CLIENT_ID=x POCKETCODER_OIDC_ALLOW=ann", "\"ann\" allows nobody." },
        { "POCKETCODER_RELAY_CONFIG=/nowhere.json", "/nowhere.json cannot be read." },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public async Task What_is_wrong_with_the_settings_is_said_at_the_start(string settings, string sentence)
    {
        foreach (var setting in settings.Split(' '))
        {
            _cli.Environment[setting[..setting.IndexOf('=')]] = setting[(setting.IndexOf('=') + 1)..];
        }

        var relay = await _cli.RunAsync("relay", "--listen", "http://127.0.0.1:0", "--data-dir", _cli.Directory["relay"]);

        Assert.Equal(ExitCode.Usage, relay.ExitCode);
        Assert.Contains(sentence, relay.Error, StringComparison.Ordinal);
        Assert.Single(relay.Error.TrimEnd().Split('\n'));
    }

    [Theory]
    [InlineData("""{"auth":"supabase","supabase":{"url":"URL","key":"KEY"}}""", null)]
    [InlineData("""{"auth":"supabase","supabase":{"url":"URL","key":"KEY","color":"red"}}""", "has a setting that does not exist, supabase.color.")]
    [InlineData("""{"auth":"supabase","supabase":{"url":5}}""", "supabase.url in")]
    [InlineData("{\"auth\":", "is no JSON")]
    [InlineData("[]", "must hold an object")]
    public async Task A_file_can_hold_the_settings(string content, string? sentence)
    {
        foreach (var name in (string[])["POCKETCODER_AUTH", "POCKETCODER_SUPABASE_URL", "POCKETCODER_SUPABASE_KEY"])
        {
            _cli.Environment[name] = null;
        }

        _cli.Directory.Write("relay.json", content.Replace("URL", _supabase.Url.AbsoluteUri, StringComparison.Ordinal).Replace("KEY", SupabaseAuth.ApiKey, StringComparison.Ordinal));
        var relay = _cli.Start("relay", "--json", "--listen", "http://127.0.0.1:0", "--data-dir", _cli.Directory["relay"], "--config", _cli.Directory["relay.json"]);

        if (sentence is null)
        {
            Assert.Equal("supabase", (string?)JsonNode.Parse(await InstalledCli.FirstLineAsync(relay))!["authMode"]);
            return;
        }

        var outcome = await InstalledCli.EndAsync(relay);
        Assert.Equal(ExitCode.Usage, outcome.ExitCode);
        Assert.Contains(sentence, outcome.Error, StringComparison.Ordinal);
    }

    /// <summary>Tells when somebody waits for it to go on.</summary>
    private sealed class WatchedClock : FakeTimeProvider
    {
        private readonly TaskCompletionSource _waited = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task IsWaitedFor => _waited.Task;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = base.CreateTimer(callback, state, dueTime, period);
            _waited.TrySetResult();
            return timer;
        }
    }
}
