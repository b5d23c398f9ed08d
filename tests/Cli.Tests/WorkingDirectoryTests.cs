using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
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
            Assert.NotNull(await up.StandardOutput.ReadLineAsync().WaitAsync(TestClient.Patience));
            using TcpClient visitor = new();
            await Assert.ThrowsAsync<SocketException>(() => visitor.ConnectAsync(wanted));
        }
        finally
        {
            up.Kill(entireProcessTree: true);
            await up.WaitForExitAsync();
        }
    }
}
