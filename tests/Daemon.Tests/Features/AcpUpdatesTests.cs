using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using PocketCoder.Daemon.Features.Agent;
using PocketCoder.Daemon.Features.Agent.Acp;
using PocketCoder.Protocol;
using Xunit;

namespace PocketCoder.Daemon.Tests.Features;

/// <summary>What real agents were heard to say in ACP (tests/Captures), and what they might say when it is cut or bent.</summary>
public sealed class AcpUpdatesTests
{
    private static readonly string[] Others = ["null", "7", "-1e400", "true", "[]", "{}", "\"x\"", "[null,1,{}]", "\"\\ud800\"", "{\"\\ud800\":\"\\udfff\"}", "\"2026\\u0000\""];

    private static readonly Lazy<string[]> Messages = new(() => [.. Heard("acp-claude-agent-acp.jsonl").Concat(Heard("acp-gemini.jsonl")).Concat([
        Update("""{"sessionUpdate":"plan","entries":[{"content":"a","status":"in_progress","priority":"high"}]}"""),
        Update("""{"sessionUpdate":"agent_thought_chunk","content":{"type":"resource","resource":{"uri":"a","text":"b"}}}"""),
        Update("""{"sessionUpdate":"tool_call","toolCallId":"t","content":[{"type":"diff","path":"/p/a","oldText":"x","newText":"y"},{"type":"terminal"}],"locations":[{"path":"/p/a"}]}"""),
        Update("""{"sessionUpdate":"tool_call_update","toolCallId":"t","status":"failed","rawOutput":{"exit":1}}"""),
        Update("""{"sessionUpdate":"config_option_update","configOptions":[{"id":"model","category":"model","currentValue":"m"}]}"""),
        Update("""{"sessionUpdate":"current_mode_update","currentModeId":"yolo"}"""),
    ])]);

    private static string Update(string update) => $$$"""{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"s","update":{{{update}}}}}""";

