using PocketCoder.Protocol;
using PocketCoder.Storage;

namespace PocketCoder.Daemon.Features.Projects;

/// <summary>A registered directory.</summary>
internal sealed record Project(string ProjectId, string Name, string Path, DateTimeOffset? LastOpenedAt, long LastFsSeq);

/// <summary>The projects of this machine. A path is registered once, by its real name.</summary>
internal sealed class ProjectStore(Database database, TimeProvider time)
{
    public IReadOnlyList<Project> All() => database.Read(connection => connection.Query("""
        SELECT project_id, name, path, last_opened_at, coalesce(last_seq, 0)
        FROM projects LEFT JOIN fs_state USING (project_id) ORDER BY name, path
        """, row => new Project(row.GetString(0), row.GetString(1), row.GetString(2), row.NullableTime(3), row.GetInt64(4))));

    /// <summary>The project of a request; <c>PROJECT_NOT_FOUND</c> when there is none.</summary>
    public Project Require(string? projectId) =>
        Find(projectId)
        ?? throw new RequestException(ErrorCode.ProjectNotFound, "This project is not registered on the machine. Register it with: pocketcoder add PATH");

    public Project? Find(string? projectId) => All().FirstOrDefault(p => p.ProjectId == projectId);

    /// <summary>Registers a directory, or finds it when it is registered.</summary>
    public async Task<Project> AddAsync(string path)
    {
        var real = RealDirectory(path);
        await database.WriteAsync(connection => connection.Execute(
            "INSERT INTO projects (project_id, name, path, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT (path) DO NOTHING",
            Guid.NewGuid().ToString(), NameOf(real), real, time.GetUtcNow()));
        return All().First(p => p.Path == real);
    }

    /// <summary>False when there is no such project.</summary>
    public Task<bool> RemoveAsync(string projectId) => database.WriteAsync(connection =>
        connection.Execute("DELETE FROM projects WHERE project_id = $1", projectId) > 0);

    public Task OpenedAsync(string projectId) => database.WriteAsync(connection =>
        connection.Execute("UPDATE projects SET last_opened_at = $2 WHERE project_id = $1", projectId, time.GetUtcNow()));

    /// <summary>The number of the project's next <c>fs_changed</c>, on disk when the task ends; null when the project is gone.</summary>
    public Task<long?> NextFsSeqAsync(string projectId) => database.WriteAsync(connection => connection.Query("""
        INSERT INTO fs_state (project_id, last_seq) SELECT project_id, 1 FROM projects WHERE project_id = $1
        ON CONFLICT (project_id) DO UPDATE SET last_seq = last_seq + 1 RETURNING last_seq
        """, row => (long?)row.GetInt64(0), projectId).FirstOrDefault());

    private static string NameOf(string path) => Path.GetFileName(path) is { Length: > 0 } name ? name : path;

    // One directory, one project: links are followed before the path is kept.
    private static string RealDirectory(string path)
    {
        var full = Path.GetFullPath(path);
        if (!Directory.Exists(full))
        {
            throw new DirectoryNotFoundException($"There is no directory {full}.");
        }

        // A link's target may lie behind links itself, so the walk begins anew with it. The directory is there: this ends.
        var (real, rest) = (Path.GetPathRoot(full)!, Parts(full));
        while (rest.TryPop(out var part))
        {
            var next = Path.Combine(real, part);
            if (new DirectoryInfo(next).ResolveLinkTarget(returnFinalTarget: false)?.FullName is not { } target)
            {
                real = next;
                continue;
            }

            real = Path.GetPathRoot(target)!;
            foreach (var above in Parts(Path.GetFullPath(target)).Reverse())
            {
                rest.Push(above);
            }
        }

        return Path.TrimEndingDirectorySeparator(real);

        static Stack<string> Parts(string path) =>
            new(path[Path.GetPathRoot(path)!.Length..].Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries).Reverse());
    }
}
