using System.Text.Json.Nodes;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Daemon.Tests.Features;

/// <summary>A phone at a machine with one project; requests by name, answers as JSON.</summary>
public abstract class GitFixture : IAsyncLifetime
{
    protected TestSystem Machine { get; private set; } = null!;

    protected TestClient Client { get; private set; } = null!;

    protected TempProject Repository => Machine.Project;

    /// <summary>A place beside the project that goes away with it.</summary>
    protected string Beside(string name) => Path.Combine(Path.GetDirectoryName(Repository.Path)!, name);

    public async ValueTask InitializeAsync()
    {
        Machine = await TestSystem.StartAsync();
        Client = await Machine.ClientAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync();
        await Machine.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>The payload of the answer; what was asked as it stands in JSON.</summary>
    protected async Task<JsonObject> AskAsync(string type, string payload = "{}", string? projectId = null)
    {
        var answer = await WholeAsync(type, JsonNode.Parse(payload)!, projectId);
        return answer["payload"]?.AsObject() ?? throw new InvalidOperationException(answer.ToJsonString());
    }

    /// <summary>The error of the answer.</summary>
    protected async Task<JsonObject> ErrorAsync(string type, string payload = "{}", string? projectId = null)
    {
        var answer = await WholeAsync(type, JsonNode.Parse(payload)!, projectId);
        return answer["error"]?.AsObject() ?? throw new InvalidOperationException("No error: " + answer.ToJsonString());
    }

    protected Task<JsonObject> WholeAsync(string type, JsonNode payload, string? projectId = null) =>
        Client.AskAsync(type, payload, Machine.MachineKey, projectId ?? Machine.ProjectId);

    protected async Task<string> RegisterAsync(string path) => (await Machine.Daemon.AddProjectAsync(path, CancellationToken.None)).ProjectId;

    protected static JsonObject Paths(params IEnumerable<string> paths) => new() { ["paths"] = new JsonArray([.. paths.Select(p => (JsonNode)p)]) };

    /// <summary>The hunks of the first file that has changed.</summary>
    protected async Task<List<JsonObject>> HunksAsync(string scope, int contextLines = 3) =>
        [.. (await AskAsync("git_diff", $$"""{"scope":"{{scope}}","contextLines":{{contextLines}}}"""))["files"]![0]!["hunks"]!.AsArray().Select(h => h!.AsObject())];

    /// <summary>The numbers from 1 to 60, a line each; <c>"5 five"</c> stands in the place of 5.</summary>
    protected static string SixtyLines(params string[] changed) =>
        string.Concat(Enumerable.Range(1, 60).Select(i => (changed.FirstOrDefault(c => c.StartsWith($"{i} ", StringComparison.Ordinal)) ?? $"{i}") + "\n"));

    protected static IEnumerable<string> Changes(JsonObject status, string group) =>
        status[group]!.AsArray().Select(c => $"{c!["status"]} {c["path"]}{(c["origPath"] is { } from ? $" <- {from}" : "")}");
}
