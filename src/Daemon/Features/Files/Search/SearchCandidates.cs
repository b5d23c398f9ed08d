using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using PocketCoder.Daemon.Features.Files.Watching;
using PocketCoder.Daemon.Features.Git;
using PocketCoder.Daemon.Features.Projects;
using PocketCoder.Daemon.Processes;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Files.Search;

/// <summary>The files that a search looks at: what git does not ignore; for text, when ripgrep is there, only those that hold it.</summary>
internal sealed class SearchCandidates(ProjectTree tree, GitFiles git, Project project)
{
    /// <summary>Test seam: the name of the program.</summary>
    internal static string Ripgrep { get; set; } = "rg";

    public IAsyncEnumerable<string> Of(FsSearchRequest request, CancellationToken cancellationToken)
    {
        // Refuses what leads out before another program gets to see it.
        var below = request.Path ?? "";
        tree.OpenDirectory(below).Dispose();
        return request.Kind == FsSearchKind.Text ? HoldingAsync(below, request, cancellationToken) : AllAsync(below, cancellationToken);
    }

    private async IAsyncEnumerable<string> AllAsync(string below, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var path in await git.ListAsync(project, below, cancellationToken) ?? Walk(below))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return path;
        }
    }

    private async IAsyncEnumerable<string> HoldingAsync(string below, FsSearchRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // ripgrep leaves out what a .gitignore names though it is tracked; git does not.
        var tracked = await git.TrackedThoughIgnoredAsync(project, below, cancellationToken);
        if (StartRipgrep(below, request, inRepository: tracked is not null) is not { } ripgrep)
        {
            await foreach (var path in AllAsync(below, cancellationToken))
            {
                yield return path;
            }

            yield break;
        }

        using (ripgrep)
        {
            using var stop = cancellationToken.Register(ripgrep.Kill);
            // The process does not close what was taken from it as a stream.
            using var output = ripgrep.StandardOutput.BaseStream;
            using var error = ripgrep.StandardError.BaseStream;
            var errors = error.CopyToAsync(Stream.Null, cancellationToken);
            List<byte> name = [];
            var buffer = new byte[16 * 1024];
            for (int count; (count = await output.ReadAsync(buffer, cancellationToken)) > 0;)
            {
                for (var i = 0; i < count; i++)
                {
                    if (buffer[i] != 0)
                    {
                        name.Add(buffer[i]);
                        continue;
                    }

                    var path = RawName.ToText(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(name));
                    name.Clear();
                    yield return path.StartsWith("./", StringComparison.Ordinal) ? path[2..] : path;
                }
            }

            await errors;
            await ripgrep.WaitForExitAsync(cancellationToken);
        }

        foreach (var path in tracked ?? [])
        {
            yield return path;
        }
    }

    // --no-config: a file that RIPGREP_CONFIG_PATH names could make it run a program on each file.
    private Process? StartRipgrep(string below, FsSearchRequest request, bool inRepository)
    {
        if (Programs.Find(Ripgrep) is not { } program)
        {
            // Not installed: slower, with the same result.
            return null;
        }

        ProcessStartInfo start = new(program)
        {
            WorkingDirectory = project.Path,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        IReadOnlyList<string> ignored = inRepository ? [".git"] : IgnoredDirectories.Names;
        foreach (var argument in (string[])[
            "--no-config", "--files-with-matches", "--null", "--fixed-strings", request.CaseSensitive == true ? "--case-sensitive" : "--ignore-case",
            "--hidden", "--no-messages", "--no-ignore-dot", .. ignored.Select(name => $"--glob=!{name}/"), "--regexp", request.Query, "--", below.Length == 0 ? "./" : "./" + below])
        {
            start.ArgumentList.Add(argument);
        }

        try
        {
            var process = Process.Start(start)!;
            process.StandardInput.Close();
            return process;
        }
        catch (Win32Exception)
        {
            return null;
        }
    }

    private IEnumerable<string> Walk(string below)
    {
        Stack<string> directories = new([below]);
        while (directories.TryPop(out var directory))
        {
            IReadOnlyList<FsEntry> children;
            try
            {
                children = tree.List(directory).Children;
            }
            catch (RequestException)
            {
                // Gone meanwhile, or not ours to read.
                continue;
            }

            foreach (var child in children)
            {
                if (child.Kind == FsEntryKind.File)
                {
                    yield return child.Path;
                }
                else if (child.Kind == FsEntryKind.Directory && !IgnoredDirectories.Has(child.Name))
                {
                    directories.Push(child.Path);
                }
            }
        }
    }
}
