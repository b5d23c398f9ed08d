// PocketCoder.StreamJson FILE: reads lines of Claude Code as the daemon does, up to what it makes of them; prints how fast, and the memory that it took.
using System.Diagnostics;
using System.Globalization;
using PocketCoder.Daemon.Features.Agent;
using PocketCoder.Daemon.Features.Agent.Claude;

const int MaxLine = 32 * 1024 * 1024;
ClaudeLines lines = new("/", []);
List<AgentSignal> signals = [];
var (texts, from) = (0, Stopwatch.GetTimestamp());
var size = new FileInfo(args[0]).Length;
await using var file = File.OpenRead(args[0]);
await foreach (var line in LineReader.ReadLinesAsync(file, MaxLine, () => { }, CancellationToken.None))
{
    using var json = JsonLine.Parse(line) ?? throw new InvalidDataException("A line is no JSON.");
    lines.TryMap(json.RootElement, signals);
    texts += signals.Count;
    signals.Clear();
}

var seconds = Stopwatch.GetElapsedTime(from).TotalSeconds;
var peak = File.ReadLines("/proc/self/status").First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
    $$"""{"mbPerSecond":{{size / 1e6 / seconds}},"peakMb":{{double.Parse(peak, CultureInfo.InvariantCulture) / 1024}},"texts":{{texts}}}"""));
