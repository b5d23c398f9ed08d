using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using CsCheck;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Daemon.Tests;

/// <summary>
/// Each request of the protocol, taken from its golden file and bent: members missing, added, of another type, null, huge, deeply nested. Whatever comes, the
/// machine answers once, says nothing about its insides, and goes on.
/// </summary>
[Collection(nameof(Alone))]
public sealed partial class FuzzTests : SystemTests
{
    private static readonly string[] Texts =
    [
        "", " ", "x", "a/b", "..", "../../etc/passwd", "/etc/passwd", "\0", "-x", "--help", "HEAD", "💥", "\uD83D", "\u202E", "\n", "utf-8", "staged", "true",
        "00000000-0000-0000-0000-000000000000", new('a', 5_000), new('/', 5_000),
    ];

    // What the machine answers names it; these the relay answers itself.
    private static readonly string[] OfTheRelay =
        ["auth_exchange", "token_refresh", "token_revoke", "client_register", "daemon_register", "machines_list", "devices_list", "device_revoke", "pairing_code_create"];

    private static readonly JsonObject[] Requests =
    [
        .. Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Golden"), "*.json").Order(StringComparer.Ordinal)
            .Select(f => JsonNode.Parse(File.ReadAllText(f))!.AsObject())
            .Where(m => m["machineKey"] is not null && m["requestId"] is not null && m["clientId"] is null || OfTheRelay.Contains((string)m["type"]!)),
    ];

    private static readonly Gen<JsonNode?> Odd = Gen.OneOf(
        Gen.Bool.Select(_ => (JsonNode?)null),
        Gen.Int[0, Texts.Length - 1].Select(i => (JsonNode?)JsonValue.Create(Texts[i])),
        Gen.Int[0, 6].Select(i => (JsonNode?)JsonNode.Parse(((string[])["0", "-1", "1e300", "9223372036854775808", "0.5", "-2147483649", "1000000"])[i])),
        Gen.Bool.Select(b => (JsonNode?)JsonValue.Create(b)),
        Gen.Int[1, 55].Select(depth => JsonNode.Parse(string.Concat(Enumerable.Repeat("[", depth)) + string.Concat(Enumerable.Repeat("]", depth)))),
        Gen.Int[1, 50].Select(depth => JsonNode.Parse(string.Concat(Enumerable.Repeat("{\"a\":", depth)) + "1" + new string('}', depth))),
        Gen.Int[0, 300].Select(n => (JsonNode?)new JsonArray([.. Enumerable.Range(0, n).Select(i => (JsonNode?)Texts[i % Texts.Length])])));

    // Which request, and what is done to which of its members: set to something odd, or taken away.
    private static readonly Gen<(int Request, (int Member, bool Remove, JsonNode? Value)[] Changes)> Bent = Gen.Select(
        Gen.Int[0, Requests.Length - 1],
        Gen.Select(Gen.Int[0, 12], Gen.Bool, Odd).Array[0, 3]);

    [GeneratedRegex(@"Exception|System\.|Microsoft\.|   at |\.cs:line|/tmp/|/proc/|/root|StackTrace|SQLite Error", RegexOptions.CultureInvariant)]
    private static partial Regex Insides();

