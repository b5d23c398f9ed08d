using CsCheck;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Daemon.Tests.Features;

/// <summary>Whatever is done to the tree: a client that applies the events has the tree.</summary>
[Collection(typeof(WatcherLimitTests))]
public sealed class WatcherModelTests : IAsyncLifetime
{
    private static readonly string[] Names = ["a", "b", "c", "d e", "node_modules"];

    private static readonly Gen<string> Paths = Gen.Int[0, Names.Length - 1].Select(i => Names[i]).Array[1, 4].Select(names => string.Join('/', names));

    private static readonly Gen<Step> Steps = Gen.Select(Gen.Enum<Deed>(), Paths, Paths, Gen.Int[0, 40], (deed, path, other, number) => new Step(deed, path, other, number));

    private TestSystem _system = null!;
    private WatcherClient _client = null!;
    private int _markers;

    private enum Deed
    {
        Write,
        Append,
        MakeDirectories,
        MakeDirectoriesAndFile,
        Remove,
        RemoveAll,
        Rename,
        Exchange,
        Link,
        ManyFiles,
        Pause,
    }

    private sealed record Step(Deed Deed, string Path, string Other, int Number);

    public async ValueTask InitializeAsync()
    {
        _system = await TestSystem.StartAsync();
        _client = await WatcherClient.ConnectAsync(_system);
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _system.DisposeAsync();
    }

    [Fact]
    public async Task Who_applies_the_events_has_the_tree_that_is_on_disk() =>
        await Steps.Array[1, 60].SampleAsync(
            async steps =>
            {
                foreach (var step in steps)
                {
                    await DoAsync(step);
                }

                var marker = $"marker{_markers++}";
                _system.Project.Write(marker, "");
                await _client.ChangesUntilAsync(marker);
                Assert.Equal(WatcherClient.OnDisk(_system.Project.Path), _client.Paths);
            },
            iter: 25, threads: 1);

    // What cannot be done (there is no such path, it is a directory, …) is not done.
    private async Task DoAsync(Step step)
    {
        var (path, other) = (_system.Project[step.Path], _system.Project[step.Other]);
        try
        {
            switch (step.Deed)
            {
                case Deed.Write:
                    await File.WriteAllTextAsync(path, "1");
                    break;
                case Deed.Append:
                    await File.AppendAllTextAsync(path, "2");
                    break;
                case Deed.MakeDirectories:
                    Directory.CreateDirectory(path);
                    break;
                case Deed.MakeDirectoriesAndFile:
                    _system.Project.Write(step.Path + "/f", "1");
                    break;
                case Deed.Remove:
                    File.Delete(path);
                    break;
                case Deed.RemoveAll:
                    Directory.Delete(path, recursive: true);
                    break;
                case Deed.Rename:
                    Disk.Rename(path, other);
                    break;
                case Deed.Exchange:
                    Disk.Exchange(path, other);
                    break;
                case Deed.Link:
                    File.CreateSymbolicLink(path, other);
                    break;
                case Deed.ManyFiles:
                    Directory.CreateDirectory(path);
                    for (var i = 0; i < step.Number * 10; i++)
                    {
                        await File.WriteAllBytesAsync($"{path}/{i}", []);
                    }

                    break;
                default:
                    // As long as the generator says: changes fall into one event, or into two.
                    await Task.Delay(step.Number * 10);
                    break;
            }
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
        }
    }
}