    private static IEnumerable<string> Heard(string file)
    {
        foreach (var line in File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Captures", file)).Where(l => l.Length > 0))
        {
            using var json = JsonDocument.Parse(line);
            if (json.RootElement.Text("dir") == "agent")
            {
                yield return json.RootElement.GetProperty("m").GetRawText();
            }
        }
    }

    /// <summary>Everything that one message can be taken for, as the process would, and what comes of it made ready to be sent.</summary>
    private static List<AgentSignal> Hear(JsonElement message, AcpUpdates updates, AcpSettings settings)
    {
        List<AgentSignal> signals = [];
        switch (message.Text("method"))
        {
            case "session/update" when message.Get("params").Get("update") is { } update:
                settings.Note(update);
                updates.Map(update, signals);
                break;
            case "session/request_permission":
                updates.Ask("1", message.Get("params") ?? default, signals);
                break;
            case null when message.Get("result") is { } result:
                if (result.Get("modes") is not null || result.Get("configOptions") is not null)
                {
                    settings.Read(result);
                }

                updates.End(result, signals);
                break;
        }

        foreach (var signal in signals)
        {
            switch (signal)
            {
                case Happened happened:
                    Envelope.Serialize(happened.Event);
                    break;
                case PromptAsked asked:
                    Envelope.Serialize<AgentEvent>(asked.Prompt);
                    AcpPrompts.Choose(asked, new PromptAnswer(true, [0], null, null, null, false));
                    AcpPrompts.Choose(asked, new PromptAnswer(false, [], null, null, null, false));
                    break;
            }
        }

        return signals;
    }

    private static void Hear(JsonDocument message)
    {
        AcpUpdates updates = new("/srv/lab/oproject");
        AcpSettings settings = new();
        Hear(message.RootElement, updates, settings);

        // What it left behind is told with whatever comes next.
        using var end = JsonDocument.Parse("""{"result":{"stopReason":"end_turn"}}""");
        Hear(end.RootElement, updates, settings);
    }

    [Theory]
    [InlineData("acp-claude-agent-acp.jsonl", "end,end,delta,text,file_create,prompt,tool_result,delta,text,end")]
    [InlineData("acp-gemini.jsonl", "end,end,delta,text,end")]
    public void A_capture_tells_its_story(string capture, string story)
    {
        AcpUpdates updates = new("/srv/lab/oproject");
        AcpSettings settings = new();
        List<AgentSignal> signals = [];
        foreach (var line in Heard(capture))
        {
            using var json = JsonDocument.Parse(line);
            signals.AddRange(Hear(json.RootElement, updates, settings));
        }

        var words = signals.Select(signal => signal switch
        {
            Happened happened => JsonSerializer.SerializeToElement(happened.Event, ProtocolJson.For<AgentEvent>()).Text("type")!,
            TextGrew => "delta",
            PromptAsked => "prompt",
            TurnEnded => "end",
            _ => signal.GetType().Name,
        }).ToList();

        // The answers to initialize and session/new count as ends here; a run of deltas is one word of the story.
        Assert.Equal(story, string.Join(',', words.Where((word, i) => i == 0 || word != "delta" || words[i - 1] != "delta")));
        Assert.NotEmpty(updates.Commands);
        Assert.NotNull(settings.Offered(PermissionMode.AcceptEdits));
        Assert.NotNull(settings.ModelRequest("x"));
    }

    [Fact]
    public void The_end_of_a_turn_tells_tokens_cost_and_how_full_the_context_is()
    {
        AcpUpdates updates = new("/srv/lab/oproject");
        List<AgentSignal> signals = [];
        foreach (var line in Heard("acp-claude-agent-acp.jsonl"))
        {
            using var json = JsonDocument.Parse(line);
            signals.AddRange(Hear(json.RootElement, updates, new AcpSettings()));
        }

        var end = signals.OfType<TurnEnded>().Last();
        Assert.Equal(new AgentUsage(5565, 40, 0, 0), end.Usage);
        Assert.Equal((2854, 1_000_000, "Done."), (end.ContextTokens, end.ContextWindow, end.Result));
        Assert.Equal(0.02306m, Math.Round(end.TotalCostUsd!.Value, 5));
    }

    [Fact]
    public void No_message_cut_or_damaged_anywhere_stops_the_mapper() =>
        Gen.Select(Gen.Int[0, Messages.Value.Length - 1], Gen.Int[0, 20_000], Gen.Byte).Sample((index, at, value) =>
        {
            var bytes = Encoding.UTF8.GetBytes(Messages.Value[index]);
            bytes[at % bytes.Length] = value;
            using var json = JsonLine.Parse(bytes);
            if (json is not null)
            {
                Hear(json);
            }
        }, iter: 20_000);

    [Fact]
    public void A_member_of_any_other_type_at_any_depth_stops_nothing() =>
        Gen.Select(Gen.Int[0, Messages.Value.Length - 1], Gen.Int[0, 1000], Gen.Int[0, Others.Length - 1].Select(i => Others[i])).Sample((index, which, other) =>
        {
            var node = JsonNode.Parse(Messages.Value[index])!;
            var places = Places(node).ToList();
            var (parent, name) = places[which % places.Count];
            if (name == "method")
            {
                return;
            }

            // Not as a node: what half a surrogate pair spells cannot be written by the library.
            parent[name] = "@other@";
            using var json = JsonDocument.Parse(node.ToJsonString().Replace("\"@other@\"", other, StringComparison.Ordinal));
            Hear(json);
        }, iter: 20_000);

    private static IEnumerable<(JsonObject Parent, string Name)> Places(JsonNode? node) => node switch
    {
        JsonObject members => members.SelectMany(m => Places(m.Value).Prepend((members, m.Key))),
        JsonArray items => items.SelectMany(Places),
        _ => [],
    };
}
