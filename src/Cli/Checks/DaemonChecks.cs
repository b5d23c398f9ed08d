using System.Net;
using System.Net.Sockets;
using Microsoft.Data.Sqlite;
using PocketCoder.Daemon;
using PocketCoder.Daemon.ControlPlane;
using PocketCoder.Protocol;
using PocketCoder.Storage;

namespace PocketCoder.Cli.Checks;

/// <summary>The daemon, its port, and the files that it keeps.</summary>
internal static class DaemonChecks
{
    /// <summary>The check, and what the daemon says of itself; null when none answers.</summary>
    public static async Task<(DoctorCheck Check, DaemonStatusReport? Status)> RunningAsync(CliContext cli, CancellationToken cancellationToken)
    {
        const string name = "daemon";
        try
        {
            return await cli.Daemon.StatusAsync(cancellationToken) is { } status
                ? (new DoctorCheck(name, CheckState.Ok, $"runs as process {status.Pid}, version {status.Version}"), status)
                : (new DoctorCheck(name, CheckState.Warning, "is not running" + PortNote(), "pocketcoder start (or, with a relay of its own: pocketcoder up)"), null);
        }
        catch (CommandException unreachable)
        {
            return (new DoctorCheck(name, CheckState.Failed, unreachable.Message), null);
        }
    }

    /// <summary>Nobody but the owner reads or writes them.</summary>
    public static DoctorCheck Files(DaemonPaths paths)
    {
        const string name = "files";
        if (ConfigDirectory.Unusable(paths.Root) is { } reason)
        {
            return new DoctorCheck(name, CheckState.Failed, reason);
        }

        if (!OperatingSystem.IsWindows() && ConfigDirectory.OpenToOthers(paths) is [var (path, mode), ..] open)
        {
            return new DoctorCheck(
                name, CheckState.Failed, $"{open.Count} of {paths.Root} can be used by others, such as {Path.GetFileName(path)} ({Convert.ToString((int)mode, 8)})",
                $"chmod go-rwx {string.Join(' ', open.Select(found => Quoted(found.Path)))}");
        }

        return new DoctorCheck(name, CheckState.Ok, $"{paths.Root} is yours alone");
    }

    /// <summary>The registered directories, read without a daemon.</summary>
    public static IReadOnlyList<string> ProjectPaths(DaemonPaths paths)
    {
        if (!File.Exists(paths.Database))
        {
            return [];
        }

        try
        {
            using SqliteConnection connection = new(new SqliteConnectionStringBuilder { DataSource = paths.Database, Mode = SqliteOpenMode.ReadOnly, Pooling = false }.ToString());
            connection.Open();
            return connection.Query("SELECT path FROM projects", row => row.GetString(0));
        }
        catch (SqliteException)
        {
            // Damaged: the daemon sets it aside when it starts.
            return [];
        }
    }

    private static string PortNote()
    {
        using Socket probe = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            probe.Bind(new IPEndPoint(IPAddress.Loopback, ControlPlaneServer.DefaultPort));
            return "";
        }
        catch (SocketException)
        {
            return $"; port {ControlPlaneServer.DefaultPort} is taken, so it will take the next free one";
        }
    }

    private static string Quoted(string path) => $"'{path.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
