// agent_sessions_list over 2,000 transcripts of 1 MB against reading 16 KB at both ends of each, and a session of 100 MB opened for the first time against
// reading its file: dotnet run --project bench/TerminalSessions [COUNT]
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using PocketCoder.TestSupport;

const int length = 1024 * 1024, part = 16 * 1024;
var count = args is [var number] ? int.Parse(number, CultureInfo.InvariantCulture) : 2000;
await using var system = await TestSystem.StartAsync();
await using var client = await system.ClientAsync();
var directory = Directory.CreateDirectory(Path.Combine(
    system.ClaudeStore, "projects", string.Concat(system.Project.Path.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-')))).FullName;
for (var i = 0; i < count; i++)
{
    Write(Path.Combine(directory, $"{new Guid(i, 0, 0, new byte[8])}.jsonl"), system.Project.Path, i, length);
}

await ListAsync(1);
GC.Collect();
foreach (var file in Directory.GetFiles(directory))
{
    // The daemon has seen none of them as they are now.
    File.SetLastWriteTimeUtc(file, DateTime.UtcNow);
}

var before = Environment.WorkingSet;
var cold = await TimeAsync(() => ListAsync(200));
var grown = Environment.WorkingSet - before;
List<double> warm = [];
for (var i = 0; i < 11; i++)
{
    warm.Add(await TimeAsync(() => ListAsync(200)));
}

for (var i = 0; i < 20; i++)
{
    File.SetLastWriteTimeUtc(Directory.GetFiles(directory)[0], DateTime.UtcNow);
    await ListAsync(200);
}

var after = Environment.WorkingSet - before;
var plain = await TimeAsync(() => Task.Run(() =>
{
    var buffer = new byte[part];
    foreach (var file in Directory.GetFiles(directory))
    {
        using var handle = File.OpenHandle(file);
        RandomAccess.Read(handle, buffer, 0);
        RandomAccess.Read(handle, buffer, RandomAccess.GetLength(handle) - part);
    }
}));
Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
    $"{count} transcripts of 1 MB: first list {cold:0} ms, next {warm.Order().ElementAt(warm.Count / 2):0} ms; reading both ends alone {plain:0} ms, ratio {cold / plain:0.0}; memory +{grown / 1e6:0} MB, +{after / 1e6:0} MB after 31 more"));

var long100 = Guid.NewGuid().ToString();
Write(Path.Combine(directory, $"{long100}.jsonl"), system.Project.Path, count, 100 * length);
var reading = await TimeAsync(() => Task.Run(() => File.ReadLines(Path.Combine(directory, $"{long100}.jsonl")).Sum(line => line.Length)));
GC.Collect();
before = Environment.WorkingSet;
using Process self = Process.GetCurrentProcess();
var opened = await TimeAsync(() => AttachAsync(long100));
client.Forget();
var again = await TimeAsync(() => AttachAsync(long100));
Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
    $"A session of 100 MB: opened {opened:0} ms, again {again:0} ms; reading its lines alone {reading:0} ms, ratio {opened / reading:0.0}; memory +{(Environment.WorkingSet - before) / 1e6:0} MB (client included), peak {self.PeakWorkingSet64 / 1e6:0} MB"));

async Task AttachAsync(string session)
{
    var answer = await system.AskAsync(client, "agent_session_attach", new JsonObject { ["agentSessionId"] = session, ["afterSeq"] = 0, ["limit"] = 500 });
    if ((bool?)answer["payload"]!["more"] != true)
    {
        throw new InvalidOperationException("The session is shorter than what was written.");
    }
}

async Task ListAsync(int limit)
{
    var sessions = (await system.AskAsync(client, "agent_sessions_list", new JsonObject { ["limit"] = limit }))["payload"]!["sessions"]!.AsArray();
    if (sessions.Count != Math.Min(limit, count) || sessions.Any(s => !((string)s!["title"]!).StartsWith("Title ", StringComparison.Ordinal)))
    {
        throw new InvalidOperationException("The list is not what was written.");
    }

    client.Forget();
}

static async Task<double> TimeAsync(Func<Task> work)
{
    var since = Stopwatch.GetTimestamp();
    await work();
    return Stopwatch.GetElapsedTime(since).TotalMilliseconds;
}

static void Write(string path, string cwd, int number, int length)
{
    StringBuilder text = new();
    var parent = "null";
    for (var i = 0; text.Length < length; i++)
    {
        var (asked, answered) = (Guid.NewGuid(), Guid.NewGuid());
        var rest = $"\"timestamp\":\"2026-11-22T17:22:02.422Z\",\"entrypoint\":\"cli\",\"cwd\":\"{cwd}\",\"gitBranch\":\"main\"";
        text.Append(CultureInfo.InvariantCulture, $$"""{"parentUuid":{{parent}},"isSidechain":false,"type":"user","message":{"role":"user","content":"question {{i}} of {{number}}"},"uuid":"{{asked}}",{{rest}}}""").Append('\n');
        text.Append(CultureInfo.InvariantCulture, $$"""{"parentUuid":"{{asked}}","isSidechain":false,"type":"assistant","message":{"id":"m{{i}}","role":"assistant","model":"claude-opus-5-5","content":[{"type":"text","text":"{{new string('x', 3000)}}"}]},"uuid":"{{answered}}",{{rest}}}""").Append('\n');
        parent = $"\"{answered}\"";
    }

    text.Append(CultureInfo.InvariantCulture, $$"""{"type":"ai-title","aiTitle":"Title {{number}}"}""").Append('\n');
    File.WriteAllText(path, text.ToString());
}
