using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Push;

/// <summary>When a device is not to be disturbed.</summary>
internal static class QuietTime
{
    private const int Day = 24 * 60;

    public static bool IsValid(QuietHours quiet) =>
        quiet is { From: >= 0 and < Day, To: >= 0 and < Day, UtcOffset: >= -14 * 60 and <= 14 * 60 } && quiet.From != quiet.To;

    /// <summary>How long it is still quiet; zero when it is not.</summary>
    public static TimeSpan Left(QuietHours? quiet, DateTimeOffset now)
    {
        if (quiet is null)
        {
            return TimeSpan.Zero;
        }

        var local = now.ToOffset(TimeSpan.FromMinutes(quiet.UtcOffset)).TimeOfDay;
        var (from, to) = (TimeSpan.FromMinutes(quiet.From), TimeSpan.FromMinutes(quiet.To));
        var within = from < to ? local >= from && local < to : local >= from || local < to;
        return within ? (local < to ? to - local : to + TimeSpan.FromDays(1) - local) : TimeSpan.Zero;
    }
}
