using BenchmarkDotNet.Attributes;
using PocketCoder.Daemon.Features.Files;

namespace PocketCoder.Bench.InnerLoops;

/// <summary>A file of a project is opened so that no link leads out of it, beside an open that looks at nothing.</summary>
public class Paths
{
    private readonly string _directory = Directory.CreateTempSubdirectory("pocketcoder-bench-").FullName;

    [Params("a", "a/b/c/d/e/f")]
    public string Path { get; set; } = "";

    [GlobalSetup]
    public void SetUp()
    {
        var file = System.IO.Path.Combine(_directory, Path);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(file)!);
        File.WriteAllText(file, "");
    }

    [GlobalCleanup]
    public void CleanUp() => Directory.Delete(_directory, recursive: true);

    [Benchmark(Baseline = true)]
    public void Bare() => File.OpenHandle(System.IO.Path.Combine(_directory, Path)).Dispose();

    [Benchmark]
    public void Confined()
    {
        using var tree = ProjectTree.Open(_directory);
        tree.OpenFile(Path).Dispose();
    }
}
