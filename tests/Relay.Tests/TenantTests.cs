using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using PocketCoder.Protocol;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Relay.Tests;

/// <summary>Every message type x own, foreign and absent machine x client, daemon and stranger. The types are taken from the protocol, so new ones are in by themselves.</summary>
public class TenantTests(TenantTests.Tenants tenants) : IClassFixture<TenantTests.Tenants>
{
    public static TheoryData<string> Types
    {
        get
        {
            var types = typeof(IMessage).Assembly.GetTypes()
                .Where(type => typeof(IMessage).IsAssignableFrom(type) && type is { IsInterface: false, IsAbstract: false })
                .Select(type => type.GetProperty("Type", BindingFlags.Public | BindingFlags.Static)?.GetValue(null))
                .OfType<string>()
                .Append(Wire.Error).Append(Wire.Ping).Append(Wire.Pong).Append("unheard_of")
                .Distinct().Order(StringComparer.Ordinal).ToList();
            return [.. types];
        }
    }

    private static bool IsFromRelay(string type) => Registrar.IsFromRelay(Encoding.UTF8.GetBytes(type));

    private static bool IsForRelay(string type) => Registrar.IsForRelay(Encoding.UTF8.GetBytes(type));

    /// <summary>An access token of another account on the same relay.</summary>
    public static async Task<string> ForeignTokenAsync(TestRelay relay)
    {
        var code = Guid.NewGuid().ToString("N");
        await relay.Host.Store.PairingCodes.AddAsync(SHA256.HashData(Encoding.UTF8.GetBytes(code)), "user_foreign", maker: null, DateTimeOffset.UtcNow.AddMinutes(5));
        await using var client = await TestClient.ConnectAsync(relay.Url);
        return (string)(await client.AskAsync("auth_exchange", new JsonObject { ["code"] = code }))["payload"]!["access_token"]!;
    }

    [Theory]
    [MemberData(nameof(Types))]
    public async Task A_client_reaches_its_own_machine_and_cannot_tell_a_foreign_one_from_none(string type)
    {
        Forget();
        await using var client = await TestClient.ConnectAsync(tenants.Relay.Url);
        await client.RegisterAsync(tenants.Token);

        await client.SendAsync(Message(type, "own", tenants.Own));
        await client.SendAsync(Message(type, "one", tenants.Foreign));
        await client.SendAsync(Message(type, "two", tenants.Absent));
        await client.AskAsync("ping", null);
        await tenants.SettleAsync(client);

        var about = client.Seen.Where(m => (string?)m["requestId"] is "own" or "one" or "two").ToList();
        if (IsFromRelay(type))
        {
            Assert.Equal(["own", "one", "two"], about.Select(m => (string?)m["requestId"]));
            Assert.All(about, m => Assert.Equal("INVALID_REQUEST", (string?)m["error"]!["code"]));
            Assert.DoesNotContain(tenants.OwnMachine.Seen, m => (string?)m["requestId"] == "own");
        }
        else if (IsForRelay(type))
        {
            // Answered here, from the token alone: naming a machine changes nothing.
            Assert.Single(about.Select(Bare).Distinct());
        }
        else
        {
            Assert.Equal(["one", "two"], about.Select(m => (string?)m["requestId"]));
            Assert.All(about, m => Assert.Equal("NOT_FOUND", (string?)m["error"]!["code"]));
            Assert.Single(about.Select(Bare).Distinct());
            Assert.Equal(client.ClientId, (string?)tenants.OwnMachine.Seen.Single(m => (string?)m["requestId"] == "own")["clientId"]);
        }

        await AssertForeignersHeardNothingAsync();
    }

    [Theory]
    [MemberData(nameof(Types))]
    public async Task A_machine_reaches_nobody_elses_client_and_answers_nothing_that_was_not_asked_of_it(string type)
    {
        Forget();
        await using var client = await TestClient.ConnectAsync(tenants.Relay.Url);
        await client.RegisterAsync(tenants.Token);
        await client.SendAsync(new JsonObject { ["type"] = "projects_list", ["requestId"] = "asked", ["machineKey"] = tenants.Own, ["payload"] = new JsonObject() });
        await tenants.OwnMachine.UntilAsync(m => (string?)m["requestId"] == "asked");

        // The foreign machine speaks to our client; ours speaks to the foreign client, and as a client to each machine.
        await tenants.ForeignMachine.SendAsync(Message(type, "asked", tenants.Own, client.ClientId));
        await tenants.ForeignMachine.SendAsync(Message(type, null, tenants.Own, client.ClientId));
        await tenants.OwnMachine.SendAsync(Message(type, "asked", tenants.Own, tenants.ForeignClient.ClientId));
        await tenants.OwnMachine.SendAsync(Message(type, null, tenants.Foreign, tenants.ForeignClient.ClientId));
        await tenants.OwnMachine.SendAsync(Message(type, "m1", tenants.Foreign));
        await tenants.OwnMachine.SendAsync(Message(type, "m2", tenants.Absent));
        await tenants.OwnMachine.AskAsync("ping", null);
        await tenants.ForeignMachine.AskAsync("ping", null);
        await client.AskAsync("ping", null);
        await tenants.SettleAsync(client);

        Assert.DoesNotContain(client.Seen, m => (string?)m["requestId"] == "asked");
        Assert.DoesNotContain(client.Seen, m => (string?)m["machineKey"] == tenants.Foreign);
        await tenants.ForeignClient.AskAsync("ping", null);
        Assert.DoesNotContain(tenants.ForeignClient.Seen, m => (string?)m["machineKey"] == tenants.Own || (string?)m["requestId"] == "asked");
        if (!IsForRelay(type))
        {
            Assert.DoesNotContain(tenants.ForeignMachine.Seen, m => (string?)m["requestId"] is "m1" or "asked");
        }
    }

