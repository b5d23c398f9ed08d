using System.Globalization;
using PocketCoder.Daemon;
using PocketCoder.Daemon.Features.Files.Watching;
using PocketCoder.Protocol;

namespace PocketCoder.Cli.Checks;

/// <summary>What the operating system has left for us.</summary>
internal static class MachineChecks
{
    private const long MegaByte = 1024 * 1024;

    public static DoctorCheck Disk(DaemonPaths paths)
    {
        const string name = "disk";
        const string action = "Make room: the daemon keeps sessions and its log there, and stops taking messages when it cannot.";
        var existing = paths.Root;
        while (!Directory.Exists(existing) && Path.GetDirectoryName(existing) is { } parent)
        {
            existing = parent;
        }

        var free = new DriveInfo(existing).AvailableFreeSpace / MegaByte;
        var message = $"{free.ToString("N0", CultureInfo.InvariantCulture)} MB are free for {paths.Root}";
        return free switch
        {
            < 100 => new DoctorCheck(name, CheckState.Failed, message, action),
            < 1024 => new DoctorCheck(name, CheckState.Warning, message, action),
            _ => new DoctorCheck(name, CheckState.Ok, message),
        };
    }

    /// <summary>A watch a directory, so the projects must not have more of them than the system gives.</summary>
    public static DoctorCheck Inotify(IEnumerable<string> projects)
    {
        const string name = "inotify";
        if (Limit("max_user_watches") is not { } watches || Limit("max_user_instances") is not { } instances)
        {
            return new DoctorCheck(name, CheckState.Warning, "the system's limits cannot be read");
        }

        // Counting on beyond the limit would only take longer.
        var needed = projects.Where(Directory.Exists).SelectMany(Directories).Take(watches + 1).Count();
        return (needed, instances) switch
        {
            _ when needed > watches => new DoctorCheck(
                name, CheckState.Warning, $"the projects have more than the {watches} directories that the system lets one user watch; the rest is polled",
                FileWatcher.MoreWatches + " (to keep it: a line in /etc/sysctl.d/90-inotify.conf)"),
            (_, < 16) => new DoctorCheck(
                name, CheckState.Warning, $"the system gives one user only {instances} inotify instances",
                FileWatcher.MoreInstances + " (to keep it: a line in /etc/sysctl.d/90-inotify.conf)"),
            _ => new DoctorCheck(name, CheckState.Ok, $"{needed} of {watches} watches needed"),
        };
    }

    private static IEnumerable<string> Directories(string root)
    {
        Stack<string> waiting = new([root]);
        EnumerationOptions options = new() { IgnoreInaccessible = true, AttributesToSkip = FileAttributes.ReparsePoint };
        while (waiting.TryPop(out var directory))
        {
            yield return directory;
            foreach (var child in Directory.EnumerateDirectories(directory, "*", options))
            {
                if (!IgnoredDirectories.Has(Path.GetFileName(child)))
                {
                    waiting.Push(child);
                }
            }
        }
    }

    private static int? Limit(string name)
    {
        try
        {
            return int.Parse(File.ReadAllText("/proc/sys/fs/inotify/" + name), CultureInfo.InvariantCulture);
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException or FormatException or OverflowException)
        {
            return null;
        }
    }
}
