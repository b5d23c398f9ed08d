using System.Text;
using PocketCoder.TestSupport;

namespace PocketCoder.Daemon.Tests;

/// <summary>The live processes with a text in their environment: forks and sessions of their own do not hide them.</summary>
internal static class Marked
{
    private const int Looks = 10;

    /// <summary>A process that is followed by another every millisecond is missed by one look, and hardly by ten.</summary>
    public static IReadOnlyList<int> Processes(string mark) =>
        Enumerable.Range(0, Looks).Select(_ => Look(mark)).FirstOrDefault(found => found.Count > 0) ?? [];

    /// <summary>How many there are when none is left, or when the patience is at its end.</summary>
    public static async Task<int> WhenGoneAsync(string mark, TimeSpan patience)
    {
        using PeriodicTimer look = new(TimeSpan.FromMilliseconds(20));
        var until = DateTime.UtcNow + patience;
        int count;
        while ((count = Processes(mark).Count) > 0 && DateTime.UtcNow < until)
        {
            await look.WaitForNextTickAsync();
        }

        return count;
    }

    public static Task<int> WhenGoneAsync(string mark) => WhenGoneAsync(mark, TestClient.Patience);

    // The newest first: it is the one that may be gone in a moment.
    private static List<int> Look(string mark) =>
        [.. Directory.GetDirectories("/proc").Select(d => int.TryParse(Path.GetFileName(d), out var pid) ? pid : 0)
            .Where(pid => pid != 0).OrderDescending().Where(pid => Holds(pid, mark))];

    private static bool Holds(int pid, string mark)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/environ", Encoding.Latin1).Contains(mark, StringComparison.Ordinal);
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
