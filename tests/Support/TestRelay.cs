using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using PocketCoder.Relay;
using PocketCoder.Relay.Identity;

namespace PocketCoder.TestSupport;

/// <summary>A real relay on loopback whose clock the test holds.</summary>
public sealed class TestRelay : IAsyncDisposable
{
    private readonly Func<string, bool, RelayOptions> _options;

    private TestRelay(Func<string, bool, RelayOptions> options) => _options = options;

    public TempDirectory Directory { get; } = new();

    public RelayHost Host { get; private set; } = null!;

    public Uri Url => Host.LocalUrl;

    public static Task<TestRelay> StartAsync(TimeProvider? time = null, IdentityOptions? identity = null, string? redis = null) => StartAsync((directory, rotateKey) => new RelayOptions
    {
        Listen = new Uri("http://127.0.0.1:0"), DataDirectory = directory, Time = time ?? TimeProvider.System, Identity = identity ?? IdentityOptions.Embedded,
        RotateSigningKey = rotateKey,
        Redis = redis,
    });

    /// <summary>With options that are made for this data directory.</summary>
    public static Task<TestRelay> StartAsync(Func<string, RelayOptions> options) => StartAsync((directory, _) => options(directory));

    private static async Task<TestRelay> StartAsync(Func<string, bool, RelayOptions> options)
    {
        TestRelay relay = new(options);
        await relay.StartAgainAsync();
        return relay;
    }

    /// <summary>For what has to know its port before it listens.</summary>
    public static int FreePort()
    {
        using Socket free = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        free.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)free.LocalEndPoint!).Port;
    }

    public async Task StartAgainAsync(bool rotateKey = false) => Host = await RelayHost.StartAsync(
        _options(Directory["relay"], rotateKey), logging => logging.SetMinimumLevel(LogLevel.None), CancellationToken.None);

    public async Task<string> CodeAsync() => (await Host.CreatePairingLinkAsync()).PairCode;

    public async Task<TestClient> ClientAsync(params string[] features) => await TestClient.PairedAsync(Url, await CodeAsync(), features);

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
