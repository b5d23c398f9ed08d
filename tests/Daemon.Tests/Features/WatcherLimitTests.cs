using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using PocketCoder.Daemon.Features.Files.Watching;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Daemon.Tests.Features;

/// <summary>Counts what this process takes from the system, so nothing else may run meanwhile (nor beside the model test, which takes much).</summary>
[CollectionDefinition(DisableParallelization = true)]
[Collection(typeof(WatcherLimitTests))]
public sealed class WatcherLimitTests : IAsyncLifetime
{
    private readonly TempDirectory _elsewhere = new();
    private TestSystem _system = null!;
    private WatcherClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _system = await TestSystem.StartAsync();
        _client = await WatcherClient.ConnectAsync(_system);
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _system.DisposeAsync();
        _elsewhere.Dispose();
    }

    private static IEnumerable<string> Instances() => Directory.GetFiles("/proc/self/fd").Where(f => new FileInfo(f).LinkTarget == "anon_inode:inotify");

    private static int Watches() => Instances().Sum(f =>
        File.ReadLines(f.Replace("/fd/", "/fdinfo/", StringComparison.Ordinal)).Count(l => l.StartsWith("inotify wd", StringComparison.Ordinal)));

    private static Task UntilWatchesAsync(int count) => WaitFor.TrueAsync(() => Task.FromResult(Watches() == count));

    [Fact]
    public async Task A_directory_has_a_watch_for_as_long_as_it_is_in_a_project()
    {
        Assert.Equal(1, Watches());
        _system.Project.Write("lib/sub/a.txt", "1");
        _system.Project.Write("lib/node_modules/x/y/a.txt", "1");
        await UntilWatchesAsync(3);

        Directory.Move(_system.Project["lib"], _elsewhere["lib"]);
        await UntilWatchesAsync(1);
        Directory.Move(_elsewhere["lib"], _system.Project["lib"]);
        await UntilWatchesAsync(3);
        Directory.Move(_system.Project["lib"], _system.Project["build"]);
        await UntilWatchesAsync(1);
        Directory.Move(_system.Project["build"], _system.Project["lib"]);
        await UntilWatchesAsync(3);

        var inner = await _system.Daemon.AddProjectAsync(_system.Project["lib"], CancellationToken.None);
        var other = await _system.Daemon.AddProjectAsync(Directory.CreateDirectory(_elsewhere["other/a/b"]).Parent!.Parent!.FullName, CancellationToken.None);
        await UntilWatchesAsync(6);
        await _system.Daemon.RemoveProjectAsync(other.ProjectId, CancellationToken.None);
        await _system.Daemon.RemoveProjectAsync(inner.ProjectId, CancellationToken.None);
        await UntilWatchesAsync(3);
        Directory.Delete(_system.Project["lib"], recursive: true);
        await UntilWatchesAsync(1);
    }

    [Fact]
    public async Task Two_hundred_projects_share_one_inotify_instance()
    {
        List<string> ids = [];
        for (var i = 0; i < 200; i++)
        {
            _elsewhere.Write($"p{i}/src/a.txt", "1");
            ids.Add((await _system.Daemon.AddProjectAsync(_elsewhere[$"p{i}"], CancellationToken.None)).ProjectId);
        }

        await WaitFor.TrueAsync(() => Task.FromResult(ids.All(_system.Daemon.Watcher.IsRunning)));
        await using var last = await WatcherClient.ConnectAsync(_system, ids[^1]);
        _elsewhere.Write("p199/src/b.txt", "1");

        Assert.Equal(["create src/b.txt"], await last.NextChangesAsync());
        Assert.Single(Instances());
    }

    [Fact]
    public async Task When_the_systems_queue_overflows_clients_list_again_and_nothing_is_missed_after()
    {
        using ManualResetEventSlim goOn = new();
        ((InotifyWatcher)_system.Daemon.Watcher.Trees).Post(() => goOn.Wait(TestClient.Patience));
        var queue = int.Parse(await File.ReadAllTextAsync("/proc/sys/fs/inotify/max_queued_events"), CultureInfo.InvariantCulture);
        for (var i = 0; i <= queue / 3; i++)
        {
            // Three events: it is there, it is written, it is gone.
            File.WriteAllBytes(_system.Project["f"], []);
            File.Delete(_system.Project["f"]);
        }

        _system.Project.Write("lost/deep/f.txt", "1");
        goOn.Set();
        while (!_client.Paths.Contains("lost/deep/f.txt"))
        {
            await _client.NextAsync();
        }

        _system.Project.Write("lost/deep/er/g.txt", "1");
        await _client.ChangesUntilAsync("lost/deep/er/g.txt");
        Assert.Equal(WatcherClient.OnDisk(_system.Project.Path), _client.Paths);
        Assert.Equal(4, Watches());
    }

    [Fact]
    public async Task Without_watches_changes_are_found_by_looking_which_is_said_and_ends_when_there_are_watches_again()
    {
        for (var i = 0; i < 30; i++)
        {
            _elsewhere.Write($"big/{i}/a.txt", "1");
        }

        // The real limit, in a namespace of its own, where it concerns nobody else.
        await using Confined up = await Confined.StartAsync(_elsewhere, watches: 20);
        await using var client = await WatcherClient.ConnectAsync(await TestClient.PairedAsync(up.Relay, up.PairCode), up.MachineKey, up.ProjectId);
        var warning = Assert.Single(await up.WarningsAsync(), w => w.Contains("inotify", StringComparison.Ordinal));
        Assert.Equal("big: the system has no inotify watches left, so changes are looked for every few seconds instead. Allow more: sudo sysctl fs.inotify.max_user_watches=1048576", warning);

        _elsewhere.Write("big/7/new/b.txt", "1");
        _elsewhere.Write("big/8/a.txt", "other");
        Directory.Delete(_elsewhere["big/9"], recursive: true);
        Assert.Equal(
            ["create 7/new", "create 7/new/b.txt", "delete 9", "modify 8/a.txt"],
            (await client.ChangesUntilAsync("7/new/b.txt")).Order(StringComparer.Ordinal));
        Assert.Equal(WatcherClient.OnDisk(_elsewhere["big"]), client.Paths);

        up.AllowWatches(1000);
        await WaitFor.TrueAsync(async () => !(await up.WarningsAsync()).Any(w => w.Contains("inotify", StringComparison.Ordinal)));
        _elsewhere.Write("big/10/new/c.txt", "1");
        await client.ChangesUntilAsync("10/new/c.txt");
        Assert.Equal(WatcherClient.OnDisk(_elsewhere["big"]), client.Paths);
    }

    /// <summary>The real executable in a user namespace whose inotify limits the test sets.</summary>
    private sealed class Confined : IAsyncDisposable
    {
        private readonly Process _process;
        private readonly HttpClient _http = new();

        private Confined(Process process, JsonNode ready, JsonNode address)
        {
            _process = process;
            (Relay, PairCode) = (new Uri((string)ready["url"]!), (string)ready["pairCode"]!);
            (MachineKey, ProjectId) = ((string)ready["machineKey"]!, (string)ready["projects"]![0]!["projectId"]!);
            _http.BaseAddress = new Uri((string)address["url"]!);
            _http.DefaultRequestHeaders.Authorization = new("Bearer", (string)address["token"]!);
        }

        public Uri Relay { get; }

        public string PairCode { get; }

        public string MachineKey { get; }

        public string ProjectId { get; }

        public static async Task<Confined> StartAsync(TempDirectory directory, int watches)
        {
            ProcessStartInfo start = new("unshare",
            [
                "--user", "--map-root-user", "sh", "-c", $"echo {watches} > /proc/sys/user/max_inotify_watches && exec \"$0\" \"$@\"",
                TestSystem.Supervisor, "up", directory["big"], "--json", "--listen", "http://127.0.0.1:0", "--data-dir", directory["relay"], "--no-open",
            ])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            start.Environment["POCKETCODER_HOME"] = directory["home"];
            start.Environment["POCKETCODER_CLAUDE"] = TestSystem.FakeClaude;
            var process = Process.Start(start)!;
            if (await process.StandardOutput.ReadLineAsync().WaitAsync(TestClient.Patience) is not { } line)
            {
                var error = await process.StandardError.ReadToEndAsync();
                Assert.SkipWhen(error.Contains("unshare", StringComparison.Ordinal) || error.Contains("max_inotify_watches", StringComparison.Ordinal), "This system gives no user namespace.");
                throw new InvalidOperationException(error);
            }

            DaemonPaths paths = new(directory["home"]);
            return new Confined(process, JsonNode.Parse(line)!, JsonNode.Parse(await File.ReadAllTextAsync(paths.ControlPlane))!);
        }

        public void AllowWatches(int count)
        {
            using var nsenter = Process.Start("nsenter", ["--user", "--target", $"{_process.Id}", "sh", "-c", $"echo {count} > /proc/sys/user/max_inotify_watches"]);
            nsenter.WaitForExit();
            Assert.Equal(0, nsenter.ExitCode);
        }

        public async Task<string[]> WarningsAsync()
        {
            var status = JsonNode.Parse(await _http.GetStringAsync("/status"))!;
            return [.. status["capabilities"]!["warnings"]!.AsArray().Select(w => (string)w!)];
        }

        public async ValueTask DisposeAsync()
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
            _process.Dispose();
            _http.Dispose();
        }
    }
}
