using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using PocketCoder.Relay;
using PocketCoder.Relay.Identity;

namespace PocketCoder.TestSupport;

/// <summary>A real relay on loopback whose clock the test holds.</summary>
public sealed class TestRelay : IAsyncDisposable
{
    private readonly TimeProvider _time;

    private readonly IdentityOptions _identity;

    private TestRelay(TimeProvider time, IdentityOptions identity) => (_time, _identity) = (time, identity);

    public TempDirectory Directory { get; } = new();

    public RelayHost Host { get; private set; } = null!;

    public Uri Url => Host.LocalUrl;

    public static async Task<TestRelay> StartAsync(TimeProvider? time = null, IdentityOptions? identity = null)
    {
        TestRelay relay = new(time ?? TimeProvider.System, identity ?? IdentityOptions.Embedded);
        await relay.StartAgainAsync();
        return relay;
    }

    public async Task StartAgainAsync(bool rotateKey = false) => Host = await RelayHost.StartAsync(
        new RelayOptions { Listen = new Uri("http://127.0.0.1:0"), DataDirectory = Directory["relay"], Time = _time, Identity = _identity, RotateSigningKey = rotateKey },
        logging => logging.SetMinimumLevel(LogLevel.None), CancellationToken.None);

    public async Task<string> CodeAsync() => (await Host.CreatePairingLinkAsync()).PairCode;

    public async Task<TestClient> ClientAsync() => await TestClient.PairedAsync(Url, await CodeAsync());

    /// <summary>The payload of a new pairing's tokens.</summary>
    public async Task<JsonObject> TokensAsync()
    {
        await using var client = await TestClient.ConnectAsync(Url);
        return (await client.AskAsync("auth_exchange", new JsonObject { ["code"] = await CodeAsync() }))["payload"]!.AsObject();
    }

    /// <summary>A registered machine whose messages the test reads and writes itself.</summary>
    public async Task<TestClient> MachineAsync(string machineKey, string? token = null)
    {
        var daemon = await TestClient.ConnectAsync(Url);
        var answer = await daemon.AskAsync("daemon_register", Registration(machineKey, token ?? (string)(await TokensAsync())["access_token"]!));
        return (string?)answer["type"] == "daemon_register_response" ? daemon : throw new InvalidOperationException(answer.ToJsonString());
    }

    public static JsonObject Registration(string machineKey, string token) => new()
    {
        ["machineKey"] = machineKey,
        ["token"] = token,
        ["machine"] = new JsonObject { ["label"] = "Desk", ["hostname"] = "desk", ["platform"] = "linux", ["arch"] = "x64", ["daemonVersion"] = "1" },
        ["projects"] = new JsonArray(),
        ["capabilities"] = new JsonObject { ["hasGit"] = true, ["hasClaude"] = false },
    };

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        Directory.Dispose();
    }
}
