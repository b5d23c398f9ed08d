namespace PocketCoder.Daemon.Features.Files.Watching;

/// <summary>
/// Watches with what .NET has, where there is no inotify. Its own losses and a directory that went away end in the same as everywhere: a watch that
/// begins anew, and clients that list again.
/// </summary>
internal sealed class SystemWatcher : ITreeWatcher
{
    private static readonly TimeSpan CheckInterval = TimeSpan.FromSeconds(5);
    private static readonly EnumerationOptions Everything = new() { AttributesToSkip = 0, IgnoreInaccessible = true };

    private readonly Lock _gate = new();
    private readonly Dictionary<WatchedProject, FileSystemWatcher> _watchers = [];
    private readonly HashSet<WatchedProject> _projects = [];
    private readonly ITimer _checks;

    public SystemWatcher(TimeProvider time) => _checks = time.CreateTimer(_ => Check(), null, CheckInterval, CheckInterval);

    public void Watch(WatchedProject project)
    {
        lock (_gate)
        {
            _projects.Add(project);
            Start(project);
        }
    }

    public void Forget(WatchedProject project)
    {
        lock (_gate)
        {
            _projects.Remove(project);
            Stop(project);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _checks.DisposeAsync();
        foreach (var project in _projects.ToList())
        {
            Forget(project);
        }
    }

    private void Start(WatchedProject project)
    {
        Stop(project);
        try
        {
            Begin(project);
            project.Problem = WatchProblem.None;
            project.Feed.Begin();
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException or ArgumentException)
        {
            // Gone, or not to be read; ArgumentException is how FileSystemWatcher says so. The next check tries again.
            Stop(project);
            project.Problem = WatchProblem.DirectoryGone;
            project.Feed.End();
        }
    }

    private void Begin(WatchedProject project)
    {
        FileSystemWatcher watcher = new(project.Path)
        {
            IncludeSubdirectories = true,
            InternalBufferSize = 64 * 1024,
            NotifyFilter = NotifyFilters.FileName | NotifyFilters.DirectoryName | NotifyFilters.LastWrite | NotifyFilters.Size,
        };
        watcher.Created += (_, e) => Appeared(project, e.FullPath, existed: false);
        watcher.Changed += (_, e) => Appeared(project, e.FullPath, existed: true);
        watcher.Deleted += (_, e) => Vanished(project, e.FullPath);
        watcher.Renamed += (_, e) =>
        {
            Vanished(project, e.OldFullPath);
            Appeared(project, e.FullPath, existed: false);
        };
        watcher.Error += (_, _) => Check(project);
        _watchers[project] = watcher;
        watcher.EnableRaisingEvents = true;
    }

    private void Stop(WatchedProject project)
    {
        if (_watchers.Remove(project, out var watcher))
        {
            watcher.Dispose();
        }
    }

    private void Check()
    {
        lock (_gate)
        {
            foreach (var project in _projects.Where(p => _watchers.ContainsKey(p) != Directory.Exists(p.Path)))
            {
                Start(project);
            }
        }
    }

    private void Check(WatchedProject project)
    {
        lock (_gate)
        {
            if (_projects.Contains(project))
            {
                Start(project);
            }
        }
    }

    private static void Appeared(WatchedProject project, string path, bool existed)
    {
        if (Relative(project, path) is not { } relative)
        {
            return;
        }

        try
        {
            // A directory's own change is what happened in it, which is told by itself.
            var isDirectory = Directory.Exists(path) && (File.GetAttributes(path) & FileAttributes.ReparsePoint) == 0;
            if (!isDirectory || !existed)
            {
                project.Feed.Appeared(relative, isDirectory, existed);
            }

            foreach (var inside in isDirectory && !existed && !project.Feed.Truncated ? Directory.EnumerateFileSystemEntries(path, "*", Everything) : [])
            {
                Appeared(project, inside, existed: false);
            }
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            // It went away as it was looked at. On this thread, which is the system's, an exception would end the process; the clients list again.
            project.Feed.Truncate();
        }
    }

    // It is not known what it was. A directory's name is right for a file too.
    private static void Vanished(WatchedProject project, string path)
    {
        if (Relative(project, path) is { } relative)
        {
            project.Feed.Vanished(relative, wasDirectory: true);
        }
    }

    /// <summary>Null in an ignored directory.</summary>
    private static string? Relative(WatchedProject project, string path)
    {
        var relative = Path.GetRelativePath(project.Path, path).Replace(Path.DirectorySeparatorChar, '/');
        return relative.Split('/').Any(IgnoredDirectories.Has) ? null : relative;
    }
}
