using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace PocketCoder.TestSupport;

/// <summary>A WebSocket that can be spoken wrongly. What does not arrive within 20 s fails the test.</summary>
public sealed class RawWebSocket : IDisposable
{
    public const int Text = 1, Binary = 2, Continuation = 0, Close = 8, Ping = 9, Pong = 10;

    private readonly TcpClient _tcp = new();
    private Stream _stream = Stream.Null;

    /// <summary>The relay's answer to the handshake.</summary>
    public string Head { get; private set; } = "";

    /// <param name="relay">Where it listens.</param>
    /// <param name="headers">Lines beside the usual ones, each with its end.</param>
    /// <param name="inPieces">The request comes byte by byte.</param>
    public static async Task<RawWebSocket> ConnectAsync(Uri relay, string headers = "", bool inPieces = false)
    {
        RawWebSocket socket = new();
        await socket._tcp.ConnectAsync(relay.Host, relay.Port);
        socket._tcp.NoDelay = true;
        socket._stream = socket._tcp.GetStream();
        var request = Encoding.ASCII.GetBytes(
            $"GET /ws HTTP/1.1\r\nHost: {relay.Authority}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            + $"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: pocketcoder.v1\r\n{headers}\r\n");
        foreach (var part in inPieces ? request.Chunk(1).ToArray() : [request])
        {
            await socket._stream.WriteAsync(part);
        }

        while (!socket.Head.EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            socket.Head += (char)(await socket.ReadExactlyAsync(1))[0];
        }

        return socket;
    }

    /// <summary>Registers as a client and gives its id.</summary>
    public async Task<string> RegisterAsync(string accessToken, string features = "")
    {
        await SendAsync(Text, Encoding.UTF8.GetBytes($$$"""{"type":"client_register","requestId":"r","payload":{"token":"{{{accessToken}}}"{{{features}}}}}"""));
        while (true)
        {
            var (_, payload) = await ReadAsync();
            var message = System.Text.Json.Nodes.JsonNode.Parse(payload)!;
            if ((string?)message["requestId"] == "r")
            {
                return (string)message["payload"]!["clientId"]!;
            }
        }
    }

    public Task SendAsync(int opcode, ReadOnlySpan<byte> payload, bool isLast = true, bool isMasked = true, int reserved = 0) =>
        SendAsync(Frame(opcode, payload, isLast, isMasked, reserved));

    public async Task SendAsync(byte[] bytes)
    {
        using CancellationTokenSource limit = new(TestClient.Patience);
        await _stream.WriteAsync(bytes, limit.Token);
    }

    public static byte[] Frame(int opcode, ReadOnlySpan<byte> payload, bool isLast = true, bool isMasked = true, int reserved = 0)
    {
        List<byte> frame = [(byte)((isLast ? 0x80 : 0) | (reserved << 4) | opcode)];
        var masked = isMasked ? 0x80 : 0;
        var length = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(length, payload.Length);
        frame.AddRange(payload.Length switch
        {
            < 126 => [(byte)(masked | payload.Length)],
            <= ushort.MaxValue => [(byte)(masked | 126), .. length[6..]],
            _ => [(byte)(masked | 127), .. length],
        });
        byte[] mask = [0x12, 0x34, 0x56, 0x78];
        if (isMasked)
        {
            frame.AddRange(mask);
        }

        var start = frame.Count;
        var bytes = new byte[start + payload.Length];
        frame.CopyTo(bytes);
        for (var i = 0; i < payload.Length; i++)
        {
            bytes[start + i] = (byte)(payload[i] ^ (isMasked ? mask[i & 3] : 0));
        }

        return bytes;
    }

    /// <summary>The next frame, whatever it is.</summary>
    public async Task<(int Opcode, byte[] Payload)> ReadAsync()
    {
        var head = await ReadExactlyAsync(2);
        var length = head[1] & 0x7F;
        length = length switch
        {
            126 => BinaryPrimitives.ReadUInt16BigEndian(await ReadExactlyAsync(2)),
            127 => (int)BinaryPrimitives.ReadInt64BigEndian(await ReadExactlyAsync(8)),
            _ => length,
        };
        return (head[0] & 0x0F, await ReadExactlyAsync(length));
    }

    /// <summary>Reads on to the relay's close; its code.</summary>
    public async Task<int> ClosedAsync()
    {
        while (true)
        {
            var (opcode, payload) = await ReadAsync();
            if (opcode == Close)
            {
                return BinaryPrimitives.ReadUInt16BigEndian(payload);
            }
        }
    }

    public void Dispose() => _tcp.Dispose();

    private async Task<byte[]> ReadExactlyAsync(int count)
    {
        using CancellationTokenSource limit = new(TestClient.Patience);
        var bytes = new byte[count];
        await _stream.ReadExactlyAsync(bytes, limit.Token);
        return bytes;
    }
}
