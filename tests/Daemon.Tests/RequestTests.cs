using System.Text.Json.Nodes;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Daemon.Tests;

/// <summary>What is asked wrongly is told so in a sentence, and everything stays alive.</summary>
public sealed class RequestTests : IAsyncLifetime
{
    private TestSystem _system = null!;
    private TestClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _system = await TestSystem.StartAsync();
        _client = await _system.ClientAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _system.DisposeAsync();
    }

    public static TheoryData<string, string, string> BadRequests => new()
    {
        { "git_nope", "{}", "INVALID_REQUEST" },
        { "fs_list", "{}", "INVALID_REQUEST" },
        { "fs_list", """{"path":7}""", "INVALID_REQUEST" },
        { "fs_list", """{"path":null}""", "INVALID_REQUEST" },
        { "fs_list", """{"path":"","path":""}""", "INVALID_REQUEST" },
        { "fs_list", "[]", "INVALID_REQUEST" },
        { "fs_read", """{"path":"a","offset":-1}""", "FILE_NOT_FOUND" },
        { "fs_read", """{"path":"a","offset":"1"}""", "INVALID_REQUEST" },
        { "fs_read", """{"path":"a","offset":1e400}""", "INVALID_REQUEST" },
        { "agent_session_new", """{"content":"x"}""", "INVALID_REQUEST" },
        { "agent_session_new", """{"messageId":"not-a-uuid","content":"x"}""", "INVALID_REQUEST" },
        { "agent_session_new", """{"messageId":"11111111-2222-4333-8444-555555555555","content":"  "}""", "INVALID_REQUEST" },
        { "agent_session_new", """{"messageId":"11111111-2222-4333-8444-555555555555","content":"x","permissionMode":"root"}""", "INVALID_REQUEST" },
        { "agent_session_new", """{"messageId":"11111111-2222-4333-8444-555555555555","content":"x","model":"--help"}""", "INVALID_REQUEST" },
        { "agent_session_new", """{"messageId":"11111111-2222-4333-8444-555555555555","content":"x","images":[{"mediaType":"image/svg+xml","data":"QQ=="}]}""", "INVALID_REQUEST" },
        { "agent_session_new", """{"messageId":"11111111-2222-4333-8444-555555555555","content":"x","images":[{"mediaType":"image/png","data":"%%"}]}""", "INVALID_REQUEST" },
        { "agent_message", """{"agentSessionId":"nope","messageId":"11111111-2222-4333-8444-555555555555","content":"x"}""", "NOT_FOUND" },
        { "agent_session_attach", """{"agentSessionId":"nope","afterSeq":0}""", "NOT_FOUND" },
        { "agent_session_attach", """{"agentSessionId":"nope","afterSeq":-1}""", "INVALID_REQUEST" },
        { "agent_cancel", """{"agentSessionId":"nope"}""", "NOT_FOUND" },
        { "agent_set_mode", """{"agentSessionId":"nope"}""", "NOT_FOUND" },
        { "agent_prompt_response", """{"agentSessionId":"nope","promptId":"p","decision":"allow"}""", "NOT_FOUND" },
        { "agent_prompt_response", """{"agentSessionId":"nope","promptId":"p","decision":"maybe"}""", "INVALID_REQUEST" },
    };

    [Theory]
    [MemberData(nameof(BadRequests))]
    public async Task A_bad_request_gets_its_code_and_a_sentence(string type, string payload, string code)
    {
        await _client.SendAsync($$"""{"type":"{{type}}","requestId":"bad","machineKey":"{{_system.MachineKey}}","sessionId":"{{_system.ProjectId}}","payload":{{payload}}}""");
        var answer = await _client.UntilTypeAsync("error");

        Assert.Equal("bad", (string?)answer["requestId"]);
        Assert.Equal(code, (string?)answer["error"]!["code"]);
        var message = (string)answer["error"]!["message"]!;
        Assert.EndsWith(".", message, StringComparison.Ordinal);
        Assert.DoesNotContain("System.", message, StringComparison.Ordinal);
        Assert.DoesNotContain("PocketCoder.Protocol", message, StringComparison.Ordinal);
        Assert.Equal("projects_list_response", (string?)(await _client.AskAsync("projects_list", null, _system.MachineKey))["type"]);
    }

    [Theory]
    [InlineData("fs_list", """{"path":""}""")]
    [InlineData("fs_read", """{"path":"a"}""")]
    [InlineData("git_status", "{}")]
    [InlineData("agent_sessions_list", "{}")]
    [InlineData("agent_session_new", """{"messageId":"11111111-2222-4333-8444-555555555555","content":"x"}""")]
    public async Task An_unknown_project_is_not_found(string type, string payload)
    {
        var unknown = await _client.AskAsync(type, JsonNode.Parse(payload), _system.MachineKey, Guid.NewGuid().ToString());
        var none = await _client.AskAsync(type, JsonNode.Parse(payload), _system.MachineKey);

        Assert.Equal("PROJECT_NOT_FOUND", (string?)unknown["error"]!["code"]);
        Assert.Equal("PROJECT_NOT_FOUND", (string?)none["error"]!["code"]);
    }

    [Fact]
    public async Task A_removed_project_is_gone_and_its_files_are_not()
    {
        _system.Project.Write("a.txt", "stays");

        Assert.True(await _system.Daemon.RemoveProjectAsync(_system.ProjectId, CancellationToken.None));
        Assert.False(await _system.Daemon.RemoveProjectAsync(_system.ProjectId, CancellationToken.None));

        Assert.Empty((await _client.AskAsync("projects_list", null, _system.MachineKey))["payload"]!["projects"]!.AsArray());
        Assert.True(File.Exists(_system.Project["a.txt"]));
    }
}