    // The relay closes a client that asks more than 200 times a second, so the many requests come over a new connection now and then.
    private const int ConnectionLasts = 900;
    private string _token = "";
    private TestClient? _connection;
    private readonly HashSet<string> _answered = [];
    private int _asked;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        await using var pairing = await TestClient.ConnectAsync(System.Relay.LocalUrl);
        var tokens = await pairing.AskAsync("auth_exchange", new JsonObject { ["code"] = (await System.Relay.CreatePairingLinkAsync()).PairCode });
        _token = (string)tokens["payload"]!["access_token"]!;
    }

    public override async ValueTask DisposeAsync()
    {
        await (_connection?.DisposeAsync() ?? default);
        await base.DisposeAsync();
    }

    private async Task<JsonObject> AskManyAsync(string type, JsonObject payload)
    {
        foreach (var late in _connection?.Seen.Where(m => m["requestId"] is not null && (m["error"] ?? m["payload"]) is not null && PocketCoder.Protocol.Wire.IsTerminal((string)m["type"]!)) ?? [])
        {
            Assert.True(_answered.Add($"{_asked / ConnectionLasts} {late["requestId"]}"), $"answered twice: {late.ToJsonString()}");
        }

        if (_asked++ % ConnectionLasts == 0)
        {
            await (_connection?.DisposeAsync() ?? default);
            _connection = await TestClient.ConnectAsync(System.Relay.LocalUrl);
            await _connection.RegisterAsync(_token);
        }

        _connection!.Forget();
        return await System.AskAsync(_connection, type, payload);
    }

    [Fact]
    public async Task Bent_requests_are_answered_once_each_and_never_with_what_is_inside()
    {
        Assert.True(Requests.Length >= 45, $"{Requests.Length}");
        Project.Write("src/a.ts", "hello world\n");
        Project.Git("init", "-q");

        await Bent.SampleAsync(async sample =>
        {
            var request = Requests[sample.Request];
            var payload = request["payload"]?.DeepClone().AsObject() ?? [];
            foreach (var (member, remove, value) in sample.Changes)
            {
                var names = payload.Select(p => p.Key).Append("extra").ToList();
                var name = names[member % names.Count];
                payload.Remove(name);
                if (!remove)
                {
                    payload[name] = value?.DeepClone();
                }
            }

            var answer = await AskManyAsync((string)request["type"]!, payload);
            if (answer["error"] is { } error)
            {
                Assert.DoesNotMatch(Insides(), error.ToJsonString());
                Assert.NotEqual("", (string?)error["message"]);
                Assert.False((string?)error["code"] == "UNKNOWN_ERROR" && ((string)error["message"]!).StartsWith("Something went wrong", StringComparison.Ordinal), $"{request["type"]} {payload.ToJsonString()[..Math.Min(500, payload.ToJsonString().Length)]}");
            }
        }, iter: 1_000, threads: 1);

        Assert.Null((await AskAsync("projects_list", []))["error"]);
    }

    [Fact]
    public async Task Nesting_beyond_the_limit_ends_that_connection_and_no_other()
    {
        await using var other = await System.ClientAsync();

        await Client.SendAsync($$"""{"type":"fs_list","requestId":"deep","machineKey":"x","payload":{"path":{{new string('[', 5_000)}}{{new string(']', 5_000)}} } }""");

        Assert.Equal(4400, await Client.Closed.WaitAsync(TestClient.Patience));
        Assert.Null((await System.AskAsync(other, "projects_list", new JsonObject()))["error"]);
    }

    [Fact]
    public async Task Ten_thousand_mixed_requests_leave_nothing_behind()
    {
        Project.Write("src/a.ts", string.Concat(Enumerable.Repeat("some text\n", 1_000)));
        for (var i = 0; i < 200; i++)
        {
            Project.Write($"src/d{i % 10}/f{i}.ts", "x");
        }

        await MixedAsync(2_000);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        await MixedAsync(10_000);
        var growth = GC.GetTotalMemory(forceFullCollection: true) - before;

        Assert.True(growth < 4 * 1024 * 1024, $"{growth} bytes more after 10,000 requests");
    }

    private async Task MixedAsync(int count)
    {
        for (var i = 0; i < count; i++)
        {
            var answer = await ((i % 5) switch
            {
                0 => AskManyAsync("fs_list", new JsonObject { ["path"] = "src" }),
                1 => AskManyAsync("fs_read", new JsonObject { ["path"] = "src/a.ts" }),
                2 => AskManyAsync("fs_read", new JsonObject { ["path"] = "no/such/file" }),
                3 => AskManyAsync("fs_write", new JsonObject { ["path"] = "src/b.ts", ["content"] = $"{i}" }),
                _ => AskManyAsync("projects_list", []),
            });
            Assert.Equal(i % 5 == 2, answer["error"] is not null);
        }
    }
}
