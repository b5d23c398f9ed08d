using PocketCoder.Daemon.Features.Projects;

namespace PocketCoder.Daemon.Features.Files.Watching;

/// <summary>A project, where its changes go, and what is wrong with watching it.</summary>
internal sealed class WatchedProject(Project project, ChangeFeed feed)
{
    private volatile WatchProblem _problem;

    public string Name => project.Name;

    public string Path => project.Path;

    public ChangeFeed Feed => feed;

    public WatchProblem Problem
    {
        get => _problem;
        set => _problem = value;
    }
}

internal enum WatchProblem
{
    None,
    DirectoryGone,
    NoMoreWatches,
    NoMoreInstances,
}

/// <summary>What the system offers to watch directories with.</summary>
internal interface ITreeWatcher : IAsyncDisposable
{
    void Watch(WatchedProject project);

    void Forget(WatchedProject project);
}
