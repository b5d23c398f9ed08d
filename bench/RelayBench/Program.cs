// bench/RelayBench EXECUTABLE [throughput|memory|storm|fairness|refusals|cluster …]: our relay beside a minimal forwarder in Node (ws) and a raw one on Kestrel, in the same run.
// ROUNDS says how often (3). Each relay has processor 0, the load the other. Medians of the rounds; ratios are ours against the other.
// bench/RelayBench EXECUTABLE --rows 7,8,…: only what these rows of bench/table.mjs show, against Node alone, a line of JSON each.
using System.Diagnostics;
using System.Globalization;
using PocketCoder.Bench.Relay;

Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
if (args is ["--kestrel"])
{
    await KestrelForwarder.RunAsync();
    return;
}

if (args is ["--flood", var port, var token, var machineKey])
{
    await Fairness.FloodAsync(int.Parse(port, CultureInfo.InvariantCulture), token, machineKey);
    return;
}

var rounds = int.Parse(Environment.GetEnvironmentVariable("ROUNDS") ?? "3", CultureInfo.InvariantCulture);
var executable = Path.GetFullPath(args.FirstOrDefault() ?? "artifacts/pocketcoder");
string[] wanted = args.Length > 1 ? args[1..] : ["throughput", "memory", "storm", "fairness", "refusals"];
if (OperatingSystem.IsLinux() && Environment.ProcessorCount > 1)
{
    Process.GetCurrentProcess().ProcessorAffinity = 2;
}

if (args is [_, "--rows", var list])
{
    var rows = list.Split(',').Select(int.Parse).ToHashSet();
    await Throughput.RowsAsync(executable, rounds, rows);
    if (rows.Contains(12))
    {
        await Memory.RowAsync(executable, connections: 10_000);
    }

    if (rows.Contains(28))
    {
        await ClusterLoad.RowAsync(executable, rounds);
    }

    return;
}

if (wanted.Contains("throughput"))
{
    await Throughput.RunAsync(executable, rounds);
}

if (wanted.Contains("memory"))
{
    await Memory.RunAsync(executable, connections: 10_000);
    await Memory.StrangersAsync(executable, connections: 10_000);
}

if (wanted.Contains("storm"))
{
    await Storm.RunAsync(executable, machines: 1_000);
}

if (wanted.Contains("cluster"))
{
    await ClusterLoad.RunAsync(executable);
}

if (wanted.Contains("fairness"))
{
    await Fairness.RunAsync(executable, rounds: 10);
}

if (wanted.Contains("refusals"))
{
    await Refusals.RunAsync(executable);
}
