using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace PocketCoder.Bench.Relay;

/// <summary>The other baseline: ASP.NET Core's WebSockets and nothing else. Looks for two names in the first bytes, checks nothing, passes the message on as it is.</summary>
internal static class KestrelForwarder
{
    private static readonly ConcurrentDictionary<string, Connection> Machines = new();
    private static readonly ConcurrentDictionary<string, Connection> Clients = new();

    private sealed record Connection(WebSocket Socket, SemaphoreSlim Sending);

    public static async Task RunAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, 0));
        builder.WebHost.UseSockets(sockets => sockets.UnsafePreferInlineScheduling = true);
        await using var app = builder.Build();
        app.UseWebSockets();
        app.Run(async context =>
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync("pocketcoder.v1");
            await ServeAsync(new Connection(socket, new SemaphoreSlim(1)));
        });
        await app.StartAsync();
        Console.WriteLine($$"""{"url":"{{app.Urls.First()}}"}""");
        await Task.Delay(Timeout.Infinite);
    }

    private static async Task ServeAsync(Connection connection)
    {
        var buffer = new byte[4096];
        string? clientId = null;
        while (true)
        {
            await connection.Socket.ReceiveAsync(Memory<byte>.Empty, default);
            var length = 0;
            ValueWebSocketReceiveResult received;
            do
            {
                if (length == buffer.Length)
                {
                    Array.Resize(ref buffer, buffer.Length * 2);
                }

                received = await connection.Socket.ReceiveAsync(buffer.AsMemory(length), default);
                length += received.Count;
            }
            while (!received.EndOfMessage);

            if (received.MessageType == WebSocketMessageType.Close)
            {
                return;
            }

            var head = Encoding.ASCII.GetString(buffer, 0, Math.Min(length, 300));
            if (head.Contains("\"daemon_register\"", StringComparison.Ordinal))
            {
                Machines[After(head, "\"machineKey\":\"", 36)] = connection;
                await SendAsync(connection, """{"type":"daemon_register_response","requestId":"r","payload":{}}"""u8.ToArray());
            }
            else if (head.Contains("\"client_register\"", StringComparison.Ordinal))
            {
                clientId = $"cl_{Guid.NewGuid():N}";
                Clients[clientId] = connection;
                await SendAsync(connection, Encoding.UTF8.GetBytes($$$"""{"type":"client_register_response","requestId":"r","payload":{"clientId":"{{{clientId}}}"}}"""));
            }
            else
            {
                await SendAsync(clientId is null ? Clients[After(head, "\"clientId\":\"", 35)] : Machines[After(head, "\"machineKey\":\"", 36)], buffer.AsMemory(0, length));
            }
        }
    }

    private static string After(string text, string name, int length) => text.Substring(text.IndexOf(name, StringComparison.Ordinal) + name.Length, length);

    private static async Task SendAsync(Connection to, ReadOnlyMemory<byte> bytes)
    {
        await to.Sending.WaitAsync();
        try
        {
            await to.Socket.SendAsync(bytes, WebSocketMessageType.Text, true, default);
        }
        finally
        {
            to.Sending.Release();
        }
    }
}
