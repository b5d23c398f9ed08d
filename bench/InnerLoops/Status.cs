using BenchmarkDotNet.Attributes;
using PocketCoder.Daemon.Features.Git;
using PocketCoder.Protocol;

namespace PocketCoder.Bench.InnerLoops;

/// <summary>What git status prints, read.</summary>
public class Status
{
    private string _output = "";

    [Params(10, 5_000)]
    public int Changes { get; set; }

    [GlobalSetup]
    public void SetUp() => _output = "# branch.oid 0123456789012345678901234567890123456789\0# branch.head main\0# branch.upstream origin/main\0# branch.ab +1 -2\0"
        + string.Concat(Enumerable.Range(0, Changes).Select(i => i % 5 == 0
            ? $"? src/new/file{i}.ts\0"
            : $"1 .M N... 100644 100644 100644 0123456789012345678901234567890123456789 0123456789012345678901234567890123456789 src/directory/file{i}.ts\0"));

    /// <summary>The entries, cut apart and not looked at.</summary>
    [Benchmark(Baseline = true)]
    public int Cut() => _output.Split('\0').Length;

    [Benchmark]
    public GitStatusResponse Parse() => PorcelainStatus.Parse(_output, "");
}
