using System.Net.WebSockets;
using System.Text.Json.Nodes;
using PocketCoder.TestSupport;

namespace PocketCoder.Relay.Tests.Cluster;

/// <summary>A client as the page is one: cut off it comes back, and what it does not know to be done it asks again.</summary>
internal sealed class PatientClient(Uri relay, string token, string machineKey, string projectId) : IAsyncDisposable
{
    private TestClient? _client;

    /// <summary>How often it had to ask again.</summary>
    public int Retries { get; private set; }

    public async Task<JsonObject> AskAsync(string type, JsonObject payload)
    {
        using CancellationTokenSource limit = new(TimeSpan.FromMinutes(2));
        for (; ; Retries++)
        {
            limit.Token.ThrowIfCancellationRequested();
            try
            {
                _client ??= await ConnectAsync();
                var answer = await _client.AskAsync(type, payload.DeepClone(), machineKey, projectId);
                if ((string?)answer["error"]?["code"] is not ("MACHINE_OFFLINE" or "RELAY_TIMEOUT"))
                {
                    return answer;
                }

                // As the page does: it waits until the machine is told to be there, or a moment.
                await Task.Delay(TimeSpan.FromMilliseconds(200), limit.Token);
            }
            catch (Exception ex) when (ex is WebSocketException or TimeoutException or InvalidOperationException or IOException or OperationCanceledException)
            {
                await DisposeAsync();
                await Task.Delay(TimeSpan.FromMilliseconds(200), limit.Token);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_client is { } client)
        {
            _client = null;
            await client.DisposeAsync();
        }
    }

    private async Task<TestClient> ConnectAsync()
    {
        var client = await TestClient.ConnectAsync(relay);
        var answer = await client.RegisterAsync(token);
        if ((string?)answer["type"] != "client_register_response")
        {
            await client.DisposeAsync();
            throw new InvalidOperationException(answer.ToJsonString());
        }

        return client;
    }
}
