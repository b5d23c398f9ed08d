using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace PocketCoder.Bench.Relay;

/// <summary>A WebSocket with as little around it as can be, so that what is measured is the relay.</summary>
internal class Peer(Socket socket)
{
    private byte[] _buffer = new byte[256];
    private int _start, _end;

    public Socket Socket => socket;

    public static async Task<T> ConnectAsync<T>(int port, Func<Socket, T> create, IPAddress? from = null)
        where T : Peer
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (from is not null)
        {
            socket.Bind(new IPEndPoint(from, 0));
        }

        await socket.ConnectAsync(IPAddress.Loopback, port);
        await socket.SendAsync(Encoding.ASCII.GetBytes(
            $"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: pocketcoder.v1\r\n\r\n"));
        var peer = create(socket);
        await peer.SkipHeadAsync();
        return peer;
    }

    /// <summary>A masked text frame; the mask is zero, which costs the sender nothing and the receiver what every mask costs.</summary>
    public static byte[] Frame(ReadOnlySpan<byte> text)
    {
        var extra = text.Length < 126 ? 0 : text.Length <= ushort.MaxValue ? 2 : 8;
        var frame = new byte[6 + extra + text.Length];
        frame[0] = 0x81;
        frame[1] = (byte)(0x80 | (extra == 0 ? text.Length : extra == 2 ? 126 : 127));
        if (extra == 2)
        {
            BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(2), (ushort)text.Length);
        }
        else if (extra == 8)
        {
            BinaryPrimitives.WriteUInt64BigEndian(frame.AsSpan(2), (ulong)text.Length);
        }

        text.CopyTo(frame.AsSpan(6 + extra));
        return frame;
    }

    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await socket.SendAsync(bytes)..];
        }
    }

    public Task SendAsync(JsonObject message) => SendAsync(Frame(Encoding.UTF8.GetBytes(message.ToJsonString())));

    /// <summary>The next text; null when the other side ended. What was given before is no longer good.</summary>
    public async ValueTask<ReadOnlyMemory<byte>?> ReadAsync()
    {
        while (true)
        {
            if (TryRead(out var opcode, out var payload))
            {
                switch (opcode)
                {
                    case 1:
                        return payload;
                    case 8:
                        return null;
                    default:
                        continue;
                }
            }

            if (!await FillAsync())
            {
                return null;
            }
        }
    }

    public async Task<JsonObject> UntilAsync(string type)
    {
        while (await ReadAsync() is { } text)
        {
            var message = JsonNode.Parse(text.Span)!.AsObject();
            if ((string?)message["type"] == type)
            {
                return message;
            }

            if ((string?)message["type"] == "error")
            {
                throw new InvalidOperationException(message.ToJsonString());
            }
        }

        throw new IOException($"closed before {type}");
    }

    /// <summary>True when a whole frame is there already.</summary>
    protected bool TryRead(out int opcode, out ReadOnlyMemory<byte> payload)
    {
        (opcode, payload) = (0, default);
        var input = _buffer.AsSpan(_start, _end - _start);
        if (input.Length < 2)
        {
            return false;
        }

        var header = 2;
        long length = input[1] & 0x7F;
        if (length == 126)
        {
            header = 4;
            length = input.Length < 4 ? int.MaxValue : BinaryPrimitives.ReadUInt16BigEndian(input[2..]);
        }
        else if (length == 127)
        {
            header = 10;
            length = input.Length < 10 ? int.MaxValue : BinaryPrimitives.ReadInt64BigEndian(input[2..]);
        }

        if (input.Length < header + length)
        {
            return false;
        }

        opcode = input[0] & 0x0F;
        payload = _buffer.AsMemory(_start + header, (int)length);
        _start += header + (int)length;
        return true;
    }

    protected async ValueTask<bool> FillAsync()
    {
        if (_start == _end)
        {
            _start = _end = 0;
        }
        else if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        if (_end == _buffer.Length)
        {
            Array.Resize(ref _buffer, _buffer.Length * 4);
        }

        try
        {
            var count = await socket.ReceiveAsync(_buffer.AsMemory(_end));
            _end += count;
            return count > 0;
        }
        catch (Exception ex) when (ex is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }

    private async Task SkipHeadAsync()
    {
        int end;
        while ((end = _buffer.AsSpan(0, _end).IndexOf("\r\n\r\n"u8)) < 0)
        {
            if (!await FillAsync())
            {
                throw new IOException("no handshake");
            }
        }

        if (!_buffer.AsSpan(0, _end).StartsWith("HTTP/1.1 101"u8))
        {
            throw new IOException(Encoding.ASCII.GetString(_buffer, 0, _end));
        }

        _start = end + 4;
    }
}

/// <summary>A machine that answers each request with as many bytes as it has.</summary>
internal sealed class Machine(Socket socket) : Peer(socket)
{
    private const int IdLength = 8, ClientLength = 35;
    private byte[] _out = new byte[1024];

