// git_status from a phone against `git status` at the desk, in turns, on 5,000 changed of 20,000 files: dotnet run --project bench/GitStatus [ROUNDS]
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using PocketCoder.TestSupport;

const int files = 20_000, changed = 5_000;
var rounds = args is [var count] ? int.Parse(count, CultureInfo.InvariantCulture) : 21;
await using var system = await TestSystem.StartAsync();
await using var client = await system.ClientAsync();
system.Project.Init();
for (var i = 0; i < files; i++)
{
    system.Project.Write($"d{i % 200}/f{i}.txt", $"{i}\n");
}

system.Project.CommitAll("all");
for (var i = 0; i < changed; i++)
{
    system.Project.Write($"d{i % 200}/f{i}.txt", $"changed {i}\n");
}

List<double> phone = [], desk = [];
for (var i = 0; i < rounds + 1; i++)
{
    var since = Stopwatch.GetTimestamp();
    var answer = await system.AskAsync(client, "git_status", new JsonObject());
    var asked = Stopwatch.GetElapsedTime(since).TotalMilliseconds;
    since = Stopwatch.GetTimestamp();
    system.Project.Git("--no-optional-locks", "status", "--porcelain=v2", "--branch", "-z", "--untracked-files=all");
    var plain = Stopwatch.GetElapsedTime(since).TotalMilliseconds;
    if (answer["payload"]!["unstaged"]!.AsArray().Count != changed)
    {
        throw new InvalidOperationException("git_status did not see every change.");
    }

    // The first round warms both up.
    if (i > 0)
    {
        phone.Add(asked);
        desk.Add(plain);
    }
}

var (ours, theirs) = (Median(phone), Median(desk));
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"git_status over the relay: {ours:0.0} ms, git status: {theirs:0.0} ms, ratio {ours / theirs:0.00} (medians of {rounds})"));

static double Median(List<double> times) => times.Order().ElementAt(times.Count / 2);
