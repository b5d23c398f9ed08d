using System.Collections.Concurrent;
using System.Runtime.Versioning;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace PocketCoder.Daemon.Features.Files.Watching;

/// <summary>
/// Watches all projects with one inotify instance, a watch a directory. One thread does everything (it reads events, walks what is new, and runs what
/// others post), so the trees need no lock. A directory is watched before it is read: what is created in between is seen twice, never missed.
/// Events come in their order, a walk is ahead of them; that does no harm, because an event that moves a directory makes us walk it again, and about
/// everything else the last event and the walk agree.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed partial class InotifyWatcher : ITreeWatcher
{
    private const InotifyMask Changes = InotifyMask.Create | InotifyMask.Delete | InotifyMask.MovedFrom | InotifyMask.MovedTo
        | InotifyMask.Modify | InotifyMask.Attributes | InotifyMask.CloseWrite;

    private const InotifyMask RootChanges = Changes | InotifyMask.DeleteSelf | InotifyMask.MoveSelf;
    private const int NoEntry = 2, AccessDenied = 13;

    // Each removed watch makes an event of its own; the queue has to be read in between.
    private const int ReleasedAtOnce = 512;
    private const int Everything = int.MaxValue;

    // What the system's queue holds, 16,384 events as a rule, must not be reached in one breath.
    private const int FewBytes = 16 * 1024;
    private static readonly TimeSpan Breath = TimeSpan.FromMilliseconds(2);

    private static readonly TimeSpan CheckInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RescanInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan TryAgainInterval = TimeSpan.FromMinutes(10);

    private readonly Inotify _inotify = new();
    private readonly ConcurrentQueue<Action> _posted = new();
    private readonly Dictionary<WatchedProject, WatchedTree> _trees = [];
    private readonly Dictionary<int, WatchedDirectory> _byWatch = [];
    private readonly Stack<WatchedDirectory> _released = new();
    private readonly SemaphoreSlim _pollTurn = new(1);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ITimer _checks;
    private bool _stopping, _lost;
    private long _rescannedAt;

    public InotifyWatcher(TimeProvider time, ILogger logger)
    {
        (_time, _logger) = (time, logger);
        _checks = time.CreateTimer(_ => Post(Check), null, CheckInterval, CheckInterval);
        new Thread(Run) { IsBackground = true, Name = "inotify" }.Start();
    }

    public void Watch(WatchedProject project) => Post(() => Start(_trees[project] = new WatchedTree(project)));

    public void Forget(WatchedProject project) => Post(() =>
    {
        if (_trees.Remove(project, out var tree))
        {
            StopWatching(tree);
            StopPolling(tree);
        }
    });

    /// <summary>Runs on the thread that owns the trees.</summary>
    internal void Post(Action work)
    {
        _posted.Enqueue(work);
        _inotify.Ring();
    }

    public async ValueTask DisposeAsync()
    {
        await _checks.DisposeAsync();
        Post(() => _stopping = true);
        await _ended.Task;
        foreach (var tree in _trees.Values)
        {
            StopPolling(tree);
        }

        _inotify.Dispose();
    }

    private void Run()
    {
        while (!_stopping)
        {
            try
            {
                var read = _inotify.Read(wait: _released.Count == 0 && _posted.IsEmpty);
                InotifyEvents events = new(read);
                while (events.MoveNext())
                {
                    Handle(events.Watch, events.Mask, events.Name);
                }

                while (_posted.TryDequeue(out var work))
                {
                    work();
                }

                Release(ReleasedAtOnce);
                if (read.Length is > 0 and < FewBytes)
                {
                    // A file that is written without end would wake us for each write; the system folds equal events that wait together into one.
                    Thread.Sleep(Breath);
                }
            }
            catch (Exception ex)
            {
                // A bug, or no memory. What the trees say may be wrong now: the next check walks them again.
                LogFailed(ex);
                _lost = true;
            }
        }

        _ended.SetResult();
    }

    private void Handle(int watch, InotifyMask mask, ReadOnlySpan<byte> name)
    {
        if (mask.HasFlag(InotifyMask.Overflow))
        {
            LogOverflow();
            Rescan();
        }
        else if (_byWatch.TryGetValue(watch, out var directory))
        {
            if (mask.HasFlag(InotifyMask.Ignored))
            {
                _byWatch.Remove(watch);
            }

            // The same directory may be in several projects.
            for (WatchedDirectory? next; directory is not null; directory = next)
            {
                next = directory.SameWatch;
                if (directory.FindTree() is { } tree)
                {
                    Apply(tree, directory, mask, name);
                }
            }
        }
    }

    private void Apply(WatchedTree tree, WatchedDirectory directory, InotifyMask mask, ReadOnlySpan<byte> name)
    {
        if (name.IsEmpty)
        {
            if (mask.HasFlag(InotifyMask.Unmount) || (directory == tree.Root && (mask & (InotifyMask.DeleteSelf | InotifyMask.MoveSelf)) != 0))
            {
                CheckRoot(tree, anew: mask.HasFlag(InotifyMask.Unmount));
            }

            return;
        }

        var isDirectory = mask.HasFlag(InotifyMask.IsDirectory);
        if (isDirectory && IgnoredDirectories.Has(name))
        {
            return;
        }

        // What is there is looked up where the event alone does not say: in a new directory there may be more; two names that are exchanged both
        // read as moved away at the end; a directory that could not be read may be readable now.
        if ((mask & InotifyMask.MovedFrom) != 0 || (isDirectory && (mask & (InotifyMask.Create | InotifyMask.MovedTo)) != 0))
        {
            Look(tree, directory, name, wasDirectory: isDirectory);
        }
        else if ((mask & InotifyMask.Delete) != 0)
        {
            Vanish(tree, directory, name, isDirectory);
        }
        else if (!isDirectory)
        {
            if (!IsUnnamed(tree, directory, name))
            {
                Appear(tree, directory, name, isDirectory: false);
            }
        }
        else if ((mask & InotifyMask.Attributes) != 0 && directory.Find(name) is null)
        {
            Look(tree, directory, name, wasDirectory: true);
        }
    }

    // A file that has no name yet (O_TMPFILE) is told of as "#" and its inode's number.
    private static bool IsUnnamed(WatchedTree tree, WatchedDirectory directory, ReadOnlySpan<byte> name)
    {
        if (name[0] != '#' || name[1..].IndexOfAnyExceptInRange((byte)'0', (byte)'9') >= 0)
        {
            return false;
        }

        using var parent = Open(tree, directory);
        return parent is null || Native.StatusOf(parent, name.ToArray()) is null;
    }

    /// <summary>Makes the tree and the clients' trees right about one name, from what is there.</summary>
    private void Look(WatchedTree tree, WatchedDirectory directory, ReadOnlySpan<byte> name, bool wasDirectory)
    {
        var bytes = name.ToArray();
        var error = NoEntry;
        using var parent = Open(tree, directory);
        using var handle = parent is null ? null : Directories.Open(parent, bytes, out error);
        if (error == NoEntry || (handle is not null && IgnoredDirectories.Has(name)))
        {
            Vanish(tree, directory, name, wasDirectory);
            return;
        }

        var known = directory.Find(name);
        var watch = handle is null || directory.Depth == Directories.MaxDepth ? 0 : AddWatch(handle, Changes);
        if (known is not null && known.Watch == watch)
        {
            // Watched since before it was last read: whatever changed in it has events of its own.
            return;
        }

        var isDirectory = handle is not null || error == AccessDenied;
        if (known is not null || wasDirectory != isDirectory)
        {
            Vanish(tree, directory, name, wasDirectory);
        }

        Appear(tree, directory, name, isDirectory);
        if (IsExhausted(watch))
        {
            Poll(tree, watch);
        }
        else if (watch > 0 && !Enter(tree, directory.AddChild(bytes), handle!, watch, report: true, out var failure))
        {
            Poll(tree, failure);
        }
    }

    private static void Appear(WatchedTree tree, WatchedDirectory directory, ReadOnlySpan<byte> name, bool isDirectory)
    {
        var existed = !directory.Names.Add(name);
        if (tree.Project.Feed.Truncated)
        {
            tree.Project.Feed.Truncate();
        }
        else
        {
            tree.Project.Feed.Appeared(directory.PathOf(name), isDirectory, existed);
        }
    }

    private void Vanish(WatchedTree tree, WatchedDirectory directory, ReadOnlySpan<byte> name, bool wasDirectory)
    {
        directory.Names.Remove(name);
        if (directory.Find(name) is { } known)
        {
            wasDirectory = true;
            Detach(known);
        }

        if (tree.Project.Feed.Truncated)
        {
            tree.Project.Feed.Truncate();
        }
        else
        {
            tree.Project.Feed.Vanished(directory.PathOf(name), wasDirectory);
        }
    }

    /// <summary>Watches a whole project. When it was watched before, it is walked anew and its watches stay.</summary>
    private void Start(WatchedTree tree)
    {
        StopWatching(tree);
        using var handle = Directories.OpenRoot(tree.Project.Path);
        if (handle is null)
        {
            StopPolling(tree);
            (tree.Project.Problem, tree.Exhausted) = (WatchProblem.DirectoryGone, default);
            tree.Project.Feed.End();
            return;
        }

        var failure = AddWatch(handle, RootChanges);
        if (failure > 0)
        {
            tree.Root = new WatchedDirectory(null, []) { Tree = tree };
            if (Enter(tree, tree.Root, handle, failure, report: false, out failure))
            {
                StopPolling(tree);
                tree.Project.Problem = WatchProblem.None;
                tree.Project.Feed.Begin();
                return;
            }
        }

        Poll(tree, failure);
    }

    /// <summary>Reads a directory that is watched, and all below it. False, and why, when the watches run out.</summary>
    private bool Enter(WatchedTree tree, WatchedDirectory directory, SafeFileHandle handle, int watch, bool report, out int failure)
    {
        failure = 0;
        directory.Watch = watch;
        directory.SameWatch = _byWatch.GetValueOrDefault(watch);
        _byWatch[watch] = directory;

        List<WatchedDirectory> subdirectories = [];
        foreach (var entry in DirectoryReader.Read(handle))
        {
            var isDirectory = entry.Kind == FileKind.Directory;
            if (isDirectory && IgnoredDirectories.Has(entry.Name))
            {
                continue;
            }

            if (isDirectory)
            {
                subdirectories.Add(new WatchedDirectory(directory, entry.Name));
            }

            if (report)
            {
                Appear(tree, directory, entry.Name, isDirectory);
            }
            else
            {
                directory.Names.Add(entry.Name);
            }
        }

        var watched = 0;
        for (var i = 0; i < subdirectories.Count && failure == 0 && directory.Depth < Directories.MaxDepth; i++)
        {
            var subdirectory = subdirectories[i];
            using var child = Directories.Open(handle, subdirectory.Name, out _);
            var childWatch = child is null ? 0 : AddWatch(child, Changes);
            if (IsExhausted(childWatch))
            {
                failure = childWatch;
            }
            else if (childWatch > 0)
            {
                subdirectories[watched++] = subdirectory;
                Enter(tree, subdirectory, child!, childWatch, report, out failure);
            }
        }

        // The others cannot be read, or are gone again.
        subdirectories.RemoveRange(watched, subdirectories.Count - watched);
        directory.AddChildren(subdirectories);
        return failure == 0;
    }

    // By names from the root: a handle kept open would keep a disk from being unmounted.
    private static SafeFileHandle? Open(WatchedTree tree, WatchedDirectory directory)
    {
        if (directory.Parent is not { } parent)
        {
            return Directories.OpenRoot(tree.Project.Path);
        }

        using var above = Open(tree, parent);
        return above is null ? null : Directories.Open(above, directory.Name, out _);
    }

    private int AddWatch(SafeFileHandle directory, InotifyMask mask)
    {
        var watch = _inotify.Add(directory, mask);
        if (IsExhausted(watch) && _released.Count > 0)
        {
            Release(Everything);
            watch = _inotify.Add(directory, mask);
        }

        return watch;
    }

    private static bool IsExhausted(int watch) => watch is Inotify.NoSpace or Inotify.OutOfMemory or Inotify.TooManyOpenFiles or Inotify.TooManyFilesInSystem;

    private void StopWatching(WatchedTree tree)
    {
        if (tree.Root is { } root)
        {
            tree.Root = null;
            Detach(root);
        }
    }

    // Its watches go later: a directory that is only moved takes them along.
    private void Detach(WatchedDirectory directory)
    {
        directory.Detach();
        _released.Push(directory);
    }

    private void Release(int most)
    {
        for (; most > 0 && _released.TryPop(out var directory); most--)
        {
            foreach (var child in directory.Children)
            {
                _released.Push(child);
            }

            Unbind(directory);
        }
    }

    private void Unbind(WatchedDirectory directory)
    {
        if (!_byWatch.TryGetValue(directory.Watch, out var at))
        {
            return;
        }

        if (at != directory)
        {
            while (at.SameWatch is { } next && next != directory)
            {
                at = next;
            }

            at.SameWatch = directory.SameWatch;
        }
        else if (directory.SameWatch is { } other)
        {
            _byWatch[directory.Watch] = other;
        }
        else
        {
            _byWatch.Remove(directory.Watch);
            _inotify.Remove(directory.Watch);
        }
    }

    private void Poll(WatchedTree tree, int failure)
    {
        StopWatching(tree);
        tree.Exhausted = (Limits(), _time.GetTimestamp());
        tree.Project.Problem = failure is Inotify.TooManyOpenFiles or Inotify.TooManyFilesInSystem ? WatchProblem.NoMoreInstances : WatchProblem.NoMoreWatches;
        tree.Poller ??= new Poller(tree.Project, Post, () => Start(tree), _pollTurn, _time);
    }

    private static void StopPolling(WatchedTree tree)
    {
        tree.Poller?.Dispose();
        tree.Poller = null;
    }

    private void Rescan()
    {
        // More than we can follow, perhaps for long: the check does it then.
        _lost = _time.GetElapsedTime(_rescannedAt) < RescanInterval;
        if (!_lost)
        {
            _rescannedAt = _time.GetTimestamp();
            foreach (var tree in _trees.Values.Where(t => t.Root is not null))
            {
                Start(tree);
            }
        }
    }

    private void Check()
    {
        if (_lost)
        {
            Rescan();
        }

        foreach (var tree in _trees.Values)
        {
            if (tree.Root is not null)
            {
                CheckRoot(tree, anew: false);
            }
            else if (tree.Poller is null || tree.Exhausted.Limits != Limits() || _time.GetElapsedTime(tree.Exhausted.At) > TryAgainInterval)
            {
                Start(tree);
            }
        }
    }

    /// <summary>Is the directory that is watched still the one that the project's path leads to?</summary>
    private void CheckRoot(WatchedTree tree, bool anew)
    {
        using var handle = Directories.OpenRoot(tree.Project.Path);
        if (anew || handle is null || AddWatch(handle, RootChanges) != tree.Root?.Watch)
        {
            Start(tree);
        }
    }

    // As this process' user namespace has them, which in a container may be less than the machine's.
    private static string Limits()
    {
        try
        {
            return File.ReadAllText("/proc/sys/user/max_inotify_watches") + File.ReadAllText("/proc/sys/user/max_inotify_instances");
        }
        catch (IOException)
        {
            return "";
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "More changed than the system's queue of file events holds; the projects are walked again")]
    private partial void LogOverflow();

    [LoggerMessage(Level = LogLevel.Error, Message = "The file watcher failed; the projects are walked again")]
    private partial void LogFailed(Exception exception);
}
