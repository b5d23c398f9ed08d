using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using PocketCoder.Daemon.Features.Git;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Files.Search;

/// <summary>The files that a search looks at: what git does not ignore; for text, when ripgrep is there, only those that hold it.</summary>
internal static class SearchCandidates
{
    /// <summary>Test seam: the name of the program.</summary>
    internal static string Ripgrep { get; set; } = "rg";

    // Where there is no git to say what is not worth reading; the same that the watcher leaves out.
    private static readonly string[] Ignored = ["node_modules", ".git", "dist", "build", ".next"];

    public static IAsyncEnumerable<string> Of(ProjectTree tree, string root, FsSearchRequest request, CancellationToken cancellationToken)
    {
        // Refuses what leads out before another program gets to see it.
        var below = request.Path ?? "";
        tree.List(below);
        return request.Kind == FsSearchKind.Text ? HoldingAsync(tree, root, below, request, cancellationToken) : AllAsync(tree, root, below, cancellationToken);
    }

    private static async IAsyncEnumerable<string> AllAsync(ProjectTree tree, string root, string below, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var listed = IsInRepository(root)
            ? await HardenedGit.RunReadOnlyAsync(root, ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate", "--", below.Length == 0 ? "." : below], cancellationToken)
            : null;
        foreach (var path in listed is { ExitCode: 0 } ? listed.Output.Split('\0', StringSplitOptions.RemoveEmptyEntries) : Walk(tree, below))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return path;
        }
    }

    private static async IAsyncEnumerable<string> HoldingAsync(
        ProjectTree tree, string root, string below, FsSearchRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (StartRipgrep(root, below, request) is not { } ripgrep)
        {
            await foreach (var path in AllAsync(tree, root, below, cancellationToken))
            {
                yield return path;
            }

            yield break;
        }

        using (ripgrep)
        {
            using var stop = cancellationToken.Register(ripgrep.Kill);
            var errors = ripgrep.StandardError.BaseStream.CopyToAsync(Stream.Null, cancellationToken);
            List<byte> name = [];
            var buffer = new byte[16 * 1024];
            for (int count; (count = await ripgrep.StandardOutput.BaseStream.ReadAsync(buffer, cancellationToken)) > 0;)
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
    }

    // --no-config: a file that RIPGREP_CONFIG_PATH names could make it run a program on each file.
    private static Process? StartRipgrep(string root, string below, FsSearchRequest request)
    {
        ProcessStartInfo start = new(Ripgrep)
        {
            WorkingDirectory = root,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        string[] ignored = IsInRepository(root) ? [".git"] : Ignored;
        foreach (var argument in (string[])[
            "--no-config", "--files-with-matches", "--null", "--fixed-strings", request.CaseSensitive == true ? "--case-sensitive" : "--ignore-case",
            "--hidden", "--no-messages", .. ignored.Select(name => $"--glob=!{name}"), "--regexp", request.Query, "--", below.Length == 0 ? "./" : "./" + below])
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
            // Not installed: slower, with the same result.
            return null;
        }
    }

    private static IEnumerable<string> Walk(ProjectTree tree, string below)
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
                else if (child.Kind == FsEntryKind.Directory && !Ignored.Contains(child.Name))
                {
                    directories.Push(child.Path);
                }
            }
        }
    }

    private static bool IsInRepository(string root)
    {
        for (var directory = root; directory is not null; directory = Path.GetDirectoryName(directory))
        {
            if (Path.Exists(Path.Combine(directory, ".git")))
            {
                return true;
            }
        }

        return false;
    }
}
