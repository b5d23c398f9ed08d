using System.Text.Json.Nodes;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Daemon.Tests;

/// <summary>Tests that speak to a whole system as its client does: a relay, a daemon, one project, one phone.</summary>
public abstract class SystemTests : IAsyncLifetime
{
    internal TestSystem System { get; private set; } = null!;

    internal TestClient Client { get; private set; } = null!;

    internal TempProject Project => System.Project;

    public virtual async ValueTask InitializeAsync()
    {
        System = await TestSystem.StartAsync();
        Client = await System.ClientAsync();
    }

    public virtual async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync();
        await System.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>The whole answer, be it an error.</summary>
    internal Task<JsonObject> AskAsync(string type, JsonObject payload) => System.AskAsync(Client, type, payload);

    /// <summary>The payload of an answer that is no error.</summary>
    internal async Task<JsonObject> DoAsync(string type, JsonObject payload)
    {
        var answer = await AskAsync(type, payload);
        return answer["error"] is null ? answer["payload"]!.AsObject() : throw new InvalidOperationException(answer.ToJsonString());
    }

    internal static string? Code(JsonObject answer) => (string?)answer["error"]?["code"];
}
