using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using PocketCoder.Protocol;
using PocketCoder.TestSupport;
using Serilog;
using Xunit;

namespace PocketCoder.Cli.Tests;

public sealed class LogTests : IDisposable
{
    private const long SmallFile = 2000;
    private readonly InstalledCli _cli = new();

    public void Dispose() => _cli.Dispose();

    [Fact]
    public async Task The_log_is_followed_through_every_file_that_is_begun()
    {
        await using var log = Logs.Open(_cli.Paths, SmallFile);
        Write(log, 0, 5);
        var follow = _cli.Start("logs", "--tail", "2", "-f");
        Assert.EndsWith("Line 3 ä", await InstalledCli.FirstLineAsync(follow), StringComparison.Ordinal);
        Assert.EndsWith("Line 4 ä", await InstalledCli.FirstLineAsync(follow), StringComparison.Ordinal);

        Write(log, 5, 100);

        for (var i = 5; i < 100; i++)
        {
            Assert.EndsWith($"Line {i} ä", await InstalledCli.FirstLineAsync(follow), StringComparison.Ordinal);
        }

        Assert.True(Directory.GetFiles(_cli.Paths.Logs).Length > 2);
        InstalledCli.Signal(follow, 2);
        Assert.Equal(ExitCode.Done, (await InstalledCli.EndAsync(follow)).ExitCode);
    }

    [Fact]
    public async Task The_end_of_the_log_reaches_back_into_the_file_before()
    {
        await using (var log = Logs.Open(_cli.Paths, SmallFile))
        {
            Write(log, 0, 60);
        }

        var tail = await _cli.RunAsync("logs", "--tail", "40");
        var none = await _cli.RunAsync("logs", "--tail", "0");
        var all = await _cli.RunAsync("logs", "--tail", "100000");

        Assert.Equal(Enumerable.Range(20, 40), Numbers(tail.Output));
        Assert.Empty(none.Output);
        Assert.Equal(Enumerable.Range(0, 60), Numbers(all.Output));
    }

