using System.Text;
using BenchmarkDotNet.Attributes;
using PocketCoder.Protocol;
using PocketCoder.Relay.Routing;

namespace PocketCoder.Bench.InnerLoops;

/// <summary>What the relay does for each message: read as far as it routes by it, written anew with the name of who sent it.</summary>
public class Envelopes
{
    private byte[] _message = [], _sent = [];

    [Params(256, 64 * 1024)]
    public int Bytes { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        _message = Encoding.UTF8.GetBytes(
            $$$"""{"type":"fs_read","requestId":"r1234","machineKey":"550e8400-e29b-41d4-a716-446655440000","sessionId":"p_0123456789","payload":{"path":"{{{new string('x', Bytes - 160)}}}"}}""");
        _sent = new byte[_message.Length * 2];
    }

    [Benchmark(Baseline = true)]
    public int Copy()
    {
        _message.CopyTo(_sent, 0);
        return _sent[0];
    }

    [Benchmark]
    public int PeekAndSplice()
    {
        var message = RoutedMessage.Read(_message);
        message.Write(_sent, default, "\"cl_0123456789abcdef\""u8);
        return message.LengthWith(default, "\"cl_0123456789abcdef\""u8);
    }

    /// <summary>The same in the daemon, for one that is for it.</summary>
    [Benchmark]
    public Envelope Parse() => Envelope.Parse(_message);
}
