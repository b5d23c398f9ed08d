using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Cli.Tests;

/// <summary>PocketCoder is started in a project: what lies there is not its own.</summary>
public sealed class WorkingDirectoryTests
{
    [Fact]
    public async Task A_file_of_the_project_does_not_configure_the_servers()
    {
        using TempDirectory directory = new();
        using TcpListener taken = new(IPAddress.Loopback, 0);
        taken.Start();
        var wanted = (IPEndPoint)taken.LocalEndpoint;
        taken.Stop();
        directory.Write("project/appsettings.json", """{ "Urls": "URL", "Kestrel": { "Endpoints": { "Open": { "Url": "URL" } } } }""".Replace("URL", $"http://{wanted}", StringComparison.Ordinal));

        await UpAsync(directory, async _ =>
        {
            using TcpClient visitor = new();
            await Assert.ThrowsAsync<SocketException>(() => visitor.ConnectAsync(wanted));
        });
    }

    [Fact]
    public async Task A_program_of_the_project_is_not_taken_for_one_of_the_machine()
    {
        using TempDirectory directory = new();
        TempProject project = new(directory["project"]);
        project.Git("init", "-q");
        foreach (var name in (string[])["git", "rg", "claude", "sh"])
        {
            project.Write(name, $"#!/bin/sh\ntouch '{directory["sang"]}'\n");
            File.SetUnixFileMode(project[name], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        await UpAsync(directory, async ready =>
        {
            await using var client = await TestClient.PairedAsync(new Uri((string)ready["url"]!), (string)ready["pairCode"]!);
            foreach (var (type, payload) in ((string, string)[])[
                ("fs_list", """{"path":""}"""), ("git_status", "{}"), ("fs_search", """{"query":"touch","kind":"text"}"""), ("fs_search", """{"query":"git","kind":"name"}""")])
            {
                var answer = await client.AskAsync(type, JsonNode.Parse(payload), (string)ready["machineKey"]!, (string)ready["projects"]![0]!["projectId"]!);
                Assert.Null(answer["error"]);
            }
        });
        Assert.False(File.Exists(directory["sang"]));
    }

    private static async Task UpAsync(TempDirectory directory, Func<JsonNode, Task> look)
    {
        ProcessStartInfo start = new(TestSystem.Supervisor, ["up", "--json", "--listen", "http://127.0.0.1:0", "--data-dir", directory["relay"], "--no-open"])
        {
            RedirectStandardOutput = true,
            WorkingDirectory = directory["project"],
        };
        start.Environment["POCKETCODER_HOME"] = directory["home"];
        start.Environment["POCKETCODER_CLAUDE"] = TestSystem.FakeClaude;
        using var up = Process.Start(start)!;
        try
        {
            await look(JsonNode.Parse((await up.StandardOutput.ReadLineAsync().WaitAsync(TestClient.Patience))!)!);
        }
        finally
        {
            up.Kill(entireProcessTree: true);
            await up.WaitForExitAsync();
        }
    }
}
