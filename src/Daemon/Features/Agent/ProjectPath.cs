namespace PocketCoder.Daemon.Features.Agent;

/// <summary>The paths of which agents speak.</summary>
internal static class ProjectPath
{
    /// <summary>A path as the project knows it, where it lies inside.</summary>
    public static string Relative(string path, string cwd) =>
        path.StartsWith(cwd.TrimEnd('/') + "/", StringComparison.Ordinal) ? path[(cwd.TrimEnd('/').Length + 1)..] : path;
}
