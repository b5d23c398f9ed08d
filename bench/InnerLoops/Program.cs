// dotnet run --project bench/InnerLoops -c Release [-- --filter '*Envelope*'] [--report FILE]: the loops that run for each message, event, file and change, with
// what they allocate.
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

// In this process: a project that is generated elsewhere would not know the settings of this repository.
var config = ManualConfig.CreateEmpty()
    .AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance))
    .AddDiagnoser(MemoryDiagnoser.Default)
    .AddColumnProvider(DefaultColumnProviders.Instance)
    .AddLogger(ConsoleLogger.Default)
    .AddExporter(MarkdownExporter.GitHub)
    .WithArtifactsPath(Path.Combine(AppContext.BaseDirectory, "results"));
var at = Array.IndexOf(args, "--report");
var report = at < 0 ? null : args[at + 1];
string[] own = at < 0 ? args : [.. args[..at], .. args[(at + 2)..]];
var summaries = BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(own is [] ? ["--filter", "*"] : own, config).ToList();
if (report is not null)
{
    await using StreamWriter file = new(report);
    await file.WriteAsync("# The inner loops\n\nBy `dotnet run --project bench/InnerLoops -c Release -- --report docs/performance/inner-loops.md` (BenchmarkDotNet, just-in-time compiled). Ratios are to the bare way of the same.\n");
    foreach (var summary in summaries)
    {
        await file.WriteAsync($"\n## {summary.BenchmarksCases[0].Descriptor.Type.Name}\n");
        MarkdownExporter.GitHub.ExportToLog(summary, new StreamLogger(file));
    }
}

return summaries.Any(summary => summary.HasCriticalValidationErrors || summary.Reports.Any(r => !r.Success)) ? 1 : 0;
