namespace PocketCoder.Daemon.Relay;

/// <summary>How long to wait before the next attempt: 1 s doubling to 60 s, with full jitter, so that a relay that returns is not stormed.</summary>
internal static class ReconnectDelay
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);

    /// <param name="failures">Attempts that failed since the last success, from 0.</param>
    /// <param name="jitter">A random number from 0 to 1.</param>
    public static TimeSpan For(int failures, double jitter) => Ceiling(failures) * jitter;

    public static TimeSpan Ceiling(int failures) => failures >= 6 ? Longest : TimeSpan.FromTicks(Math.Min(First.Ticks << failures, Longest.Ticks));
}
