using System.Text;
using System.Text.Json;
using CsCheck;
using PocketCoder.Daemon.Features.Agent;
using PocketCoder.Daemon.Features.Agent.Claude;
using PocketCoder.Protocol;
using Xunit;

namespace PocketCoder.Daemon.Tests.Features;

/// <summary>What the real CLI was seen to say (tests/Captures), and what it might say when it is cut or damaged.</summary>
public sealed class ClaudeLinesTests
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Captures");

    // store-* are transcript files and acp-* another protocol's.
    private static readonly string[] Files = [.. Directory.GetFiles(Folder, "*.jsonl")
        .Where(f => !Path.GetFileName(f).Contains("store-", StringComparison.Ordinal) && !Path.GetFileName(f).StartsWith("acp-", StringComparison.Ordinal)).Order()];

    private static readonly string[] Others = ["null", "7", "true", "[]", "{}", "\"x\"", "[null,1,{}]", "\"\\ud800\""];

    private static readonly Lazy<string[]> Lines = new(() => [.. Files.SelectMany(StdoutOf).Distinct().Where(l => l.Length < 20_000)]);

    public static TheoryData<string> Captures => new(Files.Select(f => Path.GetFileName(f)!));

    private static IEnumerable<string> StdoutOf(string file)
    {
        foreach (var entry in File.ReadLines(file).Where(l => l.Length > 0))
        {
            using var json = JsonDocument.Parse(entry);
            if (json.RootElement.Text("ch") == "stdout" && json.RootElement.Get("data") is { ValueKind: JsonValueKind.Object } data)
            {
                yield return data.GetRawText();
            }
        }
    }

    private static List<AgentSignal> Map(IEnumerable<string> lines, out List<string> unknown)
    {
        ClaudeLines mapper = new("/srv/lab/project", []);
        List<AgentSignal> signals = [];
        unknown = [];
        foreach (var line in lines)
        {
            using var json = JsonDocument.Parse(line);
            if (!mapper.TryMap(json.RootElement, signals))
            {
                unknown.Add(line[..Math.Min(line.Length, 200)]);
            }
        }

        return signals;
    }

    private static void MapAndSend(JsonDocument line)
    {
        List<AgentSignal> signals = [];
        new ClaudeLines("/srv/lab/project", []).TryMap(line.RootElement, signals);
        foreach (var happened in signals.OfType<Happened>())
        {
            Envelope.Serialize(happened.Event);
        }
    }

    [Fact]
    public void There_are_captures_of_both_versions() =>
        Assert.True(Files.Length > 150 && Files.Count(f => Path.GetFileName(f).StartsWith("v197", StringComparison.Ordinal)) > 5);

    [Theory]
    [MemberData(nameof(Captures))]
    public void Every_line_is_mapped_or_knowingly_ignored(string capture)
    {
        Map(StdoutOf(Path.Combine(Folder, capture)).Where(l => l.Contains("\"type\":", StringComparison.Ordinal)), out var unknown);

        Assert.Empty(unknown);
    }

    [Fact]
    public void Every_signal_of_every_capture_can_be_sent() =>
        Assert.All(Map(Lines.Value, out _), signal =>
        {
            switch (signal)
            {
                case Happened happened:
                    Envelope.Serialize(happened.Event);
                    break;
                case PromptAsked asked:
                    Envelope.Serialize<AgentEvent>(asked.Prompt);
                    break;
            }
        });

    [Theory]
    [InlineData("02-text-partial.jsonl", "init,delta,text,end")]
    [InlineData("60-stdio-allow.jsonl", "init,text,file_create,prompt,tool_result,text,end")]
    [InlineData("70-stdio-ask-user-question.jsonl", "init,tool_use,prompt,tool_result,text,end")]
    [InlineData("82-interrupt-while-streaming-then-continue.jsonl", "init,delta,text,end,init,delta,text,end")]
    [InlineData("84-interrupt-while-permission-pending.jsonl", "init,text,file_create,prompt,withdrawn,tool_result,end,init,text,end")]
    [InlineData("165-not-logged-in.jsonl", "init,error,end")]
    [InlineData("v197-04-write-denied.jsonl", "init,text,file_create,tool_result,text,end")]
    public void A_capture_tells_its_story(string capture, string story)
    {
        var signals = Map(StdoutOf(Path.Combine(Folder, capture)), out _)
            .Select(signal => signal switch
            {
                Happened { Event: AgentStatus } or ModeChanged => null,
                Happened happened => JsonSerializer.SerializeToElement(happened.Event, ProtocolJson.For<AgentEvent>()).Text("type"),
                TextGrew => "delta",
                PromptAsked => "prompt",
                PromptWithdrawn => "withdrawn",
                TurnEnded => "end",
                _ => signal.GetType().Name,
            })
            .OfType<string>()
            .ToList();

        // A run of deltas is one word of the story.
        Assert.Equal(story, string.Join(',', signals.Where((word, i) => i == 0 || word != "delta" || signals[i - 1] != "delta")));
    }

    [Fact]
    public void No_line_cut_or_damaged_anywhere_stops_the_mapper() =>
        Gen.Select(Gen.Int[0, Lines.Value.Length - 1], Gen.Int[0, 20_000], Gen.Byte, Gen.Bool).Sample((index, at, value, cut) =>
        {
            var bytes = Encoding.UTF8.GetBytes(Lines.Value[index]);
            bytes = cut ? bytes[..(at % bytes.Length)] : bytes;
            if (!cut)
            {
                bytes[at % bytes.Length] = value;
            }

            // Null: not JSON any more, and passed over.
            using var json = JsonLine.Parse(bytes);
            if (json is null)
            {
                return;
            }

            MapAndSend(json);
        }, iter: 10_000);

    [Fact]
    public void A_member_of_any_other_type_stops_nothing() =>
        Gen.Select(Gen.Int[0, Lines.Value.Length - 1], Gen.Int[0, 1000], Gen.Int[0, Others.Length - 1].Select(i => Others[i])).Sample((index, which, other) =>
        {
            var node = System.Text.Json.Nodes.JsonNode.Parse(Lines.Value[index])!;
            var places = node.AsObject().Concat(node["message"] as System.Text.Json.Nodes.JsonObject ?? []).Concat(node["request"] as System.Text.Json.Nodes.JsonObject ?? []).ToList();
            var (name, value) = places[which % places.Count];
            if (name == "type" || value?.Parent is not System.Text.Json.Nodes.JsonObject parent)
            {
                return;
            }

            // Not as a node: what half a surrogate pair spells cannot be written by the library.
            parent[name] = "@other@";
            using var json = JsonDocument.Parse(node.ToJsonString().Replace("\"@other@\"", other, StringComparison.Ordinal));
            MapAndSend(json);
        }, iter: 10_000);

    [Fact]
    public async Task Lines_come_whole_however_the_stream_is_cut()
    {
        await Gen.Select(Gen.String[Gen.Char['a', 'ü'], 0, 60].Array[0, 20], Gen.Int[1, 50]).SampleAsync(async (texts, chunk) =>
        {
            var lines = texts.Select(t => t.Replace("\n", " ", StringComparison.Ordinal)).Where(t => t.Length > 0).ToArray();
            using Dribble stream = new(Encoding.UTF8.GetBytes(string.Join('\n', lines)), chunk);

            List<string> read = [];
            await foreach (var line in LineReader.ReadLinesAsync(stream, 1000, () => Assert.Fail("No line is too long."), CancellationToken.None))
            {
                read.Add(Encoding.UTF8.GetString(line.Span));
            }

            Assert.Equal(lines, read);
        });
    }

    [Theory]
    [InlineData(100)]
    [InlineData(101)]
    [InlineData(10_000)]
    [InlineData(5_000_000)]
    public async Task A_line_over_the_limit_is_passed_over_and_reading_goes_on(int length)
    {
        using MemoryStream stream = new(Encoding.UTF8.GetBytes($"before\n{new string('x', length)}\nafter"));
        var passedOver = 0;

        List<int> lengths = [];
        await foreach (var line in LineReader.ReadLinesAsync(stream, 100, () => passedOver++, CancellationToken.None))
        {
            lengths.Add(line.Length);
        }

        Assert.Equal(length <= 100 ? [6, length, 5] : [6, 5], lengths);
        Assert.Equal(length <= 100 ? 0 : 1, passedOver);
    }

    [Theory]
    [InlineData(64 * 1024 - 1, 7)]
    [InlineData(64 * 1024, 64 * 1024)]
    [InlineData(300_000, 999)]
    [InlineData(5_000_000, 64 * 1024)]
    public async Task A_long_line_among_short_ones_is_read_whole(int length, int chunk)
    {
        string[] lines = ["before", .. Enumerable.Range(0, 3).SelectMany(i => (string[])[string.Concat(Enumerable.Range(0, length / 8).Select(n => $"{n:x8}")), $"short {i}"])];
        await using Dribble stream = new(Encoding.UTF8.GetBytes(string.Join('\n', lines)), chunk);

        List<string> read = [];
        await foreach (var line in LineReader.ReadLinesAsync(stream, 5_000_000, () => Assert.Fail("No line is too long."), CancellationToken.None))
        {
            read.Add(Encoding.UTF8.GetString(line.Span));
        }

        Assert.Equal(lines, read);
    }

    /// <summary>Gives its bytes a few at a time.</summary>
    private sealed class Dribble(byte[] bytes, int chunk) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(buffer.Length, chunk)], cancellationToken);
    }
}
