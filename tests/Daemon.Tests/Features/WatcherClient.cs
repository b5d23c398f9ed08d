using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Daemon.Tests.Features;

/// <summary>A client that does what the comment of <c>FsChanged</c> tells clients to do, and nothing else.</summary>
internal sealed class WatcherClient : IAsyncDisposable
{
    private static readonly string[] Ignored = ["node_modules", ".git", "dist", "build", ".next"];

    private readonly TestClient _client;
    private readonly string _machineKey, _projectId;
    private readonly SortedSet<string> _paths = new(StringComparer.Ordinal);

    private int _read;

    private WatcherClient(TestClient client, string machineKey, string projectId) => (_client, _machineKey, _projectId) = (client, machineKey, projectId);

    /// <summary>The tree as this client has it.</summary>
    public IReadOnlyCollection<string> Paths => _paths;

    public long Seq { get; private set; }

    public static async Task<WatcherClient> ConnectAsync(TestSystem system, string? projectId = null) =>
        await ConnectAsync(await system.ClientAsync(), system.MachineKey, projectId ?? system.ProjectId);

    public static async Task<WatcherClient> ConnectAsync(TestClient connected, string machineKey, string projectId)
    {
        WatcherClient client = new(connected, machineKey, projectId);
        await client.UntilRunningAsync();
        await client.ListAllAsync();
        return client;
    }

    public async Task<JsonObject> ProjectAsync()
    {
        var answer = await _client.AskAsync("projects_list", new JsonObject(), _machineKey);
        return answer["payload"]!["projects"]!.AsArray().Single(p => (string?)p!["projectId"] == _projectId)!.AsObject();
    }

    public async Task UntilRunningAsync(bool running = true) => await WaitFor.TrueAsync(async () => (bool)(await ProjectAsync())["watcherRunning"]! == running);

    /// <summary>The next event, after it was applied.</summary>
    public async Task<JsonObject> NextAsync()
    {
        var changed = await ReadAsync();
        var seq = (long)changed["seq"]!;
        var follows = seq == Seq + 1;
        Seq = Math.Max(seq, Seq);
        if (!follows || (bool?)changed["changesTruncated"] == true)
        {
            await ListAllAsync();
            return changed;
        }

        foreach (var change in changed["changes"]!.AsArray())
        {
            var path = (string)change!["path"]!;
            if ((string?)change["kind"] == "delete")
            {
                _paths.RemoveWhere(p => p == path || p.StartsWith(path + "/", StringComparison.Ordinal));
            }
            else
            {
                _paths.Add(path);
            }
        }

        return changed;
    }

    /// <summary>The next event's changes, such as "create src/a.ts".</summary>
    public async Task<string[]> NextChangesAsync() => ChangesOf(await NextAsync());

    /// <summary>All changes up to the event that makes the client see the path.</summary>
    public async Task<string[]> ChangesUntilAsync(string path)
    {
        List<string> changes = [];
        do
        {
            changes.AddRange(await NextChangesAsync());
        }
        while (!_paths.Contains(path));

        return [.. changes];
    }

    public static string[] ChangesOf(JsonObject changed) => [.. changed["changes"]!.AsArray().Select(c => $"{(string?)c!["kind"]} {(string?)c["path"]}")];

    /// <summary>What is on disk, in the form of <see cref="Paths"/>.</summary>
    public static SortedSet<string> OnDisk(string root)
    {
        SortedSet<string> paths = new(StringComparer.Ordinal);
        Add(new DirectoryInfo(root), "");
        return paths;

        void Add(DirectoryInfo directory, string prefix)
        {
            foreach (var entry in directory.EnumerateFileSystemInfos())
            {
                var isDirectory = entry is DirectoryInfo { LinkTarget: null };
                if (isDirectory && Ignored.Contains(entry.Name))
                {
                    continue;
                }

                paths.Add(prefix + entry.Name);
                if (isDirectory)
                {
                    Add((DirectoryInfo)entry, prefix + entry.Name + "/");
                }
            }
        }
    }

    public ValueTask DisposeAsync() => _client.DisposeAsync();

    // What came while a listing was waited for is among what the test client has seen.
    private async Task<JsonObject> ReadAsync()
    {
        while (true)
        {
            for (; _read < _client.Seen.Count; _read++)
            {
                var message = _client.Seen[_read];
                if (IsEvent(message) && (long)message["payload"]!["seq"]! > Seq)
                {
                    return message["payload"]!.AsObject();
                }
            }

            await _client.UntilAsync(IsEvent);
        }
    }

    private bool IsEvent(JsonObject message) => (string?)message["type"] == "fs_changed" && (string?)message["sessionId"] == _projectId;

    private async Task ListAllAsync()
    {
        _paths.Clear();
        long? oldest = null;
        await ListAsync("");
        Seq = Math.Max(Seq, oldest ?? 0);

        async Task ListAsync(string path)
        {
            var answer = await _client.AskAsync("fs_list", new JsonObject { ["path"] = path }, _machineKey, _projectId);
            if (answer["payload"] is not { } listing)
            {
                // Gone since its parent was listed; an event says so.
                return;
            }

            oldest ??= (long)listing["seq"]!;
            foreach (var child in listing["children"]!.AsArray())
            {
                var isDirectory = (string?)child!["kind"] == "directory";
                if (!isDirectory || !Ignored.Contains((string)child["name"]!))
                {
                    _paths.Add((string)child["path"]!);
                    if (isDirectory)
                    {
                        await ListAsync((string)child["path"]!);
                    }
                }
            }
        }
    }
}

internal static class WaitFor
{
    /// <summary>Asks again and again until it is so; fails when it does not become so.</summary>
    public static async Task TrueAsync(Func<Task<bool>> isSo)
    {
        using CancellationTokenSource limit = new(TestClient.Patience);
        while (!await isSo())
        {
            await Task.Delay(10, limit.Token);
        }
    }
}

/// <summary>What .NET does not do to files.</summary>
internal static class Disk
{
    private const int Here = -100, Swap = 2;

    public static void Shell(string directory, string script)
    {
        using var shell = Process.Start(new ProcessStartInfo("bash", ["-ec", script]) { WorkingDirectory = directory })!;
        shell.WaitForExit();
        Assert.Equal(0, shell.ExitCode);
    }

    /// <summary>As the system does it: over a file, and over an empty directory.</summary>
    public static bool Rename(string from, string to) => renameat2(Here, from, Here, to, 0) == 0;

    /// <summary>Swaps what two names stand for, in one step.</summary>
    public static bool Exchange(string one, string other) => renameat2(Here, one, Here, other, Swap) == 0;

    [DllImport("libc")]
    private static extern int renameat2(int fromDirectory, [MarshalAs(UnmanagedType.LPUTF8Str)] string from, int toDirectory, [MarshalAs(UnmanagedType.LPUTF8Str)] string to, uint flags);
}
