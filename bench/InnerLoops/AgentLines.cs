using System.Text;
using System.Text.Json;
using BenchmarkDotNet.Attributes;
using PocketCoder.Daemon.Features.Agent;
using PocketCoder.Daemon.Features.Agent.Claude;

namespace PocketCoder.Bench.InnerLoops;

/// <summary>A line of Claude Code, from bytes to what the session makes of it.</summary>
public class AgentLines
{
    private readonly ClaudeLines _lines = new("/", []);
    private readonly List<AgentSignal> _signals = [];
    private byte[] _line = [];

    [Params("delta", "text of 4 KB")]
    public string Kind { get; set; } = "";

    [GlobalSetup]
    public void SetUp() => _line = Encoding.UTF8.GetBytes(Kind == "delta"
        ? """{"type":"stream_event","event":{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a few words"}},"session_id":"s","parent_tool_use_id":null,"uuid":"u"}"""
        : $$$"""{"type":"assistant","message":{"id":"m","role":"assistant","content":[{"type":"text","text":"{{{new string('x', 4096)}}}"}]},"parent_tool_use_id":null,"session_id":"s"}""");

    /// <summary>The parsing alone.</summary>
    [Benchmark(Baseline = true)]
    public int Json()
    {
        using var json = JsonDocument.Parse(_line);
        return json.RootElement.GetPropertyCount();
    }

    [Benchmark]
    public int Read()
    {
        using var json = JsonLine.Parse(_line)!;
        _lines.TryMap(json.RootElement, _signals);
        var count = _signals.Count;
        _signals.Clear();
        return count;
    }
}