    public required string Key { get; init; }

    /// <summary>How long its clients' ids are: a cluster's have the node in them.</summary>
    public int ClientIdLength { get; init; } = ClientLength;

    public async Task AnswerAllAsync(int size)
    {
        var text = Encoding.UTF8.GetBytes(Messages.Response(size, ClientIdLength));
        var answer = Frame(text);
        int id = answer.AsSpan().IndexOf("00000000"u8), client = answer.AsSpan().IndexOf("cl_"u8);
        while (true)
        {
            var filled = 0;
            while (TryRead(out var opcode, out var request))
            {
                if (opcode == 8)
                {
                    return;
                }

                var head = request.Span[..Math.Min(request.Length, 400)];
                var requestId = head.IndexOf("\"requestId\":\""u8);
                var clientId = head.IndexOf("\"clientId\":\""u8);
                if (opcode != 1 || requestId < 0 || clientId < 0)
                {
                    continue;
                }

                if (filled + answer.Length > _out.Length)
                {
                    Array.Resize(ref _out, Math.Max(_out.Length * 2, filled + answer.Length));
                }

                var output = _out.AsSpan(filled, answer.Length);
                answer.CopyTo(output);
                head.Slice(requestId + 13, IdLength).CopyTo(output[id..]);
                head.Slice(clientId + 12, ClientIdLength).CopyTo(output[client..]);
                filled += answer.Length;
            }

            try
            {
                await SendAsync(_out.AsMemory(0, filled));
            }
            catch (SocketException)
            {
                return;
            }

            if (!await FillAsync())
            {
                return;
            }
        }
    }
}

/// <summary>A client that keeps so many requests on the way.</summary>
internal sealed class Client(Socket socket) : Peer(socket)
{
    private int _sent;

    public required string Id { get; init; }

    public int Done { get; private set; }

    /// <summary>Until the time is over; notes how long each took when one at a time is on the way.</summary>
    public async Task AskAsync(string machineKey, int size, int depth, long until, List<double> micros, TimeSpan between = default)
    {
        var frame = Frame(Encoding.UTF8.GetBytes(Messages.Request(machineKey, Id, size)));
        var id = frame.AsSpan().IndexOf("00000000"u8);
        var burst = new byte[frame.Length * depth];
        for (var i = 0; i < depth; i++)
        {
            Stamp(frame, id);
            frame.CopyTo(burst.AsSpan(i * frame.Length));
        }

        var left = depth;
        var started = Stopwatch.GetTimestamp();
        await SendAsync(burst);
        while (true)
        {
            var answers = 0;
            while (TryRead(out var opcode, out _))
            {
                answers += opcode == 1 ? 1 : 0;
            }

            if (answers > 0)
            {
                Done += answers;
                if (depth == 1)
                {
                    micros.Add(Stopwatch.GetElapsedTime(started).TotalMicroseconds);
                }

                if (Stopwatch.GetTimestamp() > until)
                {
                    // What is still on the way comes in before the next run.
                    left -= answers;
                    if (left <= 0)
                    {
                        return;
                    }
                }
                else
                {
                    if (between > TimeSpan.Zero)
                    {
                        await Task.Delay(between);
                    }

                    for (var i = 0; i < answers; i++)
                    {
                        Stamp(frame, id);
                        frame.CopyTo(burst.AsSpan(i * frame.Length));
                    }

                    started = Stopwatch.GetTimestamp();
                    await SendAsync(burst.AsMemory(0, frame.Length * answers));
                }
            }

            if (!await FillAsync())
            {
                return;
            }
        }
    }

    private void Stamp(byte[] frame, int id)
    {
        var number = ++_sent;
        for (var i = 7; i >= 0; i--, number /= 10)
        {
            frame[id + i] = (byte)('0' + (number % 10));
        }
    }
}

internal static class Messages
{
    public static string Request(string machineKey, string clientId, int size) => Padded(
        $$$"""{"type":"fs_read","requestId":"00000000","machineKey":"{{{machineKey}}}","clientId":"{{{clientId}}}","sessionId":"p","payload":{"path":"#"}}""", size);

    public static string Response(int size, int clientIdLength) => Padded(
        $$$"""{"type":"fs_read_response","requestId":"00000000","clientId":"{{{"cl_".PadRight(clientIdLength, '0')}}}","sessionId":"p","payload":{"content":"#"}}""", size);

    // Text as source has it: letters, some escapes.
    private static string Padded(string message, int size)
    {
        var missing = Math.Max(0, size - message.Length);
        const string Line = "    if (value != null) { return Compute(value, 42); }\\n";
        var text = string.Concat(Enumerable.Repeat(Line, (missing / Line.Length) + 1))[..missing];
        return message.Replace("#", text.EndsWith('\\') ? text[..^1] + "n" : text, StringComparison.Ordinal);
    }
}