    [Fact]
    public async Task The_log_has_five_files_at_most_and_they_are_the_owners_alone()
    {
        await using (var log = Logs.Open(_cli.Paths, SmallFile))
        {
            Write(log, 0, 1000);
        }

        var files = new DirectoryInfo(_cli.Paths.Logs).GetFiles();

        Assert.Equal(5, files.Length);
        Assert.All(files, file => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, file.UnixFileMode));
        Assert.All(files, file => Assert.InRange(file.Length, 1, SmallFile + 200));
        Assert.Equal(999, Numbers((await _cli.RunAsync("logs", "--tail", "1")).Output).Single());
    }

    [Fact]
    public async Task Without_a_log_it_is_said_who_writes_one()
    {
        var logs = await _cli.RunAsync("logs");

        Assert.Equal((ExitCode.Failed, "There is no log yet. The daemon writes one: pocketcoder start\n"), (logs.ExitCode, logs.Error));
    }

    [Theory]
    [InlineData("debug", "text")]
    [InlineData("noise", "text")]
    [InlineData("debug", "json")]
    public async Task No_secret_and_no_payload_gets_into_the_log(string level, string format)
    {
        const string prompt = "say kumquat-prompt", content = "quince-content", written = "medlar-written";
        _cli.Environment["LOG_LEVEL"] = level;
        _cli.Environment["LOG_FORMAT"] = format;
        File.WriteAllText(Path.Combine(_cli.Work, "sloe-file.txt"), content);
        var (relay, ready) = await _cli.RelayAsync();
        _cli.Environment["GATEWAY_URL"] = null;
        await _cli.RunAsync("login", (string)ready["pairUrl"]!);
        await _cli.RunAsync("start");
        await _cli.StatusAsync(s => (bool)s["relay"]!["connected"]!);
        var projectId = (await _cli.RunAsync("add", ".")).Output.Split(' ')[0];
        var (url, machineKey) = (new Uri((string)ready["url"]!), _cli.Tokens!.MachineKey);
        var code = (await _cli.RunAsync("pair")).Output.Split("#pair=")[1].Split('\n')[0].Trim();
        var address = JsonSerializer.Deserialize(File.ReadAllBytes(_cli.Paths.ControlPlane), ProtocolJson.For<ControlPlaneAddress>())!;

        await using var phone = await TestClient.ConnectAsync(url);
        var tokens = (await phone.AskAsync("auth_exchange", new JsonObject { ["code"] = code }))["payload"]!;
        await phone.RegisterAsync((string)tokens["access_token"]!);
        await phone.AskAsync("agent_session_new", new JsonObject { ["messageId"] = Guid.NewGuid().ToString(), ["content"] = prompt }, machineKey, projectId);
        await phone.UntilEventAsync("done");
        Assert.Equal(content, (string?)(await phone.AskAsync("fs_read", new JsonObject { ["path"] = "sloe-file.txt" }, machineKey, projectId))["payload"]!["content"]);
        await phone.AskAsync("fs_write", new JsonObject { ["path"] = "sloe-file.txt", ["content"] = written }, machineKey, projectId);
        await phone.AskAsync("fs_read", new JsonObject { ["path"] = "../sloe-outside" }, machineKey, projectId);
        await phone.AskAsync("fs_read", new JsonObject { ["nonsense"] = "sloe-nonsense" }, machineKey, projectId);
        var refreshed = (await phone.AskAsync("token_refresh", new JsonObject { ["refresh_token"] = (string)tokens["refresh_token"]! }))["payload"]!;
        await using var thief = await TestClient.ConnectAsync(url);
        await thief.AskAsync("token_refresh", new JsonObject { ["refresh_token"] = (string)tokens["refresh_token"]! });
        using (HttpClient http = new())
        {
            http.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", "Bearer sloe-guess");
            await http.GetAsync(address.Url + "/status?token=" + address.Token);
            await http.GetAsync(new Uri(url, "/sloe-page?code=" + code));
        }

        var stored = _cli.Tokens!;
        await _cli.RunAsync("logout");
        await _cli.RunAsync("stop");
        InstalledCli.Signal(relay, 15);
        await relay.WaitForExitAsync().WaitAsync(TestClient.Patience);

        var log = string.Concat(Directory.GetFiles(_cli.Paths.Logs).Concat(Directory.GetFiles(_cli.Directory["relay"], "relay*.log")).Select(File.ReadAllText));
        if (format == "json")
        {
            Assert.All(log.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => JsonNode.Parse(line));
        }

        Assert.Contains("Connected to the relay", log, StringComparison.Ordinal);
        Assert.Contains("started, control plane at", log, StringComparison.Ordinal);
        Assert.Equal(level == "debug", log.Contains(format == "json" ? "\"Level\":\"Debug\"" : " DBG ", StringComparison.Ordinal));
        Assert.Equal(level == "noise", log.Contains("LOG_LEVEL is none of", StringComparison.Ordinal));
        Assert.All(
            (string?[])[
                (string)ready["pairCode"]!, code, address.Token, stored.AccessToken, stored.RefreshToken, (string)tokens["access_token"]!, (string)tokens["refresh_token"]!,
                (string)refreshed["access_token"]!, (string)refreshed["refresh_token"]!, "kumquat", content, written, "sloe", "Bearer"],
            secret => Assert.DoesNotContain(secret!, log, StringComparison.Ordinal));
    }

    private static void Write(ILogger log, int from, int to)
    {
        for (var i = from; i < to; i++)
        {
            log.Information("Line {Number} ä", i);
        }
    }

    private static IEnumerable<int> Numbers(string output) =>
        output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => int.Parse(line.Split(' ')[^2], System.Globalization.CultureInfo.InvariantCulture));
}