    [Theory]
    [MemberData(nameof(Types))]
    public async Task A_stranger_reaches_nothing(string type)
    {
        Forget();
        List<string> answers = [];
        foreach (var machineKey in (string[])[tenants.Own, tenants.Foreign, tenants.Absent])
        {
            await using var stranger = await TestClient.ConnectAsync(tenants.Relay.Url);
            await stranger.SendAsync(Message(type, "s", machineKey));
            if (IsForRelay(type))
            {
                await stranger.SendAsync(new JsonObject { ["type"] = "ping", ["requestId"] = "end" });
                await stranger.UntilAsync(m => (string?)m["requestId"] == "end" || (string?)m["requestId"] == "s");
                answers.Add(Bare(stranger.Seen.First(m => (string?)m["requestId"] == "s")));
            }
            else
            {
                Assert.Equal(4401, await stranger.Closed.WaitAsync(TestClient.Patience));
                answers.Add(Bare(Assert.Single(await stranger.DrainAsync(), m => (string?)m["requestId"] == "s")));
            }
        }

        Assert.Single(answers.Distinct());
        await tenants.OwnMachine.AskAsync("ping", null);
        await tenants.SettleAsync(null);
        Assert.DoesNotContain(tenants.OwnMachine.Seen, m => (string?)m["requestId"] == "s");
        await AssertForeignersHeardNothingAsync();
    }

    private void Forget()
    {
        tenants.OwnMachine.Forget();
        tenants.ForeignMachine.Forget();
        tenants.ForeignClient.Forget();
    }

    private static JsonObject Message(string type, string? requestId, string machineKey, string? clientId = null) => new()
    {
        ["type"] = type,
        ["requestId"] = requestId,
        ["machineKey"] = machineKey,
        ["clientId"] = clientId,
        ["sessionId"] = "p",
        ["payload"] = new JsonObject(),
    };

    // All but what the asker itself put in.
    private static string Bare(JsonObject answer)
    {
        var copy = answer.DeepClone().AsObject();
        copy.Remove("requestId");
        copy.Remove("machineKey");
        return copy.ToJsonString();
    }

    private async Task AssertForeignersHeardNothingAsync()
    {
        await tenants.ForeignMachine.AskAsync("ping", null);
        await tenants.ForeignClient.AskAsync("ping", null);
        Assert.All(tenants.ForeignMachine.Seen, m => Assert.Contains((string?)m["type"], (string?[])["connected", "daemon_register_response", "pong", Tenants.Settle]));
        Assert.All(tenants.ForeignClient.Seen, m => Assert.Contains((string?)m["type"], (string?[])["connected", "client_register_response", "pong", Tenants.Settled]));
    }

    /// <summary>Two accounts on one relay, each with a machine; the other one with a client too.</summary>
    public class Tenants : IAsyncLifetime
    {
        public const string Settle = "settle", Settled = "settle_response";

        private IReadOnlyList<TestRelay> _nodes = [];

        public string Own { get; } = Guid.NewGuid().ToString();

        public string Foreign { get; } = Guid.NewGuid().ToString();

        public string Absent { get; } = Guid.NewGuid().ToString();

        /// <summary>Where the clients are.</summary>
        public TestRelay Relay => _nodes[0];

        public string Token { get; private set; } = "";

        public TestClient OwnMachine { get; private set; } = null!;

        public TestClient ForeignMachine { get; private set; } = null!;

        public TestClient ForeignClient { get; private set; } = null!;

        protected virtual async Task<IReadOnlyList<TestRelay>> StartNodesAsync() => [await TestRelay.StartAsync()];

        public virtual async ValueTask InitializeAsync()
        {
            _nodes = await StartNodesAsync();
            Token = (string)(await Relay.TokensAsync())["access_token"]!;
            var foreignToken = await ForeignTokenAsync(Relay);
            OwnMachine = await _nodes[1 % _nodes.Count].MachineAsync(Own, Token);
            ForeignMachine = await _nodes[2 % _nodes.Count].MachineAsync(Foreign, foreignToken);
            ForeignClient = await TestClient.ConnectAsync(Relay.Url);
            await ForeignClient.RegisterAsync(foreignToken);
        }

        /// <summary>Ends when what was sent to either machine, and by it, has got to where it goes: this comes the same ways behind it.</summary>
        public async Task SettleAsync(TestClient? client)
        {
            await SettleAsync(ForeignClient, ForeignMachine, Foreign);
            if (client is not null)
            {
                await SettleAsync(client, OwnMachine, Own);
            }
        }

        private static async Task SettleAsync(TestClient client, TestClient machine, string machineKey)
        {
            var asked = client.AskAsync(Settle, new JsonObject(), machineKey);
            var request = await machine.UntilTypeAsync(Settle);
            await machine.SendAsync(new JsonObject
            {
                ["type"] = Settled, ["requestId"] = (string)request["requestId"]!, ["clientId"] = (string)request["clientId"]!, ["payload"] = new JsonObject(),
            });
            await asked;
        }

        public virtual async ValueTask DisposeAsync()
        {
            await OwnMachine.DisposeAsync();
            await ForeignMachine.DisposeAsync();
            await ForeignClient.DisposeAsync();
            foreach (var node in _nodes)
            {
                await node.DisposeAsync();
            }
        }
    }
}
