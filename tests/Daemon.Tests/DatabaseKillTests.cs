using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using PocketCoder.Protocol;
using PocketCoder.Storage;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Daemon.Tests;

/// <summary>
/// A daemon that writes is killed with SIGKILL again and again: the file stays whole, and what was acknowledged is in it. bench/kill-9 does the same a
/// thousand times with the published executable.
/// </summary>
public sealed class DatabaseKillTests(ITestOutputHelper output) : IDisposable
{
    private const int Writers = 4;
    private readonly TempDirectory _directory = new();
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TestClient.Patience };

    public void Dispose()
    {
        _http.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task What_was_acknowledged_survives_every_kill_9()
    {
        var kills = int.TryParse(Environment.GetEnvironmentVariable("POCKETCODER_KILLS"), CultureInfo.InvariantCulture, out var wanted) ? wanted : 6;
        Random random = new(1);
        var (acknowledged, inTheMiddle, watch) = (0, 0, Stopwatch.StartNew());
        for (var kill = 0; kill < kills; kill++)
        {
            using var daemon = Start();
            try
            {
                var address = await AddressAsync(daemon);
                ConcurrentBag<string> told = [];
                var writing = Enumerable.Range(0, Writers).Select(writer => WriteAsync(address, writer, told)).ToList();
                var enough = random.Next(1, 60);
                await UntilAsync(() => told.Count >= enough, daemon);
                daemon.Kill();
                inTheMiddle += (await Task.WhenAll(writing)).Count(cutOff => cutOff);
                await daemon.WaitForExitAsync();

                acknowledged += told.Count;
                Verify(told);
            }
            finally
            {
                daemon.Kill();
            }
        }

        output.WriteLine($"{kills} kills in {watch.Elapsed.TotalSeconds:0} s: {acknowledged} writes acknowledged, none lost; {inTheMiddle} were cut off; every integrity_check ok");
        Assert.True(inTheMiddle > kills / 2, "A kill that meets no write shows nothing.");
    }

    private Process Start()
    {
        ProcessStartInfo start = new(TestSystem.Supervisor, ["start", "--foreground"]) { RedirectStandardOutput = true };
        start.Environment["POCKETCODER_HOME"] = _directory["home"];
        start.Environment["POCKETCODER_CLAUDE"] = TestSystem.FakeClaude;
        start.Environment["GATEWAY_URL"] = "ws://127.0.0.1:9";
        return Process.Start(start)!;
    }

    private async Task<ControlPlaneAddress> AddressAsync(Process daemon)
    {
        var line = await daemon.StandardOutput.ReadLineAsync().WaitAsync(TestClient.Patience);
        Assert.StartsWith("PocketCoder runs.", line, StringComparison.Ordinal);
        return JsonSerializer.Deserialize(await File.ReadAllBytesAsync(_directory["home/control-plane.json"]), ProtocolJson.For<ControlPlaneAddress>())!;
    }

    // Registers projects until the daemon is gone. True when a request was cut off.
    private async Task<bool> WriteAsync(ControlPlaneAddress address, int writer, ConcurrentBag<string> told)
    {
        for (var i = 0; ; i++)
        {
            var path = Directory.CreateDirectory(_directory[$"projects/{writer}/{i}"]).FullName;
            using HttpRequestMessage request = new(HttpMethod.Post, address.Url + "/projects") { Content = new StringContent(JsonSerializer.Serialize(new { path }), Encoding.UTF8, "application/json") };
            request.Headers.Add("Authorization", "Bearer " + address.Token);
            try
            {
                using var response = await _http.SendAsync(request);
                if (!response.IsSuccessStatusCode)
                {
                    throw new InvalidOperationException($"{response.StatusCode} {await response.Content.ReadAsStringAsync()} {await File.ReadAllTextAsync(_directory["home/logs/daemon.log"])}");
                }

                told.Add(path);
            }
            catch (HttpRequestException cutOff)
            {
                return cutOff.InnerException is IOException or HttpIOException;
            }
        }
    }

    private void Verify(IEnumerable<string> told)
    {
        using SqliteConnection connection = new($"Data Source={_directory["home/daemon.db"]};Pooling=False");
        connection.Open();
        var kept = connection.Query("SELECT path FROM projects", row => row.GetString(0)).ToHashSet();

        Assert.Equal(["ok"], connection.Query("PRAGMA integrity_check", row => row.GetString(0)));
        Assert.Superset(told.ToHashSet(), kept);

        // The file lives on; only its size stays what it was.
        connection.Execute("DELETE FROM projects");
    }

    private static async Task UntilAsync(Func<bool> condition, Process daemon)
    {
        using PeriodicTimer look = new(TimeSpan.FromMilliseconds(1));
        for (var until = DateTime.UtcNow + TestClient.Patience; !condition();)
        {
            Assert.False(daemon.HasExited || DateTime.UtcNow > until, "The daemon must write until it is killed.");
            await look.WaitForNextTickAsync();
        }
    }
}
